// Admin requests about the records of partitions.
#include "admin.h"

namespace seekafka {

namespace {

// deleteRecords(id, timeout ms, flat list): everything before each row's offset.
ErrorData BuildDeleteRecords(const AdminCall& call) {
  const Rd<rd_kafka_DeleteRecords_t> request(rd_kafka_DeleteRecords_new(ToPartitionList(call.info[2]).get()));
  auto* raw = request.get();
  rd_kafka_DeleteRecords(call.rk, &raw, 1, call.options, call.queue);
  return {};
}

void ReadDeleteRecords(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  reply["rows"] = ToJs(env, ToRows(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event))));
}

}  // namespace

const AdminRequest kDeleteRecords = {
    "deleteRecords",  RD_KAFKA_ADMIN_OP_DELETERECORDS, RD_KAFKA_EVENT_DELETERECORDS_RESULT, true, BuildDeleteRecords,
    ReadDeleteRecords};

}  // namespace seekafka
