// A producer-type handle: it produces, asks admin questions (also those that seeking needs: log starts, ends, times and
// committed offsets, on connections of its own where no Fetch long poll is ahead of them), and can host the mock
// cluster.
//
// Everything comes back as events on librdkafka's main queue. Its callback only wakes JavaScript, which polls the
// queue without waiting, on its own thread. The few calls that wait (flush, destroy) run on a thread of this client.
#pragma once

#include "napi_util.h"

namespace seekafka {

void DefineClient(Napi::Env env, Napi::Object exports);

}  // namespace seekafka
