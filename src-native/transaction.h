// The transactional producer: calls of librdkafka that wait for the coordinator, made on the thread of BlockingCalls.
#pragma once

#include <functional>

#include "blocking_calls.h"

namespace seekafka {

using TransactionCall = std::function<ErrorData(rd_kafka_t*, const BlockingCalls&)>;

// Reads (id, what, ...):
//   'init', timeout ms                                                            rd_kafka_init_transactions
//   'begin'                                                                       rd_kafka_begin_transaction
//   'offsets', timeout ms, flat list, group, generation, member, group instance   rd_kafka_send_offsets_to_transaction
//   'commit'                                                                      rd_kafka_commit_transaction
//   'abort'                                                                       rd_kafka_abort_transaction
// Commit and abort go on until they are decided, or the handle is closed.
TransactionCall TransactionStep(const Napi::CallbackInfo& info);

}  // namespace seekafka
