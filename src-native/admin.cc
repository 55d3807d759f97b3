#include "admin.h"

namespace seekafka {

// The family files define constants that need no code to be initialised, so the order in which those are initialised
// does not matter.
const AdminRequestTable& AdminRequests() {
  static const AdminRequestTable table = {kCreateTopics,
                                          kDeleteTopics,
                                          kCreatePartitions,
                                          kDescribeTopics,
                                          kDeleteRecords,
                                          kListOffsets,
                                          kListConsumerGroupOffsets,
                                          kAlterConsumerGroupOffsets,
                                          kDeleteConsumerGroupOffsets,
                                          kDescribeConfigs,
                                          kIncrementalAlterConfigs,
                                          kListConsumerGroups,
                                          kDescribeConsumerGroups,
                                          kDeleteGroups,
                                          kDescribeCluster,
                                          kElectLeaders,
                                          kCreateAcls,
                                          kDescribeAcls,
                                          kDeleteAcls,
                                          kDescribeUserScramCredentials,
                                          kAlterUserScramCredentials};
  return table;
}

const AdminRequest* FindAdminRequest(rd_kafka_event_t* event) {
  const auto type = rd_kafka_event_type(event);
  for (const auto& request : AdminRequests()) {
    if (request.event == type) return &request;
  }
  return nullptr;
}

ErrorData SendAdminRequest(const AdminRequest& request, const Napi::CallbackInfo& info, rd_kafka_t* rk,
                           rd_kafka_queue_t* queue) {
  const auto id = static_cast<uintptr_t>(ToUint32(info[0]));
  const int timeout_ms = ToInt32(info[1]);
  const Rd<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(rk, request.operation));
  char errstr[256] = "";
  if (const auto code = rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, errstr, sizeof errstr))
    return MakeError(code, errstr);
  if (request.has_operation_timeout) {
    if (const auto code = rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, errstr, sizeof errstr))
      return MakeError(code, errstr);
  }
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(id));
  return request.build({info, rk, options.get(), queue});
}

uint32_t AdminReplyId(rd_kafka_event_t* event) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event)));
}

Napi::Object AdminReplyToJs(Napi::Env env, rd_kafka_event_t* event) {
  auto out = Napi::Object::New(env);
  out["type"] = "reply";
  out["id"] = AdminReplyId(event);
  out["rows"] = Napi::Array::New(env);
  auto error = MakeError(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  if (const auto* request = FindAdminRequest(event)) request->read(env, event, error, out);
  out["error"] = ToJs(env, error);
  return out;
}

}  // namespace seekafka
