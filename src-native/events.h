// The events of librdkafka that a consumer's queue and a client's queue have in common.
#pragma once

#include "records.h"

namespace seekafka {

// RD_KAFKA_EVENT_ERROR and RD_KAFKA_EVENT_STATS as records; std::monostate for any other event. Borrows `event`.
Record DecodeCommonEvent(rd_kafka_t* rk, rd_kafka_event_t* event);

}  // namespace seekafka
