// Lists of partitions across the border: a flat JavaScript array [topic, partition, offset, topic, partition, offset,
// ...].
#pragma once

#include <string>
#include <vector>

#include "error.h"

namespace seekafka {

struct PartitionRow {
  std::string topic;
  int32_t partition;
  int64_t offset;
  ErrorData error;
};

PartitionList ToPartitionList(const Napi::Value& flat);
std::vector<PartitionRow> ToRows(const rd_kafka_topic_partition_list_t* list);
// [{topic, partition, offset, error?}, ...]. An offset that a number cannot hold becomes an error of its row.
Napi::Array ToJs(Napi::Env env, const std::vector<PartitionRow>& rows);
// The record that answers call `id`: {type: 'reply', id, error, rows}.
Napi::Object ReplyToJs(Napi::Env env, uint32_t id, const ErrorData& error, const std::vector<PartitionRow>& rows);

}  // namespace seekafka
