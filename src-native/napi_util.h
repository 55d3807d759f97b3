// The one place that includes node-addon-api. Reading of JavaScript arguments happens here, on the JavaScript
// thread only; everything behind it sees plain C++.
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seekafka {

// The largest integer that a JavaScript number holds exactly.
constexpr int64_t kMaxSafeInteger = 9007199254740991;

inline std::string ToString(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }
inline int32_t ToInt32(const Napi::Value& value) { return value.As<Napi::Number>().Int32Value(); }
inline int64_t ToInt64(const Napi::Value& value) { return value.As<Napi::Number>().Int64Value(); }

std::vector<std::string> ToStrings(const Napi::Value& value);

// [[key, value], ...] as normalised by lib/config.ts.
std::vector<std::pair<std::string, std::string>> ToPairs(const Napi::Value& value);

// Wraps memory from malloc in an ArrayBuffer that frees it; copies where the runtime forbids external buffers.
Napi::ArrayBuffer TakeAsArrayBuffer(Napi::Env env, void* data, size_t size);

}  // namespace seekafka
