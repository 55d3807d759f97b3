// Messages packed into one block of memory, so that a batch crosses into JavaScript as a single ArrayBuffer:
//
//   Float64[count * 2]   offset, timestamp (ms, -1: none)
//   Int32[count * 6]     partition id, payload start, headers length * 4 + timestamp type, key length, value length,
//                        leader epoch                     (a length of -1: null)
//   Int32[runs * 3]      partition id, first message, end (runs of consecutive messages of one partition)
//   bytes                per message: headers, key, value; "payload start" counts from here
//
// A header is Int32 name length, name, Int32 value length (-1: null), value; little endian, unaligned.
// binding/batch-layout.ts is the other half of this contract.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "partitions.h"

namespace seekafka {

// The small integers that the facade gives to its partitions, so that no topic name crosses with a batch.
class PartitionIds {
 public:
  void Set(const std::string& topic, int32_t partition, int32_t id);
  // -1: a partition that the facade never assigned.
  int32_t Find(const rd_kafka_message_t& message);

 private:
  std::unordered_map<std::string, std::vector<int32_t>> ids_;
};

struct PackedBatch {
  void* data = nullptr;  // from malloc; handed to JavaScript, or freed by FreeBatch
  size_t size = 0;
  uint32_t count = 0;
  uint32_t runs = 0;
  size_t payload_bytes = 0;
};

// Packs the messages; error pseudo-messages go to `errors` (offset: the one librdkafka tells with the error).
// Borrows `messages`.
PackedBatch Pack(rd_kafka_message_t* const* messages, size_t count, PartitionIds& ids,
                 std::vector<PartitionRow>& errors);

}  // namespace seekafka
