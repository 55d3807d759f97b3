// Wakes the JavaScript thread from any other thread. A wake carries no data: when it is woken, JavaScript drains the
// handle's records.
//
// Lifetime: a Wake is created and closed on the JavaScript thread. It starts unreferenced: a client that nobody waits
// for does not keep the process alive, and the facade calls Ref() while a call is pending. Signal() may be called from
// any thread at any time, also after Close(), which makes it do nothing. So a thread that outlives its handle needs no
// other protection.
#pragma once

#include <atomic>
#include <mutex>

#include "napi_util.h"

namespace seekafka {

class Wake {
 public:
  Wake(Napi::Env env, const Napi::Function& on_wake, const char* name);
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  // A Wake that was not closed is closed here: its owner is then destroyed on the JavaScript thread.
  ~Wake() { Close(); }

  void Signal() noexcept;
  // The handle calls this before it drains: a record that is added after this call signals again.
  void Acknowledge() noexcept { pending_.store(false); }

  // On the JavaScript thread.
  void Ref() noexcept;
  void Unref() noexcept;
  void Close() noexcept;

 private:
  napi_env env_;
  // Guards `tsfn_` between Signal() and Close(). It is a leaf lock: under it only Node-API is called.
  std::mutex mutex_;
  napi_threadsafe_function tsfn_ = nullptr;
  std::atomic<bool> pending_{false};
  bool referenced_ = false;
};

}  // namespace seekafka
