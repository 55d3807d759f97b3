#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "consumer.h"

namespace seekafka {

namespace {

constexpr size_t kMaxBatchMessages = 4096;
constexpr size_t kMinBatchMessages = 16;
constexpr double kBatchBytes = 1024 * 1024;
// What JavaScript polls and copies itself shall not hold up its event loop.
constexpr size_t kMaxDirectMessages = 64;
constexpr double kDirectBytes = 256 * 1024;
constexpr std::chrono::milliseconds kCloseCheck(20);

// librdkafka calls these from its own threads, with the queue's lock held: take core->mutex, set a flag, and wake who
// is to look at it. Nothing else.
void OnEvents(rd_kafka_t*, void* opaque) {
  auto* core = static_cast<ConsumerCore*>(opaque);
  const std::lock_guard<std::mutex> lock(core->mutex);
  core->events_ready = true;
  core->changed.notify_one();
}

void OnMessages(rd_kafka_t*, void* opaque) {
  auto* core = static_cast<ConsumerCore*>(opaque);
  const std::lock_guard<std::mutex> lock(core->mutex);
  if (core->credits > 0 && core->credits == core->most_credits) {
    const std::lock_guard<std::mutex> outbox_lock(core->outbox_mutex);
    if (core->wake) {
      core->messages_for_js = true;
      core->wake->Signal();
      return;
    }
  }
  core->messages_ready = true;
  if (core->credits > 0) core->changed.notify_one();
}

}  // namespace

void ConsumerCore::Post(std::function<void()> command) {
  const std::lock_guard<std::mutex> lock(mutex);
  commands.push_back(std::move(command));
  changed.notify_one();
}

void ConsumerCore::Emit(ConsumerRecord record) {
  const std::lock_guard<std::mutex> lock(outbox_mutex);
  outbox.push_back(std::move(record));
  if (wake) wake->Signal();
}

void ConsumerCore::Grant(int batches) {
  const std::lock_guard<std::mutex> lock(mutex);
  credits += batches;
  most_credits = std::max(most_credits, credits);
  if (messages_ready) changed.notify_one();
}

void ConsumerCore::TakeOutbox(std::deque<ConsumerRecord>& records) {
  const std::lock_guard<std::mutex> lock(outbox_mutex);
  records.insert(records.end(), std::make_move_iterator(outbox.begin()), std::make_move_iterator(outbox.end()));
  outbox.clear();
}

bool ConsumerCore::AwaitEnd(std::chrono::milliseconds limit) {
  {
    std::unique_lock<std::mutex> lock(mutex);
    if (finished.wait_for(lock, limit, [this] { return ended; })) return true;
  }
  const std::lock_guard<std::mutex> lock(outbox_mutex);
  wake = nullptr;
  return false;
}

ConsumerCore::~ConsumerCore() {
  for (auto& record : outbox) std::free(record.batch.data);
}

ConsumerThread::ConsumerThread(std::shared_ptr<ConsumerCore> core)
    : core_(std::move(core)), rk_(core_->rk), buffer_(kMaxBatchMessages) {
  rd_kafka_queue_cb_event_enable(core_->events.get(), OnEvents, core_.get());
  rd_kafka_queue_cb_event_enable(core_->closing_events.get(), OnEvents, core_.get());
  rd_kafka_queue_cb_event_enable(core_->messages.get(), OnMessages, core_.get());
}

void ConsumerThread::Run() {
  for (;;) {
    std::deque<std::function<void()>> commands;
    bool events = false;
    bool messages = false;
    bool alive = false;
    {
      std::unique_lock<std::mutex> lock(core_->mutex);
      const auto ready = [this] {
        return core_->abort || core_->alive || !core_->commands.empty() || core_->events_ready ||
               (core_->messages_ready && core_->credits > 0);
      };
      if (closing_) {
        core_->changed.wait_for(lock, kCloseCheck, ready);
      } else {
        core_->changed.wait(lock, ready);
      }
      if (core_->abort) break;
      commands.swap(core_->commands);
      alive = std::exchange(core_->alive, false);
      events = std::exchange(core_->events_ready, false);
      // Cleared before the poll: what arrives during it raises the flag again.
      if (core_->credits > 0) messages = std::exchange(core_->messages_ready, false);
    }
    const std::lock_guard<std::mutex> turn(core_->turn);
    for (auto& command : commands) command();
    if (events || closing_) PollEvents();
    if (closing_ && rd_kafka_consumer_closed(rk_)) break;
    // A poll for no messages takes none, and sets max.poll.interval.ms back.
    if (alive && !closing_) rd_kafka_consume_batch_queue(core_->messages.get(), 0, buffer_.data(), 0);
    if (messages && !closing_) {
      std::deque<ConsumerRecord> polled;
      const bool more = PollMessages(MessagesOf(kBatchBytes, kMinBatchMessages, kMaxBatchMessages), polled);
      for (auto& record : polled) core_->Emit(std::move(record));
      if (more) {
        const std::lock_guard<std::mutex> lock(core_->mutex);
        core_->messages_ready = true;
      }
    }
  }
  Destroy();
}

void ConsumerThread::Drain(std::deque<ConsumerRecord>& records) {
  bool ready = false;
  {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    ready = std::exchange(core_->messages_for_js, false);
  }
  if (ready) {
    bool more = true;
    const std::unique_lock<std::mutex> turn(core_->turn, std::try_to_lock);
    if (turn && core_->messages && !closing_) {
      core_->TakeOutbox(records);
      more = PollMessages(MessagesOf(kDirectBytes, 1, kMaxDirectMessages), records);
    }
    if (more) {
      const std::lock_guard<std::mutex> lock(core_->mutex);
      core_->messages_ready = true;
      core_->changed.notify_one();
    }
  }
  core_->TakeOutbox(records);
}

void ConsumerThread::Answer(uint32_t id, ErrorData error, const rd_kafka_topic_partition_list_t* list) {
  ConsumerRecord record;
  record.type = "reply";
  record.id = id;
  record.error = std::move(error);
  record.rows = ToRows(list);
  core_->Emit(std::move(record));
}

void ConsumerThread::Subscribe(uint32_t id, const std::vector<std::string>& topics) {
  PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const auto& topic : topics) rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  Answer(id, MakeError(rd_kafka_subscribe(rk_, list.get())));
}

void ConsumerThread::Unsubscribe(uint32_t id) { Answer(id, MakeError(rd_kafka_unsubscribe(rk_))); }

void ConsumerThread::Assign(uint32_t id, PartitionList& list, const std::vector<int32_t>& ids, const std::string& how) {
  if (how == "anew") {
    if (const auto code = rd_kafka_assign(rk_, nullptr)) {
      Answer(id, MakeError(code));
      return;
    }
  }
  if (const auto code = AwaitStops()) {
    Answer(id, MakeError(code));
    return;
  }
  PartitionList parked(rd_kafka_topic_partition_list_new(0));
  for (int i = 0; i < list->cnt; i++) {
    auto& row = list->elems[i];
    ids_.Set(row.topic, row.partition, ids[static_cast<size_t>(i)]);
    // The forwarding belongs to the partition object, which may be a new one since the last assignment.
    const Rd<rd_kafka_queue_t> queue(rd_kafka_queue_get_partition(rk_, row.topic, row.partition));
    if (!queue) {
      Answer(id, MakeError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION));
      return;
    }
    rd_kafka_queue_forward(queue.get(), core_->messages.get());
    if (row.offset == RD_KAFKA_OFFSET_INVALID) {  // no start known: held, but not fetched from anywhere
      row.offset = 0;
      rd_kafka_topic_partition_list_add(parked.get(), row.topic, row.partition);
    }
  }
  if (parked->cnt) {
    if (const auto code = rd_kafka_pause_partitions(rk_, parked.get())) {
      Answer(id, MakeError(code));
      return;
    }
  }
  const ErrorData error = how == "incremental" ? TakeError(rd_kafka_incremental_assign(rk_, list.get()))
                                               : MakeError(rd_kafka_assign(rk_, list.get()));
  Answer(id, error, list.get());
}

rd_kafka_resp_err_t ConsumerThread::AwaitStops() {
  rd_kafka_topic_partition_list_t* assigned = nullptr;
  const auto code = rd_kafka_assignment(rk_, &assigned);
  PartitionList owned(assigned);
  return code;
}

void ConsumerThread::Unassign(uint32_t id, const PartitionList& list) {
  Answer(id,
         list ? TakeError(rd_kafka_incremental_unassign(rk_, list.get())) : MakeError(rd_kafka_assign(rk_, nullptr)));
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
  ConsumerRecord record;
  record.type = "reply";
  record.id = id;
  const Rd<rd_kafka_consumer_group_metadata_t> member(rd_kafka_consumer_group_metadata(rk_));
  if (member) {
    const char* instance = rd_kafka_consumer_group_metadata_group_instance_id(member.get());
    record.member = GroupMember{rd_kafka_consumer_group_metadata_group_id(member.get()),
                                rd_kafka_consumer_group_metadata_generation_id(member.get()),
                                rd_kafka_consumer_group_metadata_member_id(member.get()), instance ? instance : ""};
  } else {
    record.error = MakeError(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP);
  }
  core_->Emit(std::move(record));
}

void ConsumerThread::Close() {
  if (closing_) return;
  closing_ = true;
  const ErrorData error = TakeError(rd_kafka_consumer_close_queue(rk_, core_->closing_events.get()));
  if (error) {  // a fatal error, say: there is no group to leave
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->abort = true;
  }
}

void ConsumerThread::PollEvents() {
  while (auto* raw = rd_kafka_queue_poll(core_->events.get(), 0)) {
    const Rd<rd_kafka_event_t> event(raw);
    HandleEvent(raw);
  }
}

void ConsumerThread::HandleEvent(rd_kafka_event_t* event) {
  ConsumerRecord record;
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE: {
      record.type = "rebalance";
      const auto code = rd_kafka_event_error(event);
      record.assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
      if (!record.assign && code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) record.error = MakeError(code);
      record.lost = !record.assign && rd_kafka_assignment_lost(rk_) != 0;
      record.rows = ToRows(rd_kafka_event_topic_partition_list(event));
      const char* protocol = rd_kafka_rebalance_protocol(rk_);
      record.text = protocol ? protocol : "NONE";
      break;
    }
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      Answer(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event))),
             MakeError(rd_kafka_event_error(event), rd_kafka_event_error_string(event)),
             rd_kafka_event_topic_partition_list(event));
      return;
    case RD_KAFKA_EVENT_ERROR: {
      record.type = "error";
      auto code = rd_kafka_event_error(event);
      if (rd_kafka_event_error_is_fatal(event) || code == RD_KAFKA_RESP_ERR__FATAL) {
        char reason[512] = "";
        code = rd_kafka_fatal_error(rk_, reason, sizeof reason);
        record.error = MakeError(code ? code : RD_KAFKA_RESP_ERR__FATAL, reason);
        record.error.fatal = true;
      } else {
        record.error = MakeError(code, rd_kafka_event_error_string(event));
      }
      if (auto* partition = rd_kafka_event_topic_partition(event)) {
        record.rows.push_back({partition->topic ? partition->topic : "", partition->partition, partition->offset, {}});
        rd_kafka_topic_partition_destroy(partition);
      }
      break;
    }
    case RD_KAFKA_EVENT_LOG: {
      const char* facility = nullptr;
      const char* text = nullptr;
      int level = 0;
      if (rd_kafka_event_log(event, &facility, &text, &level)) return;
      record.type = "log";
      record.text = std::to_string(level) + " " + facility + " " + text;
      break;
    }
    case RD_KAFKA_EVENT_STATS:
      record.type = "stats";
      record.text = rd_kafka_event_stats(event);
      break;
    default:
      return;
  }
  core_->Emit(std::move(record));
}

size_t ConsumerThread::MessagesOf(double bytes, size_t least, size_t most) const {
  return std::clamp(static_cast<size_t>(bytes / average_bytes_), least, most);
}

bool ConsumerThread::PollMessages(size_t wanted, std::deque<ConsumerRecord>& records) {
  const ssize_t polled = rd_kafka_consume_batch_queue(core_->messages.get(), 0, buffer_.data(), wanted);
  if (polled <= 0) return false;
  const auto count = static_cast<size_t>(polled);
  std::vector<PartitionRow> errors;
  ConsumerRecord record;
  record.type = "batch";
  record.batch = Pack(buffer_.data(), count, ids_, errors);
  for (size_t i = 0; i < count; i++) rd_kafka_message_destroy(buffer_[i]);
  if (record.batch.count) {
    average_bytes_ = std::max(1.0, static_cast<double>(record.batch.payload_bytes) / record.batch.count);
    {
      const std::lock_guard<std::mutex> lock(core_->mutex);
      core_->credits--;
    }
    records.push_back(std::move(record));
  }
  for (auto& error : errors) {
    ConsumerRecord failure;
    failure.type = "error";
    failure.error = std::move(error.error);
    error.error = {};
    failure.rows.push_back(std::move(error));
    records.push_back(std::move(failure));
  }
  return count == wanted;
}

void ConsumerThread::Destroy() {
  std::unique_lock<std::mutex> turn(core_->turn);
  // A rebalance that JavaScript has not answered would never be: librdkafka waits for it, and its main thread does not
  // end. While a group closes, any answer counts as "unassigned". Without closing, rd_kafka_destroy_flags sees to it.
  if (closing_ && !rd_kafka_consumer_closed(rk_)) {
    ConsumerRecord failure;
    failure.type = "error";
    failure.error = MakeError(rd_kafka_assign(rk_, nullptr));
    if (failure.error) core_->Emit(std::move(failure));
  }
  // No callback may run once the queues are let go of; rd_kafka_destroy wants no queue left.
  for (auto* queue : {&core_->events, &core_->messages, &core_->closing_events}) {
    rd_kafka_queue_cb_event_enable(queue->get(), nullptr, nullptr);
    queue->reset();
  }
  turn.unlock();
  rd_kafka_destroy_flags(rk_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->ended = true;
    core_->finished.notify_all();
  }
  ConsumerRecord record;
  record.type = "closed";
  core_->Emit(std::move(record));
}

}  // namespace seekafka
