#include "napi_util.h"

#include <cstdlib>
#include <cstring>

namespace seekafka {

namespace {

// Below that, making an external buffer and finalizing it takes longer than a copy.
constexpr size_t kCheaplyCopied = 8 * 1024;

}  // namespace

std::vector<std::string> ToStrings(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::string> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) out.push_back(ToString(array.Get(i)));
  return out;
}

std::vector<std::pair<std::string, std::string>> ToPairs(const Napi::Value& value) {
  const auto array = value.As<Napi::Array>();
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto pair = array.Get(i).As<Napi::Array>();
    out.emplace_back(ToString(pair.Get(uint32_t{0})), ToString(pair.Get(1)));
  }
  return out;
}

Napi::ArrayBuffer TakeAsArrayBuffer(Napi::Env env, void* data, size_t size) {
  if (size > kCheaplyCopied) {
    napi_value value = nullptr;
    const napi_status status = napi_create_external_arraybuffer(
        env, data, size, [](napi_env, void* memory, void*) { std::free(memory); }, nullptr, &value);
    if (status == napi_ok) return Napi::ArrayBuffer(env, value);
  }
  auto copy = Napi::ArrayBuffer::New(env, size);
  std::memcpy(copy.Data(), data, size);
  std::free(data);
  return copy;
}

}  // namespace seekafka
