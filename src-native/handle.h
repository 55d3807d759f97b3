// What the JavaScript objects of a consumer and of a client have in common: their thread, how they end, and drain().
//
// The thread ends in one of three ways, and in each it destroys the handle of librdkafka itself:
//   close()   the orderly end; the record `closed` tells when it is over
//   abort()   as soon as possible
//   the end of the environment, or the garbage collection of the JavaScript object: as abort()
// rd_kafka_destroy may take long (it waits for a name server that does not answer, or for commits that no coordinator
// answers). So nobody waits for it without a limit: join() detaches a thread that is not at its end. A detached thread
// ends by itself; it owns the core by shared_ptr, and its Wake does nothing any more. The addon is linked with
// `-z nodelete`, so that Node.js does not unload the code that such a thread runs.
#pragma once

#include <algorithm>
#include <system_error>
#include <thread>

#include "environment.h"

namespace seekafka {

// Every method runs on the JavaScript thread. `Self` is the class that derives from this, `CoreType` what it shares
// with its thread. `Self` defines Collect(records), which appends the records that there are, SetToken(info),
// SetSaslCredentials(info), Close(info), and OnLostBatch() for a batch that could not be handed out.
template <typename Self, typename CoreType>
class Handle : public Napi::ObjectWrap<Self> {
 protected:
  using Methods = std::vector<Napi::ClassPropertyDescriptor<Self>>;

  // The methods that binding/native.ts declares in `Handle`, with `more`.
  static Methods CommonMethods(Methods more) {
    using WithValue = Napi::Value (Self::*)(const Napi::CallbackInfo&);
    using Without = void (Self::*)(const Napi::CallbackInfo&);
    using Base = Napi::ObjectWrap<Self>;
    more.push_back(Base::InstanceMethod("drain", static_cast<WithValue>(&Handle::Drain)));
    more.push_back(Base::InstanceMethod("ref", static_cast<Without>(&Handle::Ref)));
    more.push_back(Base::InstanceMethod("unref", static_cast<Without>(&Handle::Unref)));
    more.push_back(Base::InstanceMethod("setToken", &Self::SetToken));
    more.push_back(Base::InstanceMethod("setSaslCredentials", &Self::SetSaslCredentials));
    more.push_back(Base::InstanceMethod("close", &Self::Close));
    more.push_back(Base::InstanceMethod("abort", static_cast<Without>(&Handle::Abort)));
    more.push_back(Base::InstanceMethod("brokersUp", static_cast<WithValue>(&Handle::BrokersUp)));
    more.push_back(Base::InstanceMethod("join", static_cast<WithValue>(&Handle::Join)));
    return more;
  }

  explicit Handle(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Self>(info), environment_(Environment::Of(info.Env())) {}

  ~Handle() override { LetGo(Clock::now()); }

  // Takes the core over and starts its thread. Throws a JavaScript Error where no thread can be made.
  template <typename Body>
  void Start(std::shared_ptr<CoreType> core, Body body, const char* what) {
    const napi_env env = this->Env();
    environment_->Add(core.get());
    try {
      thread_ = std::thread(std::move(body));
    } catch (const std::system_error& error) {
      environment_->Remove(core.get());
      throw Napi::Error::New(env, std::string("no thread can be made for the ") + what + ": " + error.what());
    }
    core_ = std::move(core);
    running_ = true;
    // After the thread-safe function of Wake, so that this hook runs before its own.
    hooked_ = napi_add_env_cleanup_hook(env, OnEnvironmentEnd, this) == napi_ok;
  }

  // From join() on the object does nothing any more.
  bool Running() const { return running_; }
  // From close(), abort() or join() on, the thread destroys the handle of librdkafka at any time.
  bool Ending() const { return ending_ || !running_; }
  void SetEnding() { ending_ = true; }
  CoreType& core() const { return *core_; }

  // Hands out the records that there are. One that cannot be turned into JavaScript objects stays, with all behind it,
  // and JavaScript is woken again; the second time it is replaced by what Replacement() says.
  Napi::Value Drain(const Napi::CallbackInfo& info) {
    const auto env = info.Env();
    auto out = Napi::Array::New(env);
    if (!running_) return out;
    core_->wake.Acknowledge();
    uint32_t index = 0;
    try {
      static_cast<Self*>(this)->Collect(records_);
      core_->outbox.TakeLog(records_);
      KeepNewestStats(records_);
      for (; !records_.empty(); records_.pop_front()) {
        const Napi::HandleScope scope(env);
        const auto item = ToJs(env, records_.front());
        if (!item.IsUndefined()) out[index++] = item;
        failed_before_ = false;
      }
    } catch (...) {
      core_->wake.Signal();
      const bool is_batch = !records_.empty() && std::holds_alternative<Batch>(records_.front());
      if (is_batch) static_cast<Self*>(this)->OnLostBatch();
      if (is_batch || (!records_.empty() && failed_before_)) {
        records_.front() = Replacement(records_.front(), MakeError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                                                                   "there was no memory to hand this to JavaScript"));
      }
      failed_before_ = !failed_before_;
    }
    return out;
  }

  void Ref(const Napi::CallbackInfo&) {
    if (running_) core_->wake.Ref();
  }

  void Unref(const Napi::CallbackInfo&) {
    if (running_) core_->wake.Unref();
  }

  void Abort(const Napi::CallbackInfo&) {
    ending_ = true;
    if (running_) core_->Abort();
  }

  // brokersUp(): [how many, for how many ms there has been one, or none any more (-1: never)]. After close() or abort()
  // none are known.
  Napi::Value BrokersUp(const Napi::CallbackInfo& info) {
    int64_t milliseconds = 0;
    const int up = Ending() ? 0 : rd_kafka_brokers_up(core_->rk, &milliseconds);
    auto out = Napi::Array::New(info.Env(), 2);
    out[0U] = up;
    out[1U] = static_cast<double>(milliseconds);
    return out;
  }

  // join(wait ms): true, if the thread has ended.
  Napi::Value Join(const Napi::CallbackInfo& info) {
    const double wait_ms = info[0].As<Napi::Number>().DoubleValue();
    const auto wait = std::chrono::milliseconds(wait_ms > 0 ? static_cast<int>(std::min(wait_ms, 3600e3)) : 0);
    return Napi::Boolean::New(info.Env(), LetGo(Clock::now() + wait));
  }

 private:
  static void OnEnvironmentEnd(void* self) {
    auto* handle = static_cast<Handle*>(self);
    handle->hooked_ = false;
    handle->LetGo(handle->environment_->End());
  }

  bool LetGo(Clock::time_point until) noexcept {
    if (!running_) return ended_;
    running_ = false;
    ended_ = core_->AwaitEnd(until);
    if (ended_) {
      thread_.join();
    } else {
      core_->Abort();
      thread_.detach();
    }
    core_->wake.Close();
    environment_->Remove(core_.get());
    if (hooked_) napi_remove_env_cleanup_hook(this->Env(), OnEnvironmentEnd, this);
    return ended_;
  }

  std::shared_ptr<Environment> environment_;
  std::shared_ptr<CoreType> core_;
  std::thread thread_;
  std::deque<Record> records_;  // what the last drain() could not hand out comes first
  bool failed_before_ = false;
  bool running_ = false;
  bool ending_ = false;
  bool ended_ = true;
  bool hooked_ = false;
};

}  // namespace seekafka
