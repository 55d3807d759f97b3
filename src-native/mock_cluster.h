// librdkafka's in-process brokers, hosted by a client handle. Each call is one C function of rdkafka_mock.h and returns
// its error; they hand an operation to the mock cluster's own thread and wait for it, well below a millisecond.
#pragma once

#include "error.h"
// Wants rdkafka.h before it.
#include <librdkafka/rdkafka_mock.h>

namespace seekafka {

// mock(operation, ...arguments)
ErrorData MockCall(const Napi::CallbackInfo& info, rd_kafka_mock_cluster_t* cluster);

}  // namespace seekafka
