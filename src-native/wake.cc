#include "wake.h"

namespace seekafka {

namespace {

void CallJs(napi_env env, napi_value on_wake, void*, void*) {
  if (!env || !on_wake) return;  // the environment is being torn down
  napi_value undefined = nullptr;
  if (napi_get_undefined(env, &undefined) != napi_ok) return;
  if (napi_call_function(env, undefined, on_wake, 0, nullptr, nullptr) != napi_pending_exception) return;
  // Node.js only warns (DEP0168) about an exception that a thread-safe function leaves pending. This makes it an
  // uncaught exception, as one in any other callback is.
  napi_value exception = nullptr;
  if (napi_get_and_clear_last_exception(env, &exception) == napi_ok) napi_fatal_exception(env, exception);
}

}  // namespace

Wake::Wake(Napi::Env env, const Napi::Function& on_wake, const char* name) : env_(env) {
  const napi_status status = napi_create_threadsafe_function(env, on_wake, nullptr, Napi::String::New(env, name), 0, 1,
                                                             nullptr, nullptr, nullptr, CallJs, &tsfn_);
  if (status != napi_ok) throw Napi::Error::New(env, "napi_create_threadsafe_function failed");
  napi_unref_threadsafe_function(env, tsfn_);
}

void Wake::Signal() noexcept {
  // JavaScript acknowledges before it drains. So a record that comes between the two signals once more than needed, and
  // no record is left without a signal.
  if (pending_.exchange(true)) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (tsfn_) napi_call_threadsafe_function(tsfn_, nullptr, napi_tsfn_nonblocking);
}

void Wake::Ref() noexcept {
  if (!tsfn_ || referenced_) return;
  referenced_ = true;
  napi_ref_threadsafe_function(env_, tsfn_);
}

void Wake::Unref() noexcept {
  if (!tsfn_ || !referenced_) return;
  referenced_ = false;
  napi_unref_threadsafe_function(env_, tsfn_);
}

void Wake::Close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!tsfn_) return;
  napi_release_threadsafe_function(tsfn_, napi_tsfn_abort);
  tsfn_ = nullptr;
}

}  // namespace seekafka
