#include "consumer.h"

#include "config.h"
#include "consumer_thread.h"
#include "events.h"
#include "handle.h"
#include "login.h"

namespace seekafka {

namespace {

class ConsumerHandle : public Handle<ConsumerHandle, ConsumerCore> {
 public:
  static void Define(Napi::Env env, Napi::Object exports) {
    exports["Consumer"] = DefineClass(env, "Consumer",
                                      CommonMethods({
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
                                      }));
  }

  // new Consumer(config pairs, onWake)
  explicit ConsumerHandle(const Napi::CallbackInfo& info) : Handle(info) {
    const auto env = info.Env();
    auto core = std::make_shared<ConsumerCore>(env, info[1].As<Napi::Function>(), "seekafka consumer");
    NewHandle(env, *core, RD_KAFKA_CONSUMER, ToPairs(info[0]),
              RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | kCommonEvents);
    core->Open(env);
    runner_ = std::make_shared<ConsumerThread>(core);
    Start(
        core, [runner = runner_] { runner->Run(); }, "consumer");
  }

  void Collect(std::deque<Record>& records) { runner_->Collect(records); }
  // JavaScript never saw the batch, so it cannot give the batch's credit back.
  void OnLostBatch() { core().Grant(1); }

  void SetToken(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info), token = ToToken(info)](ConsumerThread& thread) { thread.SetToken(id, token); });
  }

  void SetSaslCredentials(const Napi::CallbackInfo& info) {
    Post(0, [credentials = ToCredentials(info)](ConsumerThread& thread) { thread.SetSaslCredentials(credentials); });
  }

  void Close(const Napi::CallbackInfo&) {
    SetEnding();
    Post(0, [](ConsumerThread& thread) { thread.Close(); });
  }

 private:
  template <typename Command>
  void Post(uint32_t id, Command command) {
    if (!Running()) return;
    core().Post({id, [runner = runner_.get(), command = std::move(command)]() mutable { command(*runner); }});
  }

  static uint32_t Id(const Napi::CallbackInfo& info) { return ToUint32(info[0]); }

  // std::function wants copyable captures; the list is shared between its copies.
  static std::shared_ptr<PartitionList> List(const Napi::Value& value) {
    return std::make_shared<PartitionList>(ToPartitionList(value));
  }

  void Subscribe(const Napi::CallbackInfo& info) {
    Post(Id(info),
         [id = Id(info), topics = ToStrings(info[1])](ConsumerThread& thread) { thread.Subscribe(id, topics); });
  }

  void Unsubscribe(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info)](ConsumerThread& thread) { thread.Unsubscribe(id); });
  }

  // assign(id, flat list, partition ids, how)
  void Assign(const Napi::CallbackInfo& info) {
    const auto list = List(info[1]);
    const auto array = ToArray(info[2], "ids");
    std::vector<int32_t> ids;
    for (uint32_t i = 0; i < array.Length(); i++) ids.push_back(ToInt32(array.Get(i)));
    if (ids.size() != static_cast<size_t>((*list)->cnt))
      throw Napi::RangeError::New(info.Env(), "ids: there is not one for each partition");
    Post(Id(info), [id = Id(info), list, ids = std::move(ids), how = ToString(info[3])](ConsumerThread& thread) {
      thread.Assign(id, *list, ids, how);
    });
  }

  void Unassign(const Napi::CallbackInfo& info) {
    const auto list = info[1].IsNull() ? std::make_shared<PartitionList>() : List(info[1]);
    Post(Id(info), [id = Id(info), list](ConsumerThread& thread) { thread.Unassign(id, *list); });
  }

  void Seek(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info), list = List(info[1]), timeout_ms = ToInt32(info[2])](ConsumerThread& thread) {
      thread.Seek(id, *list, timeout_ms);
    });
  }

  void Pause(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Pause(id, *list, true); });
  }

  void Resume(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Pause(id, *list, false); });
  }

  void Commit(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info), list = List(info[1])](ConsumerThread& thread) { thread.Commit(id, *list); });
  }

  void Member(const Napi::CallbackInfo& info) {
    Post(Id(info), [id = Id(info)](ConsumerThread& thread) { thread.Member(id); });
  }

  // grant(batches): JavaScript will take that many more.
  void Grant(const Napi::CallbackInfo& info) {
    if (Running()) core().Grant(ToInt32(info[0]));
  }

  // alive(): the application has asked for a message since the last call, or waits for one.
  void Alive(const Napi::CallbackInfo&) {
    if (Running()) core().TellAlive();
  }

  std::shared_ptr<ConsumerThread> runner_;
};

}  // namespace

void DefineConsumer(Napi::Env env, Napi::Object exports) { ConsumerHandle::Define(env, exports); }

}  // namespace seekafka
