// Admin requests about the offsets of logs.
#include "admin.h"

namespace seekafka {

namespace {

// listOffsets(id, timeout ms, flat list, read committed): the offset of each row is the specification
// (-3 the largest timestamp, -2 earliest, -1 latest, or a timestamp). Rows have `timestamp` besides.
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
  const auto out = ToJs(env, rows);
  for (uint32_t i = 0; i < count; i++)
    out.Get(i).As<Napi::Object>()["timestamp"] =
        static_cast<double>(rd_kafka_ListOffsetsResultInfo_timestamp(infos[i]));
  reply["rows"] = out;
}

}  // namespace

const AdminRequest kListOffsets = {
    "listOffsets",  RD_KAFKA_ADMIN_OP_LISTOFFSETS, RD_KAFKA_EVENT_LISTOFFSETS_RESULT, false, BuildListOffsets,
    ReadListOffsets};

}  // namespace seekafka
