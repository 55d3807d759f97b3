#include "wake.h"

namespace seekafka {

namespace {

void CallJs(napi_env env, napi_value on_wake, void*, void*) {
  if (!env || !on_wake) return;  // the environment is being torn down
  napi_value undefined = nullptr;
  if (napi_get_undefined(env, &undefined) != napi_ok) return;
  // An exception stays pending, and Node reports it as uncaught, as for any callback.
  napi_call_function(env, undefined, on_wake, 0, nullptr, nullptr);
}

}  // namespace

Wake::Wake(Napi::Env env, const Napi::Function& on_wake, const char* name) : env_(env) {
  const napi_status status = napi_create_threadsafe_function(env, on_wake, nullptr, Napi::String::New(env, name), 0, 1,
                                                             nullptr, nullptr, nullptr, CallJs, &tsfn_);
  if (status != napi_ok) throw Napi::Error::New(env, "napi_create_threadsafe_function failed");
  napi_unref_threadsafe_function(env, tsfn_);
}

Wake::~Wake() { Close(); }

void Wake::Signal() {
  // Race: JavaScript acknowledges, then drains. A record put in the outbox before that drain may signal once too often,
  // never once too few.
  if (!pending_.exchange(true)) napi_call_threadsafe_function(tsfn_, nullptr, napi_tsfn_nonblocking);
}

void Wake::Ref() {
  if (!tsfn_ || referenced_) return;
  referenced_ = true;
  napi_ref_threadsafe_function(env_, tsfn_);
}

void Wake::Unref() {
  if (!tsfn_ || !referenced_) return;
  referenced_ = false;
  napi_unref_threadsafe_function(env_, tsfn_);
}

void Wake::Close() {
  if (!tsfn_) return;
  napi_release_threadsafe_function(tsfn_, napi_tsfn_abort);
  tsfn_ = nullptr;
}

}  // namespace seekafka
