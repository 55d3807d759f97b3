// The transactional producer: calls of librdkafka that wait for the coordinator, made by the client's thread.
#pragma once

#include "client_core.h"

namespace seekafka {

// Reads (id, what, ...):
//   'init', timeout ms                                                            rd_kafka_init_transactions
//   'begin'                                                                       rd_kafka_begin_transaction
//   'failure'                                                                     why it failed; see transaction.cc
//   'offsets', timeout ms, flat list, group, generation, member, group instance   rd_kafka_send_offsets_to_transaction
//   'commit'                                                                      rd_kafka_commit_transaction
//   'abort'                                                                       rd_kafka_abort_transaction
// Commit and abort go on until they are decided, or the handle is closed.
BlockingCall TransactionStep(const Napi::CallbackInfo& info);

}  // namespace seekafka
