#include "config.h"

#include <future>
#include <exception>
#include <thread>

namespace seekafka {

namespace {

[[noreturn]] void Refuse(Napi::Env env, const std::string& key, const std::string& message) {
  auto error = Napi::TypeError::New(env, message);
  error.Set("key", Napi::String::New(env, key));
  throw error;
}

// librdkafka calls this from any thread, its own locks held. Before rd_kafka_new has a handle to show, `rk` is null.
void OnLog(const rd_kafka_t* rk, int level, const char* facility, const char* message) noexcept {
  if (auto* core = rk ? static_cast<Core*>(rd_kafka_opaque(rk)) : nullptr)
    core->outbox.PutLog(level, facility ? facility : "", message ? message : "");
}

// The threads that a handle begins with: ours, and librdkafka's main one and those of the internal broker, of a
// bootstrap broker and of a coordinator.
constexpr int kFirstThreads = 5;

// Throws a JavaScript Error where so many threads cannot be made now. rd_kafka_new itself cannot be asked: where it
// gets some of its threads and not the others, it ends the process by an assertion (rd_kafka_broker_add_logical), or
// waits for ever for the one that it has (rd_kafka_destroy_internal).
void RequireThreads(Napi::Env env) {
  std::promise<void> over;
  const auto end = over.get_future().share();
  std::vector<std::thread> threads;
  std::string failed;
  threads.reserve(kFirstThreads);
  try {
    for (int i = 0; i < kFirstThreads; i++) threads.emplace_back([end] { end.wait(); });
  } catch (const std::exception& error) {
    failed = error.what();
  }
  over.set_value();
  for (auto& thread : threads) thread.join();
  if (!failed.empty()) throw Napi::Error::New(env, "librdkafka needs threads that cannot be made: " + failed);
}

}  // namespace

void NewHandle(Napi::Env env, Core& core, rd_kafka_type_t type, const ConfigPairs& pairs, int events) {
  Rd<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  char errstr[512] = "";
  for (const auto& [key, value] : pairs) {
    if (rd_kafka_conf_set(conf.get(), key.c_str(), value.c_str(), errstr, sizeof errstr) != RD_KAFKA_CONF_OK)
      Refuse(env, key, errstr);
  }
  // Not librdkafka's own queue for the log, which has no bound.
  if (rd_kafka_conf_set(conf.get(), "log.queue", "false", errstr, sizeof errstr) != RD_KAFKA_CONF_OK)
    Refuse(env, "log.queue", errstr);
  rd_kafka_conf_set_log_cb(conf.get(), OnLog);
  rd_kafka_conf_set_opaque(conf.get(), &core);
  rd_kafka_conf_set_events(conf.get(), events);
  RequireThreads(env);
  core.rk = rd_kafka_new(type, conf.get(), errstr, sizeof errstr);
  if (!core.rk) {
    if (rd_kafka_last_error() == RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE)
      throw Napi::Error::New(env, std::string("librdkafka cannot start: ") + errstr);
    Refuse(env, "", errstr);
  }
  conf.release();  // rd_kafka_new owns it from here
}

}  // namespace seekafka
