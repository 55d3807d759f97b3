// From the normalised key/value pairs to a running handle of librdkafka.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core.h"

namespace seekafka {

using ConfigPairs = std::vector<std::pair<std::string, std::string>>;

// rd_kafka_conf_set for each pair, then rd_kafka_new; the handle is core.rk. Its log goes to the outbox of the core,
// which has to outlive the handle. `events` is the mask of rd_kafka_conf_set_events. Throws a JavaScript TypeError with
// `key` set where librdkafka refuses a value, and an Error where it lacks a resource.
void NewHandle(Napi::Env env, Core& core, rd_kafka_type_t type, const ConfigPairs& pairs, int events);

}  // namespace seekafka
