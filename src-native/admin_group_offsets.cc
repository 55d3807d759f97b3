// Admin requests about the offsets that groups have committed.
#include <cstring>

#include "admin_values.h"

namespace seekafka {

namespace {

// listConsumerGroupOffsets(id, timeout ms, flat list or null, group, require stable): null is every partition of which
// the group has committed an offset
ErrorData BuildListConsumerGroupOffsets(const AdminCall& call) {
  const int stable = IsTrue(call.info[4]) ? 1 : 0;
  if (auto refused = TakeError(rd_kafka_AdminOptions_set_require_stable_offsets(call.options, stable))) return refused;
  const auto list = call.info[2].IsNull() ? PartitionList() : ToPartitionList(call.info[2]);
  const Rd<rd_kafka_ListConsumerGroupOffsets_t> request(
      rd_kafka_ListConsumerGroupOffsets_new(ToString(call.info[3]).c_str(), list.get()));
  auto* raw = request.get();
  rd_kafka_ListConsumerGroupOffsets(call.rk, &raw, 1, call.options, call.queue);
  return {};
}

// Requests of one group are answered by an array of one. Rows have `metadata` and `leaderEpoch` where there is one.
void ReadGroup(Napi::Env env, const rd_kafka_group_result_t* const* groups, size_t count, ErrorData& error,
               Napi::Object reply) {
  if (count == 0) return;
  if (const auto* failed = rd_kafka_group_result_error(groups[0])) error = ErrorOf(failed);
  const auto* list = rd_kafka_group_result_partitions(groups[0]);
  const auto rows = ToJs(env, ToRows(list));
  for (uint32_t i = 0; list && i < rows.Length(); i++) {
    const auto& row = list->elems[i];
    auto item = rows.Get(i).As<Napi::Object>();
    if (row.metadata_size > 0)
      item["metadata"] = Napi::String::New(env, static_cast<const char*>(row.metadata), row.metadata_size);
    const auto epoch = rd_kafka_topic_partition_get_leader_epoch(&row);
    if (epoch >= 0) item["leaderEpoch"] = epoch;
  }
  reply["rows"] = rows;
}

void ReadListConsumerGroupOffsets(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto groups =
      rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  ReadGroup(env, groups, count, error, reply);
}

// alterGroupOffsets(id, timeout ms, group, [{topic, partition, offset, metadata?, leaderEpoch?}])
ErrorData BuildAlterGroupOffsets(const AdminCall& call) {
  const auto array = ToArray(call.info[3], "offsets");
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(array.Length())));
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    auto* row = rd_kafka_topic_partition_list_add(list.get(), ToString(item.Get("topic")).c_str(),
                                                  ToInt32(item.Get("partition")));
    row->offset = ToInt64(item.Get("offset"));
    if (!item.Get("leaderEpoch").IsUndefined())
      rd_kafka_topic_partition_set_leader_epoch(row, ToInt32(item.Get("leaderEpoch")));
    if (item.Get("metadata").IsUndefined()) continue;
    const auto metadata = ToString(item.Get("metadata"));
    row->metadata = std::malloc(metadata.size() + 1);  // the list frees it
    if (!row->metadata) return MakeError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE);
    std::memcpy(row->metadata, metadata.c_str(), metadata.size() + 1);
    row->metadata_size = metadata.size();
  }
  const Rd<rd_kafka_AlterConsumerGroupOffsets_t> request(
      rd_kafka_AlterConsumerGroupOffsets_new(ToString(call.info[2]).c_str(), list.get()));
  auto* raw = request.get();
  rd_kafka_AlterConsumerGroupOffsets(call.rk, &raw, 1, call.options, call.queue);
  return {};
}

void ReadAlterGroupOffsets(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto groups =
      rd_kafka_AlterConsumerGroupOffsets_result_groups(rd_kafka_event_AlterConsumerGroupOffsets_result(event), &count);
  ReadGroup(env, groups, count, error, reply);
}

// deleteGroupOffsets(id, timeout ms, group, flat list)
ErrorData BuildDeleteGroupOffsets(const AdminCall& call) {
  const Rd<rd_kafka_DeleteConsumerGroupOffsets_t> request(
      rd_kafka_DeleteConsumerGroupOffsets_new(ToString(call.info[2]).c_str(), ToPartitionList(call.info[3]).get()));
  auto* raw = request.get();
  rd_kafka_DeleteConsumerGroupOffsets(call.rk, &raw, 1, call.options, call.queue);
  return {};
}

void ReadDeleteGroupOffsets(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto groups = rd_kafka_DeleteConsumerGroupOffsets_result_groups(
      rd_kafka_event_DeleteConsumerGroupOffsets_result(event), &count);
  ReadGroup(env, groups, count, error, reply);
}

}  // namespace

const AdminRequest kListConsumerGroupOffsets = {"listConsumerGroupOffsets",
                                                RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                                                RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT,
                                                false,
                                                BuildListConsumerGroupOffsets,
                                                ReadListConsumerGroupOffsets};
const AdminRequest kAlterConsumerGroupOffsets = {"alterGroupOffsets",
                                                 RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS,
                                                 RD_KAFKA_EVENT_ALTERCONSUMERGROUPOFFSETS_RESULT,
                                                 false,
                                                 BuildAlterGroupOffsets,
                                                 ReadAlterGroupOffsets};
const AdminRequest kDeleteConsumerGroupOffsets = {"deleteGroupOffsets",
                                                  RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS,
                                                  RD_KAFKA_EVENT_DELETECONSUMERGROUPOFFSETS_RESULT,
                                                  false,
                                                  BuildDeleteGroupOffsets,
                                                  ReadDeleteGroupOffsets};

}  // namespace seekafka
