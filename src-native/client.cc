#include "client.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "admin.h"
#include "blocking_calls.h"
#include "config.h"
#include "mock_cluster.h"
#include "produce.h"
#include "transaction.h"
#include "wake.h"

namespace seekafka {

namespace {

using Clock = std::chrono::steady_clock;

class ClientHandle : public Napi::ObjectWrap<ClientHandle> {
 public:
  static void Define(Napi::Env env, Napi::Object exports) {
    exports["Client"] =
        DefineClass(env, "Client",
                    {
                        InstanceMethod<&ClientHandle::ProduceMessages>("produce"),
                        InstanceMethod<&ClientHandle::Connect>("connect"),
                        InstanceMethod<&ClientHandle::ListTopics>("listTopics"),
                        InstanceMethod<&ClientHandle::Transact>("transact"),
                        InstanceMethod<&ClientHandle::Flush>("flush"),
                        InstanceMethod<&ClientHandle::Purge>("purge"),
                        InstanceMethod<&ClientHandle::Request<ListOffsets>>("listOffsets"),
                        InstanceMethod<&ClientHandle::Request<ListConsumerGroupOffsets>>("listConsumerGroupOffsets"),
                        InstanceMethod<&ClientHandle::Request<CreateTopics>>("createTopics"),
                        InstanceMethod<&ClientHandle::Request<DeleteTopics>>("deleteTopics"),
                        InstanceMethod<&ClientHandle::Request<CreatePartitions>>("createPartitions"),
                        InstanceMethod<&ClientHandle::Request<DescribeTopics>>("describeTopics"),
                        InstanceMethod<&ClientHandle::Request<DeleteRecords>>("deleteRecords"),
                        InstanceMethod<&ClientHandle::MockStart>("mockStart"),
                        InstanceMethod<&ClientHandle::Mock>("mock"),
                        InstanceMethod<&ClientHandle::Drain>("drain"),
                        InstanceMethod<&ClientHandle::Ref>("ref"),
                        InstanceMethod<&ClientHandle::Unref>("unref"),
                        InstanceMethod<&ClientHandle::Close>("close"),
                        InstanceMethod<&ClientHandle::Release>("release"),
                    });
  }

  // new Client(config pairs, onWake)
  explicit ClientHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ClientHandle>(info) {
    const auto env = info.Env();
    rk_ = NewHandle(env, RD_KAFKA_PRODUCER, ToPairs(info[0]),
                    RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
    if (const auto code = rd_kafka_set_log_queue(rk_, nullptr)) {
      rd_kafka_destroy(rk_);
      rk_ = nullptr;
      throw Napi::Error::New(env, std::string("the client's log queue could not be set up: ") + rd_kafka_err2str(code));
    }
    events_.reset(rd_kafka_queue_get_main(rk_));
    wake_ = std::make_unique<Wake>(env, info[1].As<Napi::Function>(), "seekafka client");
    // Called by librdkafka's threads with the queue's lock held.
    rd_kafka_queue_cb_event_enable(
        events_.get(), [](rd_kafka_t*, void* wake) { static_cast<Wake*>(wake)->Signal(); }, wake_.get());
    wake_->Signal();  // what came before the callback was in place
    // After the thread-safe function, so that this hook runs before its own.
    napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  }

  ~ClientHandle() override { Shutdown(true); }

 private:
  static void OnEnvironmentEnd(void* self) { static_cast<ClientHandle*>(self)->Shutdown(false); }

  void Shutdown(bool remove_hook) {
    if (!wake_) return;
    abort_ = true;
    if (closer_.joinable()) {
      closer_.join();  // it joins the helpers, and two must not
    } else {
      JoinHelpers();
      Destroy();
    }
    if (remove_hook) napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
    wake_->Close();
    wake_.reset();
  }

  // They look often whether they are to end.
  void JoinHelpers() {
    if (flusher_.joinable()) flusher_.join();
    calls_.Stop();
  }

  // On the JavaScript thread or on closer_, after which nothing else touches rk_.
  void Destroy() {
    rd_kafka_queue_cb_event_enable(events_.get(), nullptr, nullptr);
    topics_.Clear();
    events_.reset();
    if (mock_) rd_kafka_mock_cluster_destroy(mock_);
    rd_kafka_destroy(rk_);
  }

  // Between close() and the "closed" record the handle is another thread's.
  bool Gone() const { return !wake_ || closer_.joinable(); }

  static Napi::Value GoneError(Napi::Env env) { return ToJs(env, MakeError(RD_KAFKA_RESP_ERR__DESTROY)); }

  Napi::Value ProduceMessages(const Napi::CallbackInfo& info) {
    if (!Gone()) return Produce(info, rk_, topics_);
    auto out = Napi::Object::New(info.Env());
    out["accepted"] = 0;
    out["error"] = GoneError(info.Env());
    return out;
  }

  template <ErrorData (*Send)(const Napi::CallbackInfo&, rd_kafka_t*, rd_kafka_queue_t*)>
  Napi::Value Request(const Napi::CallbackInfo& info) {
    if (Gone()) return GoneError(info.Env());
    return ToJs(info.Env(), Send(info, rk_, events_.get()));
  }

  // connect(id, timeout ms): answers when a broker is connected, or the time is over. (Metadata of no topic, which
  // waits for a broker; other requests fail where there is none yet, and are tried again seconds later.)
  Napi::Value Connect(const Napi::CallbackInfo& info) {
    return Call(info, [this, limit = Milliseconds(info[1])](BlockingCalls::Reply& reply) {
      reply.error = Metadata(false, limit, 1600, [](const rd_kafka_metadata_t&) {});
    });
  }

  // listTopics(id, timeout ms): rows of names
  Napi::Value ListTopics(const Napi::CallbackInfo& info) {
    return Call(info, [this, limit = Milliseconds(info[1])](BlockingCalls::Reply& reply) {
      reply.error = Metadata(true, limit, 3000, [&reply](const rd_kafka_metadata_t& metadata) {
        for (int i = 0; i < metadata.topic_cnt; i++) reply.rows.push_back({metadata.topics[i].topic, -1, -1, {}});
      });
    });
  }

  ErrorData Metadata(bool all_topics, std::chrono::milliseconds limit, int longest_ms,
                     const std::function<void(const rd_kafka_metadata_t&)>& take) {
    return calls_.Retry(limit, 100, longest_ms, [&](int timeout_ms) {
      const rd_kafka_metadata_t* metadata = nullptr;
      const auto code = rd_kafka_metadata(rk_, all_topics ? 1 : 0, nullptr, &metadata, timeout_ms);
      if (code) return MakeError(code);
      take(*metadata);
      rd_kafka_metadata_destroy(metadata);
      return ErrorData{};
    });
  }

  // transact(id, what, ...): see transaction.h
  Napi::Value Transact(const Napi::CallbackInfo& info) {
    return Call(info,
                [this, step = TransactionStep(info)](BlockingCalls::Reply& reply) { reply.error = step(rk_, calls_); });
  }

  template <typename Work>
  Napi::Value Call(const Napi::CallbackInfo& info, Work work) {
    if (Gone()) return GoneError(info.Env());
    calls_.Start(info[0].As<Napi::Number>().Uint32Value(), std::move(work));
    return info.Env().Undefined();
  }

  static std::chrono::milliseconds Milliseconds(const Napi::Value& value) {
    return std::chrono::milliseconds(ToInt32(value));
  }

  // flush(timeout ms): sends without waiting for linger.ms. The facade knows from the delivery reports when all is
  // done. A flush while one runs makes that one longer.
  void Flush(const Napi::CallbackInfo& info) {
    if (Gone()) return;
    const auto until = Clock::now() + std::chrono::milliseconds(ToInt32(info[0]));
    if (until > flush_until_.load()) flush_until_ = until;
    if (flushing_.exchange(true)) return;
    if (flusher_.joinable()) flusher_.join();  // at its end: it cleared flushing_
    flusher_ = std::thread([this] {
      // In short steps, so that the end of the environment does not wait for the whole of it.
      while (Clock::now() < flush_until_.load() && !abort_) {
        if (rd_kafka_flush(rk_, 50) == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      }
      flushing_ = false;
    });
  }

  // Every message not delivered yet gets a delivery report that says so.
  Napi::Value Purge(const Napi::CallbackInfo& info) {
    if (Gone()) return GoneError(info.Env());
    return ToJs(info.Env(), MakeError(rd_kafka_purge(rk_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)));
  }

  Napi::Value MockStart(const Napi::CallbackInfo& info) {
    mock_ = rd_kafka_mock_cluster_new(rk_, ToInt32(info[0]));
    if (!mock_) return info.Env().Undefined();
    return Napi::String::New(info.Env(), rd_kafka_mock_cluster_bootstraps(mock_));
  }

  Napi::Value Mock(const Napi::CallbackInfo& info) {
    return Gone() || !mock_ ? GoneError(info.Env()) : ToJs(info.Env(), MockCall(info, mock_));
  }

  Napi::Value Drain(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    auto out = Napi::Array::New(env);
    if (!wake_) return out;
    wake_->Acknowledge();
    uint32_t index = 0;
    if (closed_) {
      auto item = Napi::Object::New(env);
      item["type"] = "closed";
      out[index++] = item;
      return out;
    }
    if (Gone()) return out;
    // In the order in which they came: the delivery reports of a transaction before the end of it.
    const auto replies = calls_.TakeReplies();
    while (auto* raw = rd_kafka_queue_poll(events_.get(), 0)) {
      const Rd<rd_kafka_event_t> event(raw);
      const auto item = ToRecord(env, raw);
      if (!item.IsUndefined()) out[index++] = item;
    }
    for (const auto& reply : replies) out[index++] = ReplyToJs(env, reply.id, reply.error, reply.rows);
    return out;
  }

  Napi::Value ToRecord(Napi::Env env, rd_kafka_event_t* event) {
    auto item = Napi::Object::New(env);
    switch (rd_kafka_event_type(event)) {
      case RD_KAFKA_EVENT_DR:
        return DeliveryReports(env, event);
      case RD_KAFKA_EVENT_ERROR: {
        item["type"] = "error";
        auto code = rd_kafka_event_error(event);
        auto error = MakeError(code, rd_kafka_event_error_string(event));
        if (rd_kafka_event_error_is_fatal(event) || code == RD_KAFKA_RESP_ERR__FATAL) {
          char reason[512] = "";
          code = rd_kafka_fatal_error(rk_, reason, sizeof reason);
          error = MakeError(code ? code : RD_KAFKA_RESP_ERR__FATAL, reason);
          error.fatal = true;
        }
        item["error"] = ToJs(env, error);
        return item;
      }
      case RD_KAFKA_EVENT_LOG: {
        const char* facility = nullptr;
        const char* text = nullptr;
        int level = 0;
        if (rd_kafka_event_log(event, &facility, &text, &level)) return env.Undefined();
        item["type"] = "log";
        item["text"] = std::to_string(level) + " " + facility + " " + text;
        return item;
      }
      case RD_KAFKA_EVENT_STATS:
        item["type"] = "stats";
        item["text"] = rd_kafka_event_stats(event);
        return item;
      default:
        return AdminReply(env, event);
    }
  }

  void Ref(const Napi::CallbackInfo&) {
    if (wake_) wake_->Ref();
  }

  void Unref(const Napi::CallbackInfo&) {
    if (wake_) wake_->Unref();
  }

  // Destroys the handle on a thread of its own (it joins librdkafka's threads); a "closed" record tells the end.
  void Close(const Napi::CallbackInfo&) {
    if (!wake_ || closer_.joinable()) return;
    abort_ = true;
    closer_ = std::thread([this] {
      JoinHelpers();
      Destroy();
      closed_ = true;
      wake_->Signal();
    });
  }

  // release(wait ms): a client's end takes no longer than its connections need to be closed, so it is waited for.
  void Release(const Napi::CallbackInfo&) { Shutdown(true); }

  rd_kafka_t* rk_ = nullptr;
  Rd<rd_kafka_queue_t> events_;
  TopicHandles topics_;
  rd_kafka_mock_cluster_t* mock_ = nullptr;
  std::unique_ptr<Wake> wake_;
  BlockingCalls calls_{[this] { wake_->Signal(); }};
  std::thread flusher_;
  std::thread closer_;
  std::atomic<bool> flushing_{false};
  std::atomic<Clock::time_point> flush_until_{Clock::time_point{}};
  std::atomic<bool> abort_{false};
  std::atomic<bool> closed_{false};
};

}  // namespace

void DefineClient(Napi::Env env, Napi::Object exports) { ClientHandle::Define(env, exports); }

}  // namespace seekafka
