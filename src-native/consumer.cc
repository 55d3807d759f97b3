#include "consumer.h"

namespace seekafka {

namespace {

// How long the end of the environment waits for librdkafka to end.
constexpr std::chrono::milliseconds kPatience(1000);

// The JavaScript object. Every method runs on the JavaScript thread and returns at once.
class ConsumerHandle : public Napi::ObjectWrap<ConsumerHandle> {
 public:
  static void Define(Napi::Env env, Napi::Object exports) {
    exports["Consumer"] = DefineClass(env, "Consumer",
                                      {
                                          InstanceMethod<&ConsumerHandle::Subscribe>("subscribe"),
                                          InstanceMethod<&ConsumerHandle::Unsubscribe>("unsubscribe"),
                                          InstanceMethod<&ConsumerHandle::Assign>("assign"),
                                          InstanceMethod<&ConsumerHandle::Unassign>("unassign"),
                                          InstanceMethod<&ConsumerHandle::Seek>("seek"),
                                          InstanceMethod<&ConsumerHandle::Pause>("pause"),
                                          InstanceMethod<&ConsumerHandle::Resume>("resume"),
                                          InstanceMethod<&ConsumerHandle::Commit>("commit"),
                                          InstanceMethod<&ConsumerHandle::Member>("member"),
                                          InstanceMethod<&ConsumerHandle::Grant>("grant"),
                                          InstanceMethod<&ConsumerHandle::Alive>("alive"),
                                          InstanceMethod<&ConsumerHandle::Drain>("drain"),
                                          InstanceMethod<&ConsumerHandle::Ref>("ref"),
                                          InstanceMethod<&ConsumerHandle::Unref>("unref"),
                                          InstanceMethod<&ConsumerHandle::Close>("close"),
                                          InstanceMethod<&ConsumerHandle::Abort>("abort"),
                                          InstanceMethod<&ConsumerHandle::Release>("release"),
                                      });
  }

  // new Consumer(config pairs, onWake)
  explicit ConsumerHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ConsumerHandle>(info) {
    const auto env = info.Env();
    rd_kafka_t* rk = NewHandle(env, RD_KAFKA_CONSUMER, ToPairs(info[0]),
                               RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR |
                                   RD_KAFKA_EVENT_LOG | RD_KAFKA_EVENT_STATS);
    auto core = std::make_shared<ConsumerCore>(rk);
    const auto redirected = rd_kafka_poll_set_consumer(rk);
    const auto logs = TakeError(
        rd_kafka_set_log_queue(rk, nullptr) ? rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "log queue") : nullptr);
    if (redirected || logs) {
      rd_kafka_destroy(rk);
      throw Napi::Error::New(env, std::string("the consumer's queues could not be set up: ") +
                                      (redirected ? rd_kafka_err2str(redirected) : logs.message));
    }
    core->events.reset(rd_kafka_queue_get_consumer(rk));
    core->messages.reset(rd_kafka_queue_new(rk));
    core->closing_events.reset(rd_kafka_queue_new(rk));
    wake_ = std::make_unique<Wake>(env, info[1].As<Napi::Function>(), "seekafka consumer");
    core->wake = wake_.get();
    core_ = core;
    runner_ = std::make_shared<ConsumerThread>(core_);
    thread_ = std::thread([runner = runner_] { runner->Run(); });
    // After the thread-safe function, so that this hook runs before its own: the thread must not outlive it.
    napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this);
  }

  ~ConsumerHandle() override { Shutdown(true, kPatience); }

 private:
  static void OnEnvironmentEnd(void* self) { static_cast<ConsumerHandle*>(self)->Shutdown(false, kPatience); }

  // Ends the thread, if it still runs. Idempotent. librdkafka may not be done within `limit` (it waits for commits that
  // nobody answers while the coordinator is away): then the thread is left to itself, with what it owns.
  void Shutdown(bool remove_hook, std::chrono::milliseconds limit) {
    if (!wake_) return;
    Stop();
    if (core_->AwaitEnd(limit)) {
      thread_.join();
    } else {
      thread_.detach();
    }
    if (remove_hook) napi_remove_env_cleanup_hook(Env(), OnEnvironmentEnd, this);
    wake_->Close();
    wake_.reset();
  }

  void Stop() {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->abort = true;
    core_->changed.notify_one();
  }

  template <typename Command>
  void Post(Command command) {
    core_->Post([runner = runner_.get(), command = std::move(command)]() mutable { command(*runner); });
  }

  static uint32_t Id(const Napi::CallbackInfo& info) { return info[0].As<Napi::Number>().Uint32Value(); }

  // std::function wants copyable captures; the list is shared between its copies.
  static std::shared_ptr<PartitionList> List(const Napi::Value& value) {
    return std::make_shared<PartitionList>(value.IsArray() ? ToPartitionList(value) : nullptr);
  }

  void Subscribe(const Napi::CallbackInfo& info) {
    Post([id = Id(info), topics = ToStrings(info[1])](ConsumerThread& thread) { thread.Subscribe(id, topics); });
  }

  void Unsubscribe(const Napi::CallbackInfo& info) {
    Post([id = Id(info)](ConsumerThread& thread) { thread.Unsubscribe(id); });
  }

  // assign(id, flat list, partition ids, how)
  void Assign(const Napi::CallbackInfo& info) {
    const auto array = info[2].As<Napi::Array>();
    std::vector<int32_t> ids;
    for (uint32_t i = 0; i < array.Length(); i++) ids.push_back(ToInt32(array.Get(i)));
    Post([id = Id(info), list = List(info[1]), ids = std::move(ids), how = ToString(info[3])](ConsumerThread& thread) {
      thread.Assign(id, *list, ids, how);
    });
  }

  void Unassign(const Napi::CallbackInfo& info) {
    Post([id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Unassign(id, *list); });
  }

  void Seek(const Napi::CallbackInfo& info) {
    Post([id = Id(info), list = List(info[1]), timeout_ms = ToInt32(info[2])](ConsumerThread& thread) {
      thread.Seek(id, *list, timeout_ms);
    });
  }

  void Pause(const Napi::CallbackInfo& info) {
    Post([id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Pause(id, *list, true); });
  }

  void Resume(const Napi::CallbackInfo& info) {
    Post([id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Pause(id, *list, false); });
  }

  void Commit(const Napi::CallbackInfo& info) {
    Post([id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Commit(id, *list); });
  }

  void Member(const Napi::CallbackInfo& info) {
    Post([id = Id(info)](ConsumerThread& thread) { thread.Member(id); });
  }

  // grant(batches): JavaScript will take that many more.
  void Grant(const Napi::CallbackInfo& info) { core_->Grant(ToInt32(info[0])); }

  // alive(): the application has asked for a message since the last call, or waits for one.
  void Alive(const Napi::CallbackInfo&) {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->alive = true;
    core_->changed.notify_one();
  }

  Napi::Value Drain(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    std::deque<ConsumerRecord> records;
    if (wake_) {
      wake_->Acknowledge();
      runner_->Drain(records);
    }
    auto out = Napi::Array::New(env, records.size());
    uint32_t index = 0;
    for (auto& record : records) out[index++] = ToJs(env, record);
    return out;
  }

  static Napi::Object ToJs(Napi::Env env, ConsumerRecord& record) {
    auto item = Napi::Object::New(env);
    item["type"] = record.type;
    if (record.batch.data) {
      item["buffer"] = TakeAsArrayBuffer(env, record.batch.data, record.batch.size);
      item["count"] = record.batch.count;
      item["runs"] = record.batch.runs;
      return item;
    }
    item["id"] = record.id;
    item["error"] = seekafka::ToJs(env, record.error);
    item["rows"] = seekafka::ToJs(env, record.rows);
    item["assign"] = record.assign;
    item["lost"] = record.lost;
    item["text"] = record.text;
    if (record.member) item["member"] = ToJs(env, *record.member);
    return item;
  }

  static Napi::Object ToJs(Napi::Env env, const GroupMember& member) {
    auto out = Napi::Object::New(env);
    out["group"] = member.group;
    out["generation"] = member.generation;
    out["id"] = member.id;
    out["instance"] = member.instance;
    return out;
  }

  void Ref(const Napi::CallbackInfo&) {
    if (wake_) wake_->Ref();
  }

  void Unref(const Napi::CallbackInfo&) {
    if (wake_) wake_->Unref();
  }

  void Close(const Napi::CallbackInfo&) {
    Post([](ConsumerThread& thread) { thread.Close(); });
  }

  void Abort(const Napi::CallbackInfo&) { Stop(); }

  // release(wait ms): after the "closed" record it does not wait, as the thread is at its end.
  void Release(const Napi::CallbackInfo& info) { Shutdown(true, std::chrono::milliseconds(ToInt32(info[0]))); }

  std::unique_ptr<Wake> wake_;
  std::shared_ptr<ConsumerCore> core_;
  std::shared_ptr<ConsumerThread> runner_;
  std::thread thread_;
};

}  // namespace

void DefineConsumer(Napi::Env env, Napi::Object exports) { ConsumerHandle::Define(env, exports); }

}  // namespace seekafka
