// Admin requests. Each is sent with its id as the opaque, and answered by one event on the queue. They are a table, a
// file for each family of them (admin_topics.cc, admin_groups.cc, ...). binding/native-admin.ts declares what each
// takes and what its reply has.
#pragma once

#include <array>

#include "partitions.h"

namespace seekafka {

// What build functions send a request with.
struct AdminCall {
  const Napi::CallbackInfo& info;  // (id, timeout ms, ...)
  rd_kafka_t* rk;
  rd_kafka_AdminOptions_t* options;
  rd_kafka_queue_t* queue;
};

struct AdminRequest {
  const char* name;  // of the method in JavaScript
  rd_kafka_admin_op_t operation;
  rd_kafka_event_type_t event;  // the type of the result
  // Whether the controller is to be told within which time it shall have carried the request out.
  bool has_operation_timeout;
  // Reads the arguments and sends the request. An error is of the call itself; then nothing was sent.
  ErrorData (*build)(const AdminCall& call);
  // Fills the reply, a JavaScript object, with the rows of a result: `rows`, and what else there is. `error` is that of
  // the event, and may be replaced.
  void (*read)(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply);
};

// An array, whose end needs no code: what a destructor frees when the process ends, a thread of ours might still read.
using AdminRequestTable = std::array<AdminRequest, 21>;
const AdminRequestTable& AdminRequests();
// The request that an event is the result of; null for an event that is no result.
const AdminRequest* FindAdminRequest(rd_kafka_event_t* event);

ErrorData SendAdminRequest(const AdminRequest& request, const Napi::CallbackInfo& info, rd_kafka_t* rk,
                           rd_kafka_queue_t* queue);
// {type: 'reply', id, error, rows, ...} of a result.
Napi::Object AdminReplyToJs(Napi::Env env, rd_kafka_event_t* event);
uint32_t AdminReplyId(rd_kafka_event_t* event);

// The families.
extern const AdminRequest kCreateTopics;
extern const AdminRequest kDeleteTopics;
extern const AdminRequest kCreatePartitions;
extern const AdminRequest kDescribeTopics;
extern const AdminRequest kDeleteRecords;
extern const AdminRequest kListOffsets;
extern const AdminRequest kListConsumerGroupOffsets;
extern const AdminRequest kAlterConsumerGroupOffsets;
extern const AdminRequest kDeleteConsumerGroupOffsets;
extern const AdminRequest kDescribeConfigs;
extern const AdminRequest kIncrementalAlterConfigs;
extern const AdminRequest kListConsumerGroups;
extern const AdminRequest kDescribeConsumerGroups;
extern const AdminRequest kDeleteGroups;
extern const AdminRequest kDescribeCluster;
extern const AdminRequest kElectLeaders;
extern const AdminRequest kCreateAcls;
extern const AdminRequest kDescribeAcls;
extern const AdminRequest kDeleteAcls;
extern const AdminRequest kDescribeUserScramCredentials;
extern const AdminRequest kAlterUserScramCredentials;

}  // namespace seekafka
