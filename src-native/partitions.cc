#include "partitions.h"

namespace seekafka {

PartitionList ToPartitionList(const Napi::Value& flat) {
  const auto array = ToArray(flat, "partitions");
  const uint32_t length = array.Length();
  if (length % 3 != 0) throw Napi::RangeError::New(flat.Env(), "partitions: there are not three values for each");
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(length / 3)));
  for (uint32_t i = 0; i < length; i += 3) {
    auto* row =
        rd_kafka_topic_partition_list_add(list.get(), ToString(array.Get(i)).c_str(), ToInt32(array.Get(i + 1)));
    row->offset = ToInt64(array.Get(i + 2));
  }
  return list;
}

std::vector<PartitionRow> ToRows(const rd_kafka_topic_partition_list_t* list) {
  std::vector<PartitionRow> rows;
  if (!list) return rows;
  rows.reserve(static_cast<size_t>(list->cnt));
  for (int i = 0; i < list->cnt; i++) {
    const auto& row = list->elems[i];
    rows.push_back({row.topic, row.partition, row.offset, MakeError(row.err)});
  }
  return rows;
}

Napi::Array ToJs(Napi::Env env, const std::vector<PartitionRow>& rows) {
  auto out = Napi::Array::New(env, rows.size());
  for (uint32_t i = 0; i < rows.size(); i++) {
    const auto& row = rows[i];
    auto item = Napi::Object::New(env);
    item["topic"] = row.topic;
    item["partition"] = row.partition;
    item["offset"] = static_cast<double>(row.offset);
    if (row.error) {
      item["error"] = ToJs(env, row.error);
    } else if (row.offset > kMaxSafeInteger) {
      item["error"] =
          ToJs(env, MakeError(RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION, "the offset is beyond Number.MAX_SAFE_INTEGER"));
    }
    out[i] = item;
  }
  return out;
}

Napi::Array ToJs(Napi::Env env, const std::vector<TopicRow>& rows) {
  auto out = Napi::Array::New(env, rows.size());
  for (uint32_t i = 0; i < rows.size(); i++) {
    auto item = Napi::Object::New(env);
    item["topic"] = rows[i].topic;
    if (rows[i].error) item["error"] = ToJs(env, rows[i].error);
    out[i] = item;
  }
  return out;
}

}  // namespace seekafka
