// From the normalised key/value pairs to a running librdkafka handle.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "error.h"

namespace seekafka {

using ConfigPairs = std::vector<std::pair<std::string, std::string>>;

// rd_kafka_conf_set for each pair, then rd_kafka_new. Throws a JavaScript TypeError with `key` set where librdkafka
// refuses a value. `events` is the mask of rd_kafka_conf_set_events.
rd_kafka_t* NewHandle(Napi::Env env, rd_kafka_type_t type, const ConfigPairs& pairs, int events);

}  // namespace seekafka
