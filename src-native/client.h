// The JavaScript object of a producer-type handle: it produces, asks admin questions (also those that seeking needs:
// log starts, ends, times and committed offsets, on connections of its own where no Fetch long poll is ahead of them),
// and can host the mock cluster.
//
// Delivery reports and results of admin requests are events on librdkafka's main queue. The callback of that queue only
// wakes JavaScript, which polls the queue without waiting, on its own thread. The calls that wait are made by the
// client's thread (client_thread.h), and their replies come by the outbox.
#pragma once

#include "napi_util.h"

namespace seekafka {

void DefineClient(Napi::Env env, Napi::Object exports);

}  // namespace seekafka
