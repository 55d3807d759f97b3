// The one place that includes node-addon-api. JavaScript arguments are read here, on the JavaScript thread only;
// everything behind it sees plain C++. Each reader checks what it reads and throws a JavaScript error for what is
// wrong.
//
// Exceptions: every function that JavaScript calls (a method or a constructor) is entered through node-addon-api, which
// is compiled with NODE_ADDON_API_CPP_EXCEPTIONS_ALL: any C++ exception that leaves it becomes a JavaScript exception.
#pragma once

#include <napi.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seekafka {

// The largest integer that a JavaScript number holds exactly.
constexpr int64_t kMaxSafeInteger = 9007199254740991;

inline std::string ToString(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }
// These throw a RangeError for what is no integer of that size.
int32_t ToInt32(const Napi::Value& value);
uint32_t ToUint32(const Napi::Value& value);
int64_t ToInt64(const Napi::Value& value);

// Throws a TypeError that names `what` where the value is no array.
Napi::Array ToArray(const Napi::Value& value, const char* what);
std::vector<std::string> ToStrings(const Napi::Value& value);

// [[key, value], ...] as normalised by lib/config.ts.
std::vector<std::pair<std::string, std::string>> ToPairs(const Napi::Value& value);

// The elements of a typed array. `type` must be the array's, otherwise this throws a TypeError that names `what`.
struct TypedView {
  void* data;
  size_t length;  // in elements
};
TypedView ToTypedView(const Napi::Value& value, napi_typedarray_type type, const char* what);

// Memory from malloc, which JavaScript can take over.
struct FreeDelete {
  void operator()(void* memory) const { std::free(memory); }
};
struct Block {
  std::unique_ptr<void, FreeDelete> data;
  size_t size = 0;
};

// Wraps the block in an ArrayBuffer that frees it; copies a small one, and any where the runtime forbids external
// buffers. Where this throws, the block still has its memory. `external`: is it the block's own memory?
Napi::ArrayBuffer TakeAsArrayBuffer(Napi::Env env, Block& block, bool* external = nullptr);

}  // namespace seekafka
