#include "transaction.h"

#include <memory>
#include <string>

namespace seekafka {

namespace {

using std::chrono::milliseconds;

// librdkafka goes on in the background when a call's time is over, and the next call waits on. Short, so that neither
// another call nor the end of the environment waits for a coordinator that is away.
constexpr milliseconds kResumable(250);
// rd_kafka_send_offsets_to_transaction begins anew with each call, so a call has to have the time that it needs.
constexpr milliseconds kOffsets(3000);

using ResumableCall = rd_kafka_error_t* (*)(rd_kafka_t*, int);

BlockingCall Resumable(ResumableCall step, Clock::time_point until) {
  BlockingCall call;
  call.until = until;
  call.length = call.longest = kResumable;
  call.attempt = [step](rd_kafka_t* rk, int timeout_ms, Reply&) { return TakeError(step(rk, timeout_ms)); };
  return call;
}

BlockingCall Offsets(const Napi::CallbackInfo& info, Clock::time_point until) {
  // std::function wants copyable captures.
  const std::shared_ptr<rd_kafka_topic_partition_list_t> offsets = ToPartitionList(info[3]);
  const std::string instance = ToString(info[7]);
  const std::shared_ptr<rd_kafka_consumer_group_metadata_t> member =
      Rd<rd_kafka_consumer_group_metadata_t>(rd_kafka_consumer_group_metadata_new_with_genid(
          ToString(info[4]).c_str(), ToInt32(info[5]), ToString(info[6]).c_str(),
          instance.empty() ? nullptr : instance.c_str()));
  BlockingCall call;
  call.until = until;
  call.length = call.longest = kOffsets;
  call.attempt = [offsets, member](rd_kafka_t* rk, int timeout_ms, Reply&) {
    return TakeError(rd_kafka_send_offsets_to_transaction(rk, offsets.get(), member.get(), timeout_ms));
  };
  return call;
}

// Within a transaction it begins nothing, and its error is why that one has failed.
BlockingCall Begin() {
  BlockingCall call;
  call.until = Clock::now();  // it does not wait
  call.length = call.longest = milliseconds(0);
  call.attempt = [](rd_kafka_t* rk, int, Reply&) { return TakeError(rd_kafka_begin_transaction(rk)); };
  return call;
}

}  // namespace

BlockingCall TransactionStep(const Napi::CallbackInfo& info) {
  const std::string what = ToString(info[1]);
  const auto limit = [&info] { return Clock::now() + milliseconds(ToUint32(info[2])); };
  if (what == "init") return Resumable(rd_kafka_init_transactions, limit());
  if (what == "offsets") return Offsets(info, limit());
  if (what == "commit") return Resumable(rd_kafka_commit_transaction, limit());
  if (what == "abort") return Resumable(rd_kafka_abort_transaction, limit());
  if (what == "begin" || what == "failure") return Begin();
  throw Napi::RangeError::New(info.Env(), "transact: no step of a transaction: " + what);
}

}  // namespace seekafka
