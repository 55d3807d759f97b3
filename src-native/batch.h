// Messages packed into two blocks of memory, so that a batch crosses into JavaScript as two ArrayBuffers. The tables
// are apart from the payload: an application that overwrites or transfers the memory of a value cannot touch the
// offsets.
//
// Tables:
//   Float64[count * 2]   offset, timestamp (ms, -1: none)
//   Int32[count * 6]     payload start, headers length, key length, value length, leader epoch, timestamp type
//                        (a key length or value length of -1: null; timestamp type 0: none, 1: create, 2: append)
//   Int32[runs * 3]      partition id, first message, end (a run: consecutive messages of one partition)
// Payload:
//   bytes                per message: headers, key, value; "payload start" is where they begin
//
// A header is Int32 name length, name, Int32 value length (-1: null), value; little endian, unaligned.
// binding/batch-layout.ts is the other half of this contract.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "partitions.h"

namespace seekafka {

// The small integers that the facade gives to its partitions, so that no topic name crosses with a batch.
class PartitionIds {
 public:
  void Set(const std::string& topic, int32_t partition, int32_t id);
  void Remove(const std::string& topic, int32_t partition);
  void Clear();
  // -1: a partition that the facade has not assigned. Needs no memory.
  int32_t Find(std::string_view topic, int32_t partition) const noexcept;
  int32_t Find(const rd_kafka_message_t& message) const noexcept {
    return Find(rd_kafka_topic_name(message.rkt), message.partition);
  }
  size_t size() const { return size_; }

 private:
  std::map<std::string, std::unordered_map<int32_t, int32_t>, std::less<>> ids_;
  size_t size_ = 0;
};

struct PackedBatch {
  Block tables;
  Block payload;
  uint32_t count = 0;
  uint32_t runs = 0;

  // The ids of the partitions whose messages are in it. Reads the tables.
  std::vector<int32_t> PartitionsIn() const;
};

// What is known of a message before it is packed.
struct Measured {
  size_t headers = 0;  // bytes in the payload
  size_t all = 0;      // the same of headers, key and value
  bool packable = false;
  bool new_run = false;  // it is of another partition than the message before it
};
// `before` is null for the first message.
Measured Measure(const rd_kafka_message_t& message, const rd_kafka_message_t* before);

// Packs as many of the messages, from the first on, as fit into one batch, and returns how many it has looked at. An
// error pseudo-message, and a message that cannot be packed, goes to `errors` with its topic, partition and offset.
// Borrows `messages`; `measured` has what Measure said of each. Throws std::bad_alloc where there is no memory; nothing
// is packed then.
size_t Pack(rd_kafka_message_t* const* messages, const Measured* measured, size_t count, const PartitionIds& ids,
            PackedBatch& batch, std::vector<PartitionRow>& errors);

}  // namespace seekafka
