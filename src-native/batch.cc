#include "batch.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace seekafka {

void PartitionIds::Set(const std::string& topic, int32_t partition, int32_t id) {
  auto& row = ids_[topic];
  if (row.size() <= static_cast<size_t>(partition)) row.resize(static_cast<size_t>(partition) + 1, -1);
  row[static_cast<size_t>(partition)] = id;
}

int32_t PartitionIds::Find(const rd_kafka_message_t& message) {
  const auto it = ids_.find(rd_kafka_topic_name(message.rkt));
  if (it == ids_.end() || message.partition < 0) return -1;
  const auto index = static_cast<size_t>(message.partition);
  return index < it->second.size() ? it->second[index] : -1;
}

namespace {

struct Run {
  int32_t id;
  int32_t first;
  int32_t end;
};

template <typename Visit>
void ForEachHeader(const rd_kafka_message_t* message, Visit visit) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR || !headers) return;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
    visit(name, value, size);
}

size_t HeadersLength(const rd_kafka_message_t* message) {
  size_t length = 0;
  ForEachHeader(message, [&](const char* name, const void* value, size_t size) {
    length += 8 + std::strlen(name) + (value ? size : 0);
  });
  return length;
}

uint8_t* PutInt32(uint8_t* at, int32_t value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

uint8_t* PutBytes(uint8_t* at, const void* bytes, size_t size) {
  if (size) std::memcpy(at, bytes, size);
  return at + size;
}

int32_t TimestampTypeCode(rd_kafka_timestamp_type_t type) {
  return type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? 1 : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? 2 : 0;
}

}  // namespace

PackedBatch Pack(rd_kafka_message_t* const* messages, size_t count, PartitionIds& ids,
                 std::vector<PartitionRow>& errors) {
  std::vector<Run> runs;
  std::vector<const rd_kafka_message_t*> kept;
  std::vector<uint32_t> header_lengths;
  kept.reserve(count);
  header_lengths.reserve(count);
  size_t payload = 0;
  const rd_kafka_topic_t* last_topic = nullptr;
  int32_t last_partition = -1;
  for (size_t i = 0; i < count; i++) {
    const auto* message = messages[i];
    if (message->err || message->offset > kMaxSafeInteger) {
      const auto error = message->err ? MakeError(message->err, rd_kafka_message_errstr(message))
                                      : MakeError(RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION,
                                                  "the message's offset is beyond Number.MAX_SAFE_INTEGER");
      errors.push_back(
          {message->rkt ? rd_kafka_topic_name(message->rkt) : "", message->partition, message->offset, error});
      continue;
    }
    if (message->rkt != last_topic || message->partition != last_partition) {
      const int32_t id = ids.Find(*message);
      if (!runs.empty()) runs.back().end = static_cast<int32_t>(kept.size());
      runs.push_back({id, static_cast<int32_t>(kept.size()), 0});
      last_topic = message->rkt;
      last_partition = message->partition;
    }
    const size_t headers = HeadersLength(message);
    kept.push_back(message);
    header_lengths.push_back(static_cast<uint32_t>(headers));
    payload += headers + (message->key ? message->key_len : 0) + (message->payload ? message->len : 0);
  }
  PackedBatch batch;
  if (kept.empty()) return batch;
  runs.back().end = static_cast<int32_t>(kept.size());

  const size_t n = kept.size();
  batch.count = static_cast<uint32_t>(n);
  batch.runs = static_cast<uint32_t>(runs.size());
  batch.payload_bytes = payload;
  batch.size = n * 16 + n * 24 + runs.size() * 12 + payload;
  batch.data = std::malloc(batch.size);
  if (!batch.data) throw std::bad_alloc();

  auto* numbers = static_cast<double*>(batch.data);
  auto* fields = reinterpret_cast<int32_t*>(numbers + n * 2);
  auto* run_fields = fields + n * 6;
  auto* const payload_start = reinterpret_cast<uint8_t*>(run_fields + runs.size() * 3);
  auto* at = payload_start;

  for (const auto& run : runs) {
    *run_fields++ = run.id;
    *run_fields++ = run.first;
    *run_fields++ = run.end;
  }
  size_t run_index = 0;
  for (size_t i = 0; i < n; i++) {
    const auto* message = kept[i];
    while (static_cast<size_t>(runs[run_index].end) <= i) run_index++;
    rd_kafka_timestamp_type_t timestamp_type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t timestamp = rd_kafka_message_timestamp(message, &timestamp_type);
    *numbers++ = static_cast<double>(message->offset);
    *numbers++ = static_cast<double>(timestamp);
    *fields++ = runs[run_index].id;
    *fields++ = static_cast<int32_t>(at - payload_start);
    *fields++ = static_cast<int32_t>(header_lengths[i] * 4 + static_cast<uint32_t>(TimestampTypeCode(timestamp_type)));
    *fields++ = message->key ? static_cast<int32_t>(message->key_len) : -1;
    *fields++ = message->payload ? static_cast<int32_t>(message->len) : -1;
    *fields++ = rd_kafka_message_leader_epoch(message);
    if (header_lengths[i]) {
      ForEachHeader(message, [&](const char* name, const void* value, size_t size) {
        const size_t name_length = std::strlen(name);
        at = PutInt32(at, static_cast<int32_t>(name_length));
        at = PutBytes(at, name, name_length);
        at = PutInt32(at, value ? static_cast<int32_t>(size) : -1);
        if (value) at = PutBytes(at, value, size);
      });
    }
    if (message->key) at = PutBytes(at, message->key, message->key_len);
    if (message->payload) at = PutBytes(at, message->payload, message->len);
  }
  return batch;
}

}  // namespace seekafka
