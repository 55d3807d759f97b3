#include "produce.h"

#include <chrono>
#include <cstring>
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

Rd<rd_kafka_headers_t> ReadHeaders(const uint8_t* at, size_t length) {
  Rd<rd_kafka_headers_t> headers(rd_kafka_headers_new(4));
  const uint8_t* const end = at + length;
  while (at < end) {
    const int32_t name_length = ReadInt32(at);
    const char* name = reinterpret_cast<const char*>(at + 4);
    at += 4 + name_length;
    const int32_t value_length = ReadInt32(at);
    at += 4;
    rd_kafka_header_add(headers.get(), name, name_length, value_length < 0 ? nullptr : at,
                        value_length < 0 ? -1 : value_length);
    if (value_length > 0) at += value_length;
  }
  return headers;
}

}  // namespace

rd_kafka_topic_t* TopicHandles::Get(rd_kafka_t* rk, const std::string& topic) {
  auto& handle = topics_[topic];
  if (!handle) handle.reset(rd_kafka_topic_new(rk, topic.c_str(), nullptr));
  return handle.get();
}

Napi::Value Produce(const Napi::CallbackInfo& info, rd_kafka_t* rk, TopicHandles& handles) {
  const auto env = info.Env();
  std::vector<rd_kafka_topic_t*> topics;
  ErrorData error;
  for (const auto& name : ToStrings(info[0])) {
    topics.push_back(handles.Get(rk, name));
    if (!topics.back()) error = MakeError(rd_kafka_last_error());
  }
  const auto fields_array = info[1].As<Napi::Int32Array>();
  const int32_t* fields = fields_array.Data();
  const double* timestamps = info[2].As<Napi::Float64Array>().Data();
  const uint8_t* at = info[3].As<Napi::Uint8Array>().Data();
  const uint32_t batch = info[4].As<Napi::Number>().Uint32Value();
  const uint32_t first = info[5].As<Napi::Number>().Uint32Value();
  const auto count = static_cast<uint32_t>(fields_array.ElementLength() / 5);

  // librdkafka would ask the clock for each message.
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();

  uint32_t accepted = 0;
  for (uint32_t i = 0; i < count && !error; i++, fields += 5) {
    const int32_t headers_length = fields[2];
    const int32_t key_length = fields[3];
    const int32_t value_length = fields[4];
    const uint8_t* const headers_at = at;
    const uint8_t* const key = headers_at + headers_length;
    const uint8_t* const value = key + (key_length > 0 ? key_length : 0);
    at = value + (value_length > 0 ? value_length : 0);
    if (i < first) continue;

    rd_kafka_vu_t vus[8];
    size_t n = 0;
    vus[n].vtype = RD_KAFKA_VTYPE_RKT;
    vus[n++].u.rkt = topics[static_cast<size_t>(fields[0])];
    vus[n].vtype = RD_KAFKA_VTYPE_PARTITION;
    vus[n++].u.i32 = fields[1];
    vus[n].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    vus[n++].u.i = RD_KAFKA_MSG_F_COPY;
    vus[n].vtype = RD_KAFKA_VTYPE_OPAQUE;
    vus[n++].u.ptr = ToOpaque(batch, i);
    vus[n].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    vus[n++].u.i64 = timestamps[i] > 0 ? static_cast<int64_t>(timestamps[i]) : now_ms;
    vus[n].vtype = RD_KAFKA_VTYPE_KEY;
    vus[n].u.mem.ptr = key_length < 0 ? nullptr : const_cast<uint8_t*>(key);
    vus[n++].u.mem.size = key_length < 0 ? 0 : static_cast<size_t>(key_length);
    vus[n].vtype = RD_KAFKA_VTYPE_VALUE;
    vus[n].u.mem.ptr = value_length < 0 ? nullptr : const_cast<uint8_t*>(value);
    vus[n++].u.mem.size = value_length < 0 ? 0 : static_cast<size_t>(value_length);
    Rd<rd_kafka_headers_t> headers;
    if (headers_length > 0) {
      headers = ReadHeaders(headers_at, static_cast<size_t>(headers_length));
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

Napi::Object DeliveryReports(Napi::Env env, rd_kafka_event_t* event) {
  const size_t count = rd_kafka_event_message_count(event);
  std::vector<const rd_kafka_message_t*> messages(count);
  const size_t got = rd_kafka_event_message_array(event, messages.data(), count);
  auto fields = Napi::Int32Array::New(env, got * 4);
  auto numbers = Napi::Float64Array::New(env, got * 2);
  for (size_t i = 0; i < got; i++) {
    const auto* message = messages[i];
    const auto opaque = reinterpret_cast<uintptr_t>(message->_private);
    fields[i * 4] = static_cast<int32_t>(opaque >> 32);
    fields[i * 4 + 1] = static_cast<int32_t>(opaque & 0xffffffffu);
    fields[i * 4 + 2] = message->partition;
    fields[i * 4 + 3] = message->err;
    numbers[i * 2] = static_cast<double>(message->offset);
    numbers[i * 2 + 1] = static_cast<double>(rd_kafka_message_timestamp(message, nullptr));
  }
  auto out = Napi::Object::New(env);
  out["type"] = "delivery";
  out["fields"] = fields;
  out["numbers"] = numbers;
  return out;
}

}  // namespace seekafka
