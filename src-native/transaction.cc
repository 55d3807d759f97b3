#include "transaction.h"

#include <memory>
#include <string>

namespace seekafka {

namespace {

// librdkafka goes on in the background when a call's time is over, and the next call waits on. Short, so that the end
// of the environment does not wait for a coordinator that is away.
constexpr int kResumableMs = 500;
// This one begins anew each time, so it is to have the time that it needs.
constexpr int kOffsetsMs = 3000;
constexpr std::chrono::hours kForever(24 * 365);

using ResumableCall = rd_kafka_error_t* (*)(rd_kafka_t*, int);

TransactionCall Resumable(ResumableCall call, std::chrono::milliseconds limit) {
  return [call, limit](rd_kafka_t* rk, const BlockingCalls& calls) {
    return calls.Retry(limit, kResumableMs, kResumableMs,
                       [&](int timeout_ms) { return TakeError(call(rk, timeout_ms)); });
  };
}

TransactionCall Offsets(const Napi::CallbackInfo& info) {
  const std::chrono::milliseconds limit(ToInt32(info[2]));
  // std::function wants copyable captures.
  const std::shared_ptr<rd_kafka_topic_partition_list_t> offsets = ToPartitionList(info[3]);
  const std::string instance = ToString(info[7]);
  const std::shared_ptr<rd_kafka_consumer_group_metadata_t> member =
      Rd<rd_kafka_consumer_group_metadata_t>(rd_kafka_consumer_group_metadata_new_with_genid(
          ToString(info[4]).c_str(), ToInt32(info[5]), ToString(info[6]).c_str(),
          instance.empty() ? nullptr : instance.c_str()));
  return [limit, offsets, member](rd_kafka_t* rk, const BlockingCalls& calls) {
    return calls.Retry(limit, kOffsetsMs, kOffsetsMs, [&](int timeout_ms) {
      return TakeError(rd_kafka_send_offsets_to_transaction(rk, offsets.get(), member.get(), timeout_ms));
    });
  };
}

}  // namespace

TransactionCall TransactionStep(const Napi::CallbackInfo& info) {
  const std::string what = ToString(info[1]);
  if (what == "init") return Resumable(rd_kafka_init_transactions, std::chrono::milliseconds(ToInt32(info[2])));
  if (what == "offsets") return Offsets(info);
  if (what == "commit") return Resumable(rd_kafka_commit_transaction, kForever);
  if (what == "abort") return Resumable(rd_kafka_abort_transaction, kForever);
  return [](rd_kafka_t* rk, const BlockingCalls&) { return TakeError(rd_kafka_begin_transaction(rk)); };
}

}  // namespace seekafka
