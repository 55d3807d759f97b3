#include "client.h"

#include "admin.h"
#include "client_thread.h"
#include "config.h"
#include "events.h"
#include "handle.h"
#include "login.h"
#include "mock_cluster.h"
#include "transaction.h"

namespace seekafka {

namespace {

using std::chrono::milliseconds;

class ClientHandle : public Handle<ClientHandle, ClientCore> {
 public:
  static void Define(Napi::Env env, Napi::Object exports) {
    Methods methods = CommonMethods({
        InstanceMethod<&ClientHandle::ProduceMessages>("produce"),
        InstanceMethod<&ClientHandle::Connect>("connect"),
        InstanceMethod<&ClientHandle::ListTopics>("listTopics"),
        InstanceMethod<&ClientHandle::PartitionsOf>("partitionsOf"),
        InstanceMethod<&ClientHandle::Transact>("transact"),
        InstanceMethod<&ClientHandle::Cancel>("cancel"),
        InstanceMethod<&ClientHandle::Flush>("flush"),
        InstanceMethod<&ClientHandle::SendNow>("sendNow"),
        InstanceMethod<&ClientHandle::Purge>("purge"),
        InstanceMethod<&ClientHandle::MockStart>("mockStart"),
        InstanceMethod<&ClientHandle::Mock>("mock"),
    });
    for (const auto& request : AdminRequests()) {
      methods.push_back(InstanceMethod(request.name, &ClientHandle::Admin, napi_default,
                                       const_cast<AdminRequest*>(&request)));  // for reading, by Admin()
    }
    exports["Client"] = DefineClass(env, "Client", methods);
  }

  // new Client(config pairs, onWake)
  explicit ClientHandle(const Napi::CallbackInfo& info) : Handle(info) {
    const auto env = info.Env();
    auto core = std::make_shared<ClientCore>(env, info[1].As<Napi::Function>(), "seekafka client");
    NewHandle(env, *core, RD_KAFKA_PRODUCER, ToPairs(info[0]), RD_KAFKA_EVENT_DR | kCommonEvents);
    core->Open();
    auto runner = std::make_shared<ClientThread>(core);
    Start(
        core, [runner] { runner->Run(); }, "client");
  }

  // Delivery reports come before the replies that the thread gave at the same time: those of a transaction before the
  // end of it.
  void Collect(std::deque<Record>& records) {
    core().outbox.Take(replies_);
    Delivery* delivery = nullptr;  // the last record, where it is one
    while (!Ending()) {
      // Room for the event is made before the event is taken: none may be lost for want of memory.
      records.emplace_back();
      if (delivery) delivery->events.emplace_back();
      Rd<rd_kafka_event_t> event(rd_kafka_queue_poll(core().events.get(), 0));
      const bool reports = event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR;
      if (delivery && reports) {
        delivery->events.back() = std::move(event);
        records.pop_back();
        continue;
      }
      if (delivery) delivery->events.pop_back();
      delivery = nullptr;
      if (!event) break;
      if (reports) {
        delivery = &records.back().emplace<Delivery>();
        delivery->events.push_back(std::move(event));
      } else if (FindAdminRequest(event.get())) {
        records.back() = AdminReply{std::move(event)};
      } else {
        records.back() = DecodeCommonEvent(core().rk, event.get());
      }
    }
    MoveRecords(replies_, records);
  }

  void OnLostBatch() {}

  // Not on the client's thread, where a call that waits for the login may be under way.
  void SetToken(const Napi::CallbackInfo& info) {
    if (Ending()) return;
    Reply reply;
    reply.id = ToUint32(info[0]);
    reply.error = seekafka::SetToken(core().rk, ToToken(info));
    core().outbox.Put(std::move(reply));
  }

  void SetSaslCredentials(const Napi::CallbackInfo& info) {
    if (Ending()) return;
    if (auto error = SetCredentials(core().rk, ToCredentials(info))) core().outbox.Put(Failure{std::move(error), {}});
  }

  void Close(const Napi::CallbackInfo&) {
    if (Ending()) return;
    SetEnding();
    core().Close();
  }

 private:
  static Napi::Value GoneError(Napi::Env env) { return ToJs(env, MakeError(RD_KAFKA_RESP_ERR__DESTROY)); }

  Napi::Value ProduceMessages(const Napi::CallbackInfo& info) {
    if (!Ending()) return Produce(info, core().rk, core().topics);
    auto out = Napi::Object::New(info.Env());
    out["accepted"] = 0;
    out["error"] = GoneError(info.Env());
    return out;
  }

  // Every method of the table in admin.h.
  Napi::Value Admin(const Napi::CallbackInfo& info) {
    if (Ending()) return GoneError(info.Env());
    const auto* request = static_cast<const AdminRequest*>(info.Data());
    return ToJs(info.Env(), SendAdminRequest(*request, info, core().rk, core().events.get()));
  }

  // connect(id, timeout ms): answers when a broker is connected, or the time is over. (Metadata of no topic, which
  // waits for a broker; other requests fail where there is none yet, and are tried again seconds later.)
  Napi::Value Connect(const Napi::CallbackInfo& info) {
    return Ask(info, Metadata(info, false, milliseconds(1600), [](const rd_kafka_metadata_t&, Reply&) {}));
  }

  // listTopics(id, timeout ms): rows of topics
  Napi::Value ListTopics(const Napi::CallbackInfo& info) {
    return Ask(info, Metadata(info, true, milliseconds(3000), [](const rd_kafka_metadata_t& metadata, Reply& reply) {
                 std::vector<TopicRow> rows;
                 for (int i = 0; i < metadata.topic_cnt; i++) rows.push_back({metadata.topics[i].topic, {}});
                 reply.rows = std::move(rows);
               }));
  }

  // partitionsOf(id, timeout ms, topic): a row for each of its partitions; none where there is no such topic. (Metadata
  // of all topics: asked for one that does not exist, brokers may create it.)
  Napi::Value PartitionsOf(const Napi::CallbackInfo& info) {
    const auto take = [topic = ToString(info[2])](const rd_kafka_metadata_t& metadata, Reply& reply) {
      std::vector<PartitionRow> rows;
      for (int i = 0; i < metadata.topic_cnt; i++) {
        const auto& found = metadata.topics[i];
        if (topic != found.topic) continue;
        for (int k = 0; k < found.partition_cnt; k++) rows.push_back({topic, found.partitions[k].id, 0, {}});
      }
      reply.rows = std::move(rows);
    };
    return Ask(info, Metadata(info, true, milliseconds(3000), take));
  }

  template <typename Take>
  static BlockingCall Metadata(const Napi::CallbackInfo& info, bool all_topics, milliseconds longest, Take take) {
    BlockingCall call;
    call.until = Clock::now() + milliseconds(ToUint32(info[1]));
    call.length = milliseconds(100);
    call.longest = longest;
    call.attempt = [all_topics, take](rd_kafka_t* rk, int timeout_ms, Reply& reply) {
      const rd_kafka_metadata_t* raw = nullptr;
      const auto code = rd_kafka_metadata(rk, all_topics ? 1 : 0, nullptr, &raw, timeout_ms);
      if (code) return MakeError(code);
      const Rd<const rd_kafka_metadata_t> metadata(raw);
      take(*metadata, reply);
      return ErrorData{};
    };
    return call;
  }

  // transact(id, what, ...): see transaction.h
  Napi::Value Transact(const Napi::CallbackInfo& info) { return Ask(info, TransactionStep(info)); }

  Napi::Value Ask(const Napi::CallbackInfo& info, BlockingCall call) {
    if (Ending()) return GoneError(info.Env());
    call.id = ToUint32(info[0]);
    call.next = Clock::now();
    core().Ask(std::move(call));
    return info.Env().Undefined();
  }

  // cancel(id): nobody waits any more for connect, listTopics or a step of a transaction. A call that has not begun
  // never does, one that is repeated is not repeated again. The reply may come nevertheless.
  void Cancel(const Napi::CallbackInfo& info) {
    if (!Ending()) core().Cancel(ToUint32(info[0]));
  }

  // flush(timeout ms): the facade knows from the delivery reports when all is done.
  void Flush(const Napi::CallbackInfo& info) {
    if (!Ending()) core().Flush(Clock::now() + milliseconds(ToUint32(info[0])));
  }

  // Only wakes librdkafka's broker threads (send-now.patch).
  void SendNow(const Napi::CallbackInfo&) {
    if (!Ending()) rd_kafka_send_now(core().rk);
  }

  // Every message not delivered yet gets a delivery report that says so. What is in the queues of brokers is purged by
  // their threads, which are not waited for.
  Napi::Value Purge(const Napi::CallbackInfo& info) {
    if (Ending()) return GoneError(info.Env());
    constexpr int kAll = RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING;
    return ToJs(info.Env(), MakeError(rd_kafka_purge(core().rk, kAll)));
  }

  Napi::Value MockStart(const Napi::CallbackInfo& info) {
    if (Ending() || core().mock) return info.Env().Undefined();
    core().mock = rd_kafka_mock_cluster_new(core().rk, ToInt32(info[0]));
    if (!core().mock) return info.Env().Undefined();
    return Napi::String::New(info.Env(), rd_kafka_mock_cluster_bootstraps(core().mock));
  }

  Napi::Value Mock(const Napi::CallbackInfo& info) {
    return Ending() || !core().mock ? GoneError(info.Env()) : ToJs(info.Env(), MockCall(info, core().mock));
  }

  std::deque<Record> replies_;  // taken from the outbox, and behind the events that are still to be polled
};

}  // namespace

void DefineClient(Napi::Env env, Napi::Object exports) { ClientHandle::Define(env, exports); }

}  // namespace seekafka
