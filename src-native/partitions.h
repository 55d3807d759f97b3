// Lists of partitions and of topics across the border. Towards native code a list of partitions is a flat JavaScript
// array: [topic, partition, offset, topic, partition, offset, ...].
#pragma once

#include <string>
#include <vector>

#include "error.h"

namespace seekafka {

struct PartitionRow {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  ErrorData error;
};

struct TopicRow {
  std::string topic;
  ErrorData error;
};

// Throws a JavaScript RangeError where the array is no list of partitions, or a number is out of its range.
PartitionList ToPartitionList(const Napi::Value& flat);
std::vector<PartitionRow> ToRows(const rd_kafka_topic_partition_list_t* list);
// [{topic, partition, offset, error?}, ...]. An offset that a number cannot hold becomes an error of its row.
Napi::Array ToJs(Napi::Env env, const std::vector<PartitionRow>& rows);
// [{topic, error?}, ...]
Napi::Array ToJs(Napi::Env env, const std::vector<TopicRow>& rows);

}  // namespace seekafka
