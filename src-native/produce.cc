#include "produce.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <vector>

namespace seekafka {

namespace {

void* ToOpaque(uint32_t batch, uint32_t index) {
  return reinterpret_cast<void*>((static_cast<uintptr_t>(batch) << 32) | index);
}
static_assert(sizeof(void*) == 8, "a delivery report's opaque holds two 32-bit numbers");

int32_t ReadInt32(const uint8_t* at) {
  int32_t value = 0;
  std::memcpy(&value, at, sizeof value);
  return value;
}

[[noreturn]] void Violated(Napi::Env env, const char* what) {
  throw Napi::RangeError::New(env, std::string("produce: the packed messages are wrong: ") + what);
}

// Whether the bytes [at, end) are headers and nothing else.
bool AreHeaders(const uint8_t* at, const uint8_t* end) {
  while (at < end) {
    for (const bool is_name : {true, false}) {
      if (end - at < 4) return false;
      const int32_t length = ReadInt32(at);
      at += 4;
      if (length < (is_name ? 0 : -1) || length > end - at) return false;
      if (length > 0) at += length;
    }
  }
  return true;
}

// What produce() was given, in C++.
struct Packed {
  const int32_t* fields = nullptr;
  const double* timestamps = nullptr;
  const uint8_t* payload = nullptr;
  uint32_t count = 0;
  uint32_t first = 0;
};

constexpr size_t kFields = 5;

// Throws a RangeError unless every index and length lies within what there is: nothing of a wrong batch is produced.
Packed Read(const Napi::CallbackInfo& info, size_t topic_count) {
  const auto env = info.Env();
  const auto fields = ToTypedView(info[1], napi_int32_array, "fields");
  const auto timestamps = ToTypedView(info[2], napi_float64_array, "timestamps");
  const auto payload = ToTypedView(info[3], napi_uint8_array, "payload");
  Packed packed;
  packed.fields = static_cast<const int32_t*>(fields.data);
  packed.timestamps = static_cast<const double*>(timestamps.data);
  packed.payload = static_cast<const uint8_t*>(payload.data);
  packed.count = static_cast<uint32_t>(fields.length / kFields);
  packed.first = ToUint32(info[5]);
  if (fields.length % kFields != 0) Violated(env, "the number of fields");
  if (timestamps.length < packed.count) Violated(env, "the number of timestamps");
  if (packed.first > packed.count) Violated(env, "the first message");

  const uint8_t* at = packed.payload;
  const uint8_t* const end = at + payload.length;
  const int32_t* field = packed.fields;
  for (uint32_t i = 0; i < packed.count; i++, field += kFields) {
    if (field[0] < 0 || static_cast<size_t>(field[0]) >= topic_count) Violated(env, "the index of a topic");
    if (field[2] < 0 || field[3] < -1 || field[4] < -1) Violated(env, "a length");
    const uint8_t* const headers = at;
    for (const int32_t length : {field[2], field[3], field[4]}) {
      if (length > end - at) Violated(env, "a length is beyond the payload");
      if (length > 0) at += length;
    }
    if (field[2] && !AreHeaders(headers, headers + field[2])) Violated(env, "headers");
  }
  return packed;
}

// The bytes [at, at + length), which are headers.
rd_kafka_resp_err_t ReadHeaders(const uint8_t* at, size_t length, Rd<rd_kafka_headers_t>& headers) {
  headers.reset(rd_kafka_headers_new(4));
  const uint8_t* const end = at + length;
  while (at < end) {
    const int32_t name_length = ReadInt32(at);
    const char* name = reinterpret_cast<const char*>(at + 4);
    at += 4 + name_length;
    const int32_t value_length = ReadInt32(at);
    at += 4;
    const auto code = rd_kafka_header_add(headers.get(), name, name_length, value_length < 0 ? nullptr : at,
                                          value_length < 0 ? -1 : value_length);
    if (code) return code;
    if (value_length > 0) at += value_length;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct Topic {
  rd_kafka_topic_t* handle;
  ErrorData refused;  // why there is no handle
};

std::vector<Topic> OpenTopics(rd_kafka_t* rk, TopicHandles& handles, const std::vector<std::string>& names,
                              int64_t now_ms) {
  std::vector<Topic> topics;
  topics.reserve(names.size());
  for (const auto& name : names) {
    Topic topic{handles.Get(rk, name, now_ms), {}};
    if (!topic.handle) topic.refused = MakeError(rd_kafka_last_error());
    topics.push_back(std::move(topic));
  }
  return topics;
}

}  // namespace

rd_kafka_topic_t* TopicHandles::Get(rd_kafka_t* rk, const std::string& topic, int64_t now_ms) {
  const auto known = topics_.find(topic);
  if (known != topics_.end()) {
    known->second.used_ms = now_ms;
    return known->second.handle.get();
  }
  LetGoOfUnused(now_ms);
  Rd<rd_kafka_topic_t> handle(rd_kafka_topic_new(rk, topic.c_str(), nullptr));
  if (!handle) return nullptr;
  return topics_.emplace(topic, Entry{std::move(handle), now_ms}).first->second.handle.get();
}

// Messages that wait hold their topic by themselves.
void TopicHandles::LetGoOfUnused(int64_t now_ms) {
  constexpr int64_t kUnusedMs = 10000;
  constexpr int64_t kLookEveryMs = 1000;
  const auto since = [now_ms](int64_t then) { return std::abs(now_ms - then); };  // a clock may be set back
  if (since(looked_ms_) < kLookEveryMs) return;
  looked_ms_ = now_ms;
  for (auto at = topics_.begin(); at != topics_.end();)
    at = since(at->second.used_ms) > kUnusedMs ? topics_.erase(at) : std::next(at);
}

Napi::Value Produce(const Napi::CallbackInfo& info, rd_kafka_t* rk, TopicHandles& handles) {
  const auto env = info.Env();
  const auto names = ToStrings(info[0]);
  const auto packed = Read(info, names.size());
  // librdkafka would ask the clock for each message.
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  const auto topics = OpenTopics(rk, handles, names, now_ms);
  const uint32_t batch = ToUint32(info[4]);

  ErrorData error;
  uint32_t accepted = 0;
  const int32_t* fields = packed.fields;
  const uint8_t* at = packed.payload;
  for (uint32_t i = 0; i < packed.count; i++, fields += kFields) {
    const int32_t headers_length = fields[2];
    const int32_t key_length = fields[3];
    const int32_t value_length = fields[4];
    const uint8_t* const headers_at = at;
    const uint8_t* const key = headers_at + headers_length;
    const uint8_t* const value = key + (key_length > 0 ? key_length : 0);
    at = value + (value_length > 0 ? value_length : 0);
    if (i < packed.first) continue;

    const auto& topic = topics[static_cast<size_t>(fields[0])];
    if (!topic.handle) {
      error = topic.refused;
      break;
    }
    rd_kafka_vu_t vus[8];
    size_t n = 0;
    vus[n].vtype = RD_KAFKA_VTYPE_RKT;
    vus[n++].u.rkt = topic.handle;
    vus[n].vtype = RD_KAFKA_VTYPE_PARTITION;
    vus[n++].u.i32 = fields[1];
    vus[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    vus[n++].u.i = RD_KAFKA_MSG_F_COPY;
    vus[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
    vus[n++].u.ptr = ToOpaque(batch, i);
    vus[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    vus[n++].u.i64 = packed.timestamps[i] >= 0 ? static_cast<int64_t>(packed.timestamps[i]) : now_ms;
    vus[n].vtype = RD_KAFKA_VTYPE_KEY;
    vus[n].u.mem.ptr = key_length < 0 ? nullptr : const_cast<uint8_t*>(key);
    vus[n++].u.mem.size = key_length < 0 ? 0 : static_cast<size_t>(key_length);
    vus[n].vtype = RD_KAFKA_VTYPE_VALUE;
    vus[n].u.mem.ptr = value_length < 0 ? nullptr : const_cast<uint8_t*>(value);
    vus[n++].u.mem.size = value_length < 0 ? 0 : static_cast<size_t>(value_length);
    Rd<rd_kafka_headers_t> headers;
    if (headers_length > 0) {
      if (const auto code = ReadHeaders(headers_at, static_cast<size_t>(headers_length), headers)) {
        error = MakeError(code);
        break;
      }
      vus[n].vtype = RD_KAFKA_VTYPE_HEADERS;
      vus[n++].u.headers = headers.get();
    }
    error = TakeError(rd_kafka_produceva(rk, vus, n));
    if (error) break;
    headers.release();  // librdkafka's now
    accepted++;
  }
  auto out = Napi::Object::New(env);
  out["accepted"] = accepted;
  out["error"] = ToJs(env, error);
  return out;
}

Napi::Object DeliveryReports(Napi::Env env, const std::vector<Rd<rd_kafka_event_t>>& events,
                             std::vector<const rd_kafka_message_t*>& messages) {
  if (messages.empty()) {
    size_t count = 0;
    for (const auto& event : events) count += rd_kafka_event_message_count(event.get());
    messages.resize(count);
    size_t got = 0;
    for (const auto& event : events)
      got += rd_kafka_event_message_array(event.get(), messages.data() + got, count - got);
    messages.resize(got);
  }
  const size_t got = messages.size();
  auto fields = Napi::Int32Array::New(env, got * 4);
  auto numbers = Napi::Float64Array::New(env, got * 2);
  int32_t* field = fields.Data();
  double* number = numbers.Data();
  for (size_t i = 0; i < got; i++) {
    const auto* message = messages[i];
    const auto opaque = reinterpret_cast<uintptr_t>(message->_private);
    *field++ = static_cast<int32_t>(opaque >> 32);
    *field++ = static_cast<int32_t>(opaque & 0xffffffffu);
    *field++ = message->partition;
    *field++ = message->err;
    *number++ = static_cast<double>(message->offset);
    *number++ = static_cast<double>(rd_kafka_message_timestamp(message, nullptr));
  }
  auto out = Napi::Object::New(env);
  out["type"] = "delivery";
  out["fields"] = fields;
  out["numbers"] = numbers;
  return out;
}

}  // namespace seekafka
