// Wakes the JavaScript thread from any other. It carries no data: woken, JavaScript drains the outbox of the handle.
//
// Lifetime: created on the JavaScript thread, unreferenced (a client that nobody waits for does not keep the process
// alive; the facade calls Ref while a call is pending). Signal may be called from any thread until Close. Close runs on
// the JavaScript thread, after every thread that could Signal has been joined.
#pragma once

#include <atomic>

#include "napi_util.h"

namespace seekafka {

class Wake {
 public:
  Wake(Napi::Env env, const Napi::Function& on_wake, const char* name);
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  ~Wake();

  void Signal();
  // Called by the handle when it drains: what is put in the outbox after this signals again.
  void Acknowledge() { pending_.store(false); }

  void Ref();
  void Unref();
  void Close();

 private:
  napi_env env_;
  napi_threadsafe_function tsfn_ = nullptr;
  std::atomic<bool> pending_{false};
  bool referenced_ = false;
};

}  // namespace seekafka
