// The commands of ConsumerThread: what JavaScript asks for, one call of librdkafka each.
#include <utility>

#include "consumer_thread.h"

namespace seekafka {

void ConsumerThread::Subscribe(uint32_t id, const std::vector<std::string>& topics) {
  // A group that ends with a subscription ends the process, by an assertion of rd_kafka_cgrp_destroy_final.
  if (closing_) return Answer(id, MakeError(RD_KAFKA_RESP_ERR__DESTROY));
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const auto& topic : topics) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  Answer(id, MakeError(rd_kafka_subscribe(rk_, list.get())));
}

void ConsumerThread::Unsubscribe(uint32_t id) { Answer(id, MakeError(rd_kafka_unsubscribe(rk_))); }

void ConsumerThread::Assign(uint32_t id, PartitionList& list, const std::vector<int32_t>& ids, const std::string& how) {
  if (how == "anew") {
    if (const auto code = rd_kafka_assign(rk_, nullptr)) return Answer(id, MakeError(code));
  }
  if (how != "incremental") ids_.Clear();
  if (const auto code = AwaitStops()) return Answer(id, MakeError(code));
  PartitionList parked(rd_kafka_topic_partition_list_new(0));
  for (int i = 0; i < list->cnt; i++) {
    auto& row = list->elems[i];
    if (row.partition < 0)
      return Answer(id, MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, "a partition number is below 0"));
    ids_.Set(row.topic, row.partition, ids[static_cast<size_t>(i)]);
    if (const auto code = Forward(row.topic, row.partition)) return Answer(id, MakeError(code));
    if (row.offset == RD_KAFKA_OFFSET_INVALID) {  // no start known: held, but not fetched from anywhere
      row.offset = 0;
      rd_kafka_topic_partition_list_add(parked.get(), row.topic, row.partition);
    }
  }
  dropped_.reserve(ids_.size());
  if (parked->cnt) {
    if (const auto code = rd_kafka_pause_partitions(rk_, parked.get())) return Answer(id, MakeError(code));
  }
  const ErrorData error = how == "incremental" ? TakeError(rd_kafka_incremental_assign(rk_, list.get()))
                                               : MakeError(rd_kafka_assign(rk_, list.get()));
  Answer(id, error, list.get());
}

rd_kafka_resp_err_t ConsumerThread::AwaitStops() {
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  const auto code = rd_kafka_assignment(rk_, &assigned);
  const PartitionList owned(assigned);
  return code;
}

rd_kafka_resp_err_t ConsumerThread::Forward(const char* topic, int32_t partition) {
  const Rd<rd_kafka_queue_t> queue(rd_kafka_queue_get_partition(rk_, topic, partition));
  if (!queue) return RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  rd_kafka_queue_forward(queue.get(), core_->messages.get());
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

void ConsumerThread::Unassign(uint32_t id, const PartitionList& list) {
  const auto error =
      list ? TakeError(rd_kafka_incremental_unassign(rk_, list.get())) : MakeError(rd_kafka_assign(rk_, nullptr));
  if (!error) {
    if (!list) ids_.Clear();
    for (int i = 0; list && i < list->cnt; i++) ids_.Remove(list->elems[i].topic, list->elems[i].partition);
  }
  Answer(id, error);
}

void ConsumerThread::Seek(uint32_t id, const PartitionList& list, int timeout_ms) {
  const ErrorData error = TakeError(rd_kafka_seek_partitions(rk_, list.get(), timeout_ms));
  Answer(id, error, list.get());
}

void ConsumerThread::Pause(uint32_t id, const PartitionList& list, bool pause) {
  const auto code = pause ? rd_kafka_pause_partitions(rk_, list.get()) : rd_kafka_resume_partitions(rk_, list.get());
  Answer(id, MakeError(code), list.get());
}

void ConsumerThread::Commit(uint32_t id, const PartitionList& list) {
  void* const opaque = reinterpret_cast<void*>(static_cast<uintptr_t>(id));
  const auto code = rd_kafka_commit_queue(rk_, list.get(), core_->events.get(), nullptr, opaque);
  if (code) Answer(id, MakeError(code), list.get());  // otherwise the event answers
}

void ConsumerThread::Member(uint32_t id) {
  Reply reply;
  reply.id = id;
  reply.member = CurrentMember();
  if (!reply.member) reply.error = MakeError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
  core_->outbox.Put(std::move(reply));
}

std::optional<GroupMember> ConsumerThread::CurrentMember() {
  const Rd<rd_kafka_consumer_group_metadata_t> member(rd_kafka_consumer_group_metadata(rk_));
  if (!member) return std::nullopt;
  const char* instance = rd_kafka_consumer_group_metadata_group_instance_id(member.get());
  return GroupMember{rd_kafka_consumer_group_metadata_group_id(member.get()),
                     rd_kafka_consumer_group_metadata_generation_id(member.get()),
                     rd_kafka_consumer_group_metadata_member_id(member.get()), instance ? instance : ""};
}

void ConsumerThread::SetToken(uint32_t id, const Token& token) { Answer(id, seekafka::SetToken(rk_, token)); }

void ConsumerThread::SetSaslCredentials(const Credentials& credentials) {
  if (auto error = SetCredentials(rk_, credentials)) core_->outbox.Put(Failure{std::move(error), {}});
}

void ConsumerThread::Close() {
  if (closing_) return;
  closing_ = true;
  // A fatal error, say: then there is no group to leave.
  if (TakeError(rd_kafka_consumer_close_queue(rk_, core_->closing_events.get()))) core_->Abort();
}

}  // namespace seekafka
