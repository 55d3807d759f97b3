#include "batch.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace seekafka {

namespace {

constexpr size_t kNumbersPerMessage = 2;
constexpr size_t kFieldsPerMessage = 6;
constexpr size_t kIntsPerRun = 3;
constexpr size_t kTableBytesPerMessage = kNumbersPerMessage * 8 + kFieldsPerMessage * 4;

// A batch is closed when its payload has reached this. What is polled is far less, unless messages suddenly are larger
// than those before.
constexpr size_t kEnoughPayload = 2 * 1024 * 1024;
// The tables hold lengths and places as Int32, and a JavaScript ArrayBuffer of 2 GiB is not to be had everywhere.
constexpr size_t kMostPayload = 0x7fff0000;

// Returns an error where the headers of the message cannot be read.
template <typename Visit>
rd_kafka_resp_err_t ForEachHeader(const rd_kafka_message_t& message, Visit visit) {
  rd_kafka_headers_t* headers = nullptr;
  const auto code = rd_kafka_message_headers(&message, &headers);
  if (code == RD_KAFKA_RESP_ERR__NOENT) return RD_KAFKA_RESP_ERR_NO_ERROR;
  if (code) return code;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
    visit(name, rd_kafka_header_name_size(headers, i), value, value ? size : 0);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

uint8_t* PutInt32(uint8_t* at, int32_t value) {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}

uint8_t* PutBytes(uint8_t* at, const void* bytes, size_t size) {
  if (size) std::memcpy(at, bytes, size);
  return at + size;
}

uint8_t* PutHeaders(uint8_t* at, const rd_kafka_message_t& message) {
  ForEachHeader(message, [&](const char* name, size_t name_length, const void* value, size_t value_length) {
    at = PutInt32(at, static_cast<int32_t>(name_length));
    at = PutBytes(at, name, name_length);
    at = PutInt32(at, value ? static_cast<int32_t>(value_length) : -1);
    at = PutBytes(at, value, value_length);
  });
  return at;
}

int32_t TimestampTypeCode(rd_kafka_timestamp_type_t type) {
  return type == RD_KAFKA_TIMESTAMP_CREATE_TIME ? 1 : type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? 2 : 0;
}

// Why a message cannot be packed.
ErrorData Refusal(const rd_kafka_message_t& message) {
  if (message.err) return MakeError(message.err, rd_kafka_message_errstr(&message));
  if (message.offset > kMaxSafeInteger) {
    return MakeError(RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION,
                     "the message's offset is beyond Number.MAX_SAFE_INTEGER");
  }
  if (const auto code = ForEachHeader(message, [](const char*, size_t, const void*, size_t) {}))
    return MakeError(code, "the message's headers cannot be read");
  return MakeError(RD_KAFKA_RESP_ERR__VALUE_DESERIALIZATION, "the message has 2 GiB or more");
}

Block Allocate(size_t size) {
  Block block;
  block.size = size;
  if (size == 0) return block;
  block.data.reset(std::malloc(size));
  if (!block.data) throw std::bad_alloc();
  return block;
}

}  // namespace

void PartitionIds::Set(const std::string& topic, int32_t partition, int32_t id) {
  if (ids_[topic].insert_or_assign(partition, id).second) size_++;
}

void PartitionIds::Remove(const std::string& topic, int32_t partition) {
  const auto of_topic = ids_.find(topic);
  if (of_topic == ids_.end()) return;
  size_ -= of_topic->second.erase(partition);
  if (of_topic->second.empty()) ids_.erase(of_topic);
}

void PartitionIds::Clear() {
  ids_.clear();
  size_ = 0;
}

int32_t PartitionIds::Find(std::string_view topic, int32_t partition) const noexcept {
  const auto of_topic = ids_.find(topic);
  if (of_topic == ids_.end()) return -1;
  const auto it = of_topic->second.find(partition);
  return it == of_topic->second.end() ? -1 : it->second;
}

std::vector<int32_t> PackedBatch::PartitionsIn() const {
  std::vector<int32_t> found;
  if (!tables.data) return found;
  const auto* run =
      reinterpret_cast<const int32_t*>(static_cast<const uint8_t*>(tables.data.get()) + count * kTableBytesPerMessage);
  for (uint32_t i = 0; i < runs; i++, run += kIntsPerRun) found.push_back(*run);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Measured Measure(const rd_kafka_message_t& message, const rd_kafka_message_t* before) {
  Measured measured;
  measured.new_run = !before || before->rkt != message.rkt || before->partition != message.partition;
  if (message.err) return measured;
  const auto unreadable =
      ForEachHeader(message, [&](const char*, size_t name_length, const void*, size_t value_length) {
        measured.headers += 8 + name_length + value_length;
      });
  measured.all = measured.headers + (message.key ? message.key_len : 0) + (message.payload ? message.len : 0);
  measured.packable = !unreadable && message.offset <= kMaxSafeInteger && measured.all <= kMostPayload;
  return measured;
}

size_t Pack(rd_kafka_message_t* const* messages, const Measured* measured, size_t count, const PartitionIds& ids,
            PackedBatch& batch, std::vector<PartitionRow>& errors) {
  size_t looked_at = 0;
  size_t kept = 0;
  size_t runs = 0;
  size_t payload = 0;
  bool new_run = true;
  for (; looked_at < count && payload < kEnoughPayload; looked_at++) {
    const auto& size = measured[looked_at];
    new_run = new_run || size.new_run;
    if (!size.packable) {
      const auto& message = *messages[looked_at];
      errors.push_back(
          {message.rkt ? rd_kafka_topic_name(message.rkt) : "", message.partition, message.offset, Refusal(message)});
      continue;
    }
    if (payload + size.all > kMostPayload) break;
    if (new_run) runs++;
    new_run = false;
    kept++;
    payload += size.all;
  }
  batch = {};
  if (kept == 0) return looked_at;

  batch.tables = Allocate(kept * kTableBytesPerMessage + runs * kIntsPerRun * 4);
  batch.payload = Allocate(payload);
  batch.count = static_cast<uint32_t>(kept);
  batch.runs = static_cast<uint32_t>(runs);

  auto* numbers = static_cast<double*>(batch.tables.data.get());
  auto* fields = reinterpret_cast<int32_t*>(numbers + kept * kNumbersPerMessage);
  auto* run = fields + kept * kFieldsPerMessage - kIntsPerRun;  // before the first run
  auto* const payload_start = static_cast<uint8_t*>(batch.payload.data.get());
  auto* at = payload_start;
  int32_t index = 0;
  new_run = true;
  for (size_t i = 0; i < looked_at; i++) {
    new_run = new_run || measured[i].new_run;
    if (!measured[i].packable) continue;
    const auto& message = *messages[i];
    if (new_run) {
      run += kIntsPerRun;
      run[0] = ids.Find(message);
      run[1] = index;
      new_run = false;
    }
    run[2] = ++index;
    rd_kafka_timestamp_type_t timestamp_type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const int64_t timestamp = rd_kafka_message_timestamp(&message, &timestamp_type);
    *numbers++ = static_cast<double>(message.offset);
    *numbers++ = static_cast<double>(timestamp);
    *fields++ = static_cast<int32_t>(at - payload_start);
    *fields++ = static_cast<int32_t>(measured[i].headers);
    *fields++ = message.key ? static_cast<int32_t>(message.key_len) : -1;
    *fields++ = message.payload ? static_cast<int32_t>(message.len) : -1;
    *fields++ = rd_kafka_message_leader_epoch(&message);
    *fields++ = TimestampTypeCode(timestamp_type);
    if (measured[i].headers) at = PutHeaders(at, message);
    if (message.key) at = PutBytes(at, message.key, message.key_len);
    if (message.payload) at = PutBytes(at, message.payload, message.len);
  }
  return looked_at;
}

}  // namespace seekafka
