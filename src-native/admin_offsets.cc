// Admin requests about offsets: of logs, and those that groups have committed.
#include "admin.h"

namespace seekafka {

namespace {

// listOffsets(id, timeout ms, flat list, read committed): the offset of each row is the specification
// (-2 earliest, -1 latest, or a timestamp).
ErrorData BuildListOffsets(const AdminCall& call) {
  const auto level = call.info[3].As<Napi::Boolean>().Value() ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                                              : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
  if (auto refused = TakeError(rd_kafka_AdminOptions_set_isolation_level(call.options, level))) return refused;
  rd_kafka_ListOffsets(call.rk, ToPartitionList(call.info[2]).get(), call.options, call.queue);
  return {};
}

void ReadListOffsets(Napi::Env env, rd_kafka_event_t* event, ErrorData&, Napi::Object reply) {
  size_t count = 0;
  const auto* infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
  std::vector<PartitionRow> rows;
  for (size_t i = 0; i < count; i++) {
    const auto* row = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
    rows.push_back({row->topic, row->partition, row->offset, MakeError(row->err)});
  }
  reply["rows"] = ToJs(env, rows);
}

// listConsumerGroupOffsets(id, timeout ms, flat list, group, require stable)
ErrorData BuildListConsumerGroupOffsets(const AdminCall& call) {
  const int stable = call.info[4].As<Napi::Boolean>().Value() ? 1 : 0;
  if (auto refused = TakeError(rd_kafka_AdminOptions_set_require_stable_offsets(call.options, stable))) return refused;
  const auto list = ToPartitionList(call.info[2]);
  const Rd<rd_kafka_ListConsumerGroupOffsets_t> request(
      rd_kafka_ListConsumerGroupOffsets_new(ToString(call.info[3]).c_str(), list.get()));
  auto* raw = request.get();
  rd_kafka_ListConsumerGroupOffsets(call.rk, &raw, 1, call.options, call.queue);
  return {};
}

void ReadListConsumerGroupOffsets(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto* groups =
      rd_kafka_ListConsumerGroupOffsets_result_groups(rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
  if (count == 0) return;
  if (const auto* failed = rd_kafka_group_result_error(groups[0]))
    error = MakeError(rd_kafka_error_code(failed), rd_kafka_error_string(failed));
  reply["rows"] = ToJs(env, ToRows(rd_kafka_group_result_partitions(groups[0])));
}

}  // namespace

const AdminRequest kListOffsets = {
    "listOffsets",  RD_KAFKA_ADMIN_OP_LISTOFFSETS, RD_KAFKA_EVENT_LISTOFFSETS_RESULT, false, BuildListOffsets,
    ReadListOffsets};
const AdminRequest kListConsumerGroupOffsets = {"listConsumerGroupOffsets",
                                                RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS,
                                                RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT,
                                                false,
                                                BuildListConsumerGroupOffsets,
                                                ReadListConsumerGroupOffsets};

}  // namespace seekafka
