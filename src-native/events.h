// The events of librdkafka that a consumer's queue and a client's queue have in common.
#pragma once

#include "records.h"

namespace seekafka {

// Those events, for rd_kafka_conf_set_events.
constexpr int kCommonEvents = RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH;

// RD_KAFKA_EVENT_ERROR, _STATS and _OAUTHBEARER_TOKEN_REFRESH as records; std::monostate for any other event. Borrows
// `event`.
Record DecodeCommonEvent(rd_kafka_t* rk, rd_kafka_event_t* event);

}  // namespace seekafka
