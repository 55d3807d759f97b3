#include "napi_util.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace seekafka {

namespace {

// Below that, making an external buffer and finalizing it takes longer than a copy.
constexpr size_t kCheaplyCopied = 8 * 1024;

double ToInteger(const Napi::Value& value, double least, double most) {
  const double number = value.As<Napi::Number>().DoubleValue();
  if (number >= least && number <= most && std::trunc(number) == number) return number;  // NaN fails the comparisons
  throw Napi::RangeError::New(value.Env(), "a number is no integer of its range: " + std::to_string(number));
}

}  // namespace

int32_t ToInt32(const Napi::Value& value) {
  using Limits = std::numeric_limits<int32_t>;
  return static_cast<int32_t>(ToInteger(value, Limits::min(), Limits::max()));
}

uint32_t ToUint32(const Napi::Value& value) {
  return static_cast<uint32_t>(ToInteger(value, 0, std::numeric_limits<uint32_t>::max()));
}

int64_t ToInt64(const Napi::Value& value) {
  constexpr auto kMost = static_cast<double>(kMaxSafeInteger);
  return static_cast<int64_t>(ToInteger(value, -kMost, kMost));
}

Napi::Array ToArray(const Napi::Value& value, const char* what) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), std::string(what) + ": not an array");
  return value.As<Napi::Array>();
}

std::vector<std::string> ToStrings(const Napi::Value& value) {
  const auto array = ToArray(value, "strings");
  std::vector<std::string> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) out.push_back(ToString(array.Get(i)));
  return out;
}

std::vector<std::pair<std::string, std::string>> ToPairs(const Napi::Value& value) {
  const auto array = ToArray(value, "pairs");
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto pair = ToArray(array.Get(i), "a pair");
    out.emplace_back(ToString(pair.Get(uint32_t{0})), ToString(pair.Get(1)));
  }
  return out;
}

TypedView ToTypedView(const Napi::Value& value, napi_typedarray_type type, const char* what) {
  napi_typedarray_type found = napi_int8_array;
  TypedView view{nullptr, 0};
  if (value.IsTypedArray()) {
    const napi_status status =
        napi_get_typedarray_info(value.Env(), value, &found, &view.length, &view.data, nullptr, nullptr);
    if (status == napi_ok && found == type) return view;
  }
  throw Napi::TypeError::New(value.Env(), std::string(what) + ": not the typed array that it has to be");
}

Napi::ArrayBuffer TakeAsArrayBuffer(Napi::Env env, Block& block, bool* external) {
  if (external) *external = false;
  if (block.size > kCheaplyCopied) {
    napi_value value = nullptr;
    const napi_status status = napi_create_external_arraybuffer(
        env, block.data.get(), block.size, [](napi_env, void* memory, void*) { std::free(memory); }, nullptr, &value);
    if (status == napi_ok) {
      block.data.release();
      if (external) *external = true;
      return Napi::ArrayBuffer(env, value);
    }
  }
  auto copy = Napi::ArrayBuffer::New(env, block.size);
  if (block.size) std::memcpy(copy.Data(), block.data.get(), block.size);
  block.data.reset();
  return copy;
}

}  // namespace seekafka
