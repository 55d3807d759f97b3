#include "config.h"

namespace seekafka {

namespace {

[[noreturn]] void Refuse(Napi::Env env, const std::string& key, const std::string& message) {
  auto error = Napi::TypeError::New(env, message);
  error.Set("key", Napi::String::New(env, key));
  throw error;
}

}  // namespace

rd_kafka_t* NewHandle(Napi::Env env, rd_kafka_type_t type, const ConfigPairs& pairs, int events) {
  Rd<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  char errstr[512];
  for (const auto& [key, value] : pairs) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), errstr, sizeof errstr) != RD_KAFKA_CONF_OK)
      Refuse(env, key, errstr);
  }
  // Logs come as events, not on stderr.
  if (rd_kafka_conf_set(conf.get(), "log.queue", "true", errstr, sizeof errstr) != RD_KAFKA_CONF_OK)
    Refuse(env, "log.queue", errstr);
  rd_kafka_conf_set_events(conf.get(), events);
  rd_kafka_t* rk = rd_kafka_new(type, conf.get(), errstr, sizeof errstr);
  if (!rk) Refuse(env, "", errstr);
  conf.release();  // rd_kafka_new owns it from here
  return rk;
}

}  // namespace seekafka
