// The JavaScript object of a consumer. See consumer_thread.h.
#pragma once

#include "napi_util.h"

namespace seekafka {

void DefineConsumer(Napi::Env env, Napi::Object exports);

}  // namespace seekafka
