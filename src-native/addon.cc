// The module: two classes and what librdkafka says of itself. It keeps no process-wide state, so it loads in any number
// of worker threads.
#include "client.h"
#include "consumer.h"
#include "environment.h"
#include "error.h"

namespace {

// builtin.features of the library that is linked in.
std::string Features() {
  const seekafka::Rd<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  char text[1024] = "";
  size_t size = sizeof text;
  if (rd_kafka_conf_get(conf.get(), "builtin.features", text, &size) != RD_KAFKA_CONF_OK) return "";
  return text;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  seekafka::Environment::Define(env);
  seekafka::DefineConsumer(env, exports);
  seekafka::DefineClient(env, exports);
  exports["version"] = Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), rd_kafka_version_str()); });
  exports["features"] = Napi::Function::New(
      env, [](const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), Features()); });
  exports["errorCode"] = Napi::Function::New(env, [](const Napi::CallbackInfo& info) {
    return seekafka::ToJs(info.Env(),
                          seekafka::MakeError(static_cast<rd_kafka_resp_err_t>(seekafka::ToInt32(info[0]))));
  });
  return exports;
}

}  // namespace

NODE_API_MODULE(seekafka, Init)
