#include "consumer_thread.h"

#include <algorithm>
#include <utility>

#include "events.h"

namespace seekafka {

namespace {

constexpr size_t kMaxBatchMessages = 4096;
constexpr double kBatchBytes = 1024 * 1024;
// What JavaScript polls and copies itself shall not hold up its event loop.
constexpr size_t kMaxDirectMessages = 64;
constexpr double kDirectBytes = 256 * 1024;
// The first step of a poll takes no more messages than that: they may be far larger than those before.
constexpr size_t kFirstStep = 4;
constexpr std::chrono::milliseconds kCloseCheck(20);
// How soon it is tried again to tell what was dropped for want of memory.
constexpr std::chrono::milliseconds kMemoryCheck(20);

}  // namespace

ConsumerThread::ConsumerThread(std::shared_ptr<ConsumerCore> core)
    : core_(std::move(core)), rk_(core_->rk), buffer_(kMaxBatchMessages), measured_(kMaxBatchMessages) {}

void ConsumerThread::Run() noexcept {
  core_->Serve([this] { return Work(); }, [this] { Destroy(); });
}

bool ConsumerThread::Work() {
  std::deque<ConsumerCommand> commands;
  bool events = false;
  bool messages = false;
  bool alive = false;
  {
    std::unique_lock<std::mutex> lock(core_->mutex);
    const auto ready = [this] {
      return core_->abort || core_->alive || !core_->commands.empty() || core_->events_ready ||
             (core_->messages_ready && core_->credits > 0);
    };
    if (closing_ || !dropped_.empty()) {
      core_->changed.wait_for(lock, closing_ ? kCloseCheck : kMemoryCheck, ready);
    } else {
      core_->changed.wait(lock, ready);
    }
    if (core_->abort) return false;
    commands.swap(core_->commands);
    alive = std::exchange(core_->alive, false);
    events = std::exchange(core_->events_ready, false);
    // Cleared before the poll: what arrives during it raises the flag again.
    if (core_->credits > 0) messages = std::exchange(core_->messages_ready, false);
  }
  const std::lock_guard<std::mutex> turn(core_->turn);
  for (const auto& command : commands) RunCommand(command);
  if (events || closing_) PollEvents();
  if (closing_ && rd_kafka_consumer_closed(rk_)) return false;
  // For max.poll.interval.ms. What this thread polls tells nothing of the application. Once it closes, it is waited for
  // as long as close() says.
  if (alive || closing_) rd_kafka_consumer_alive(rk_);
  std::deque<Record> polled;
  if (messages && !closing_ && PollMessages(kBatchBytes, kMaxBatchMessages, polled)) {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    core_->messages_ready = true;
  }
  for (auto& record : polled) core_->Tell([&record]() -> Record&& { return std::move(record); });
  TellDropped();
  return true;
}

void ConsumerThread::RunCommand(const ConsumerCommand& command) noexcept {
  try {
    command.run();
  } catch (...) {
    const auto error = CurrentException();
    core_->Tell([&]() -> Record {
      if (command.id == 0) return Failure{error, {}};
      Reply reply;
      reply.id = command.id;
      reply.error = error;
      return reply;
    });
  }
}

void ConsumerThread::Collect(std::deque<Record>& records) {
  bool ready = false;
  {
    const std::lock_guard<std::mutex> lock(core_->mutex);
    ready = std::exchange(core_->messages_for_js, false);
  }
  if (ready) {
    bool more = true;
    {
      const std::unique_lock<std::mutex> turn(core_->turn, std::try_to_lock);
      if (turn && !closing_ && core_->messages) {  // in this order: once it closes, the queues are let go of
        core_->outbox.Take(records);
        more = PollMessages(kDirectBytes, kMaxDirectMessages, records) || !dropped_.empty();
      }
    }
    if (more) {
      const std::lock_guard<std::mutex> lock(core_->mutex);
      core_->messages_ready = true;
      core_->changed.notify_one();
    }
  }
  core_->outbox.Take(records);
}

void ConsumerThread::Answer(uint32_t id, ErrorData error, const rd_kafka_topic_partition_list_t* list) {
  Reply reply;
  reply.id = id;
  reply.error = std::move(error);
  reply.rows = ToRows(list);
  core_->outbox.Put(std::move(reply));
}

void ConsumerThread::PollEvents() {
  while (auto* raw = rd_kafka_queue_poll(core_->events.get(), 0)) {
    const Rd<rd_kafka_event_t> event(raw);
    // An event that is lost would be a commit without a reply, or a rebalance without an answer.
    core_->Insist([&] { HandleEvent(raw); });
  }
}

void ConsumerThread::HandleEvent(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_REBALANCE: {
      Rebalance rebalance;
      const auto code = rd_kafka_event_error(event);
      rebalance.assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
      if (!rebalance.assign && code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) rebalance.error = MakeError(code);
      rebalance.lost = !rebalance.assign && rd_kafka_assignment_lost(rk_) != 0;
      // librdkafka passes on whatever the leader of the group has assigned.
      for (auto& row : ToRows(rd_kafka_event_topic_partition_list(event)))
        (row.partition < 0 ? rebalance.refused : rebalance.rows).push_back(std::move(row));
      // While the consumer closes nothing is assigned any more, so nobody asks which member it is.
      if (!closing_) rebalance.member = CurrentMember();
      const char* protocol = rd_kafka_rebalance_protocol(rk_);
      rebalance.protocol = protocol ? protocol : "NONE";
      core_->outbox.Put(std::move(rebalance));
      return;
    }
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      Answer(static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event))),
             MakeError(rd_kafka_event_error(event), rd_kafka_event_error_string(event)),
             rd_kafka_event_topic_partition_list(event));
      return;
    default: {
      auto record = DecodeCommonEvent(rk_, event);
      if (!std::holds_alternative<std::monostate>(record)) core_->outbox.Put(std::move(record));
    }
  }
}

bool ConsumerThread::PollMessages(double bytes, size_t most, std::deque<Record>& records) {
  size_t count = 0;
  double polled_bytes = 0;
  bool more = true;
  while (more && count < most && polled_bytes < bytes) {
    // Steps, so that one batch stays near `bytes` although nobody knows how large the next messages are: each step
    // doubles what there is at most, and is judged by the size of what has come.
    const auto fitting = static_cast<size_t>((bytes - polled_bytes) / average_bytes_);
    const size_t step = std::clamp(fitting, size_t{1}, std::min(std::max(count, kFirstStep), most - count));
    const ssize_t got = rd_kafka_consume_batch_queue(core_->messages.get(), 0, buffer_.data() + count, step);
    if (got <= 0) {
      more = false;
      break;
    }
    const auto end = count + static_cast<size_t>(got);
    more = static_cast<size_t>(got) == step;
    for (; count < end; count++) {
      measured_[count] = Measure(*buffer_[count], count ? buffer_[count - 1] : nullptr);
      polled_bytes += static_cast<double>(measured_[count].all);
    }
    average_bytes_ = std::max(1.0, polled_bytes / static_cast<double>(count));
  }
  if (count) PackMessages(count, records);
  return more;
}

void ConsumerThread::PackMessages(size_t count, std::deque<Record>& records) noexcept {
  size_t packed = 0;
  int batches = 0;
  try {
    while (packed < count) {
      PackedBatch batch;
      std::vector<PartitionRow> errors;
      const size_t end =
          packed + Pack(buffer_.data() + packed, measured_.data() + packed, count - packed, ids_, batch, errors);
      if (batch.count) {
        records.push_back(Batch{std::move(batch)});
        batches++;
      }
      packed = end;
      for (auto& row : errors) {
        if (row.error.code == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
          records.push_back(LogEnd{ids_.Find(row.topic, row.partition), row.offset});
          continue;
        }
        Failure failure;
        failure.error = std::exchange(row.error, {});
        failure.rows.push_back(std::move(row));
        records.push_back(std::move(failure));
      }
    }
  } catch (...) {  // no memory
    for (size_t i = packed; i < count; i++) {
      const int32_t id = buffer_[i]->rkt ? ids_.Find(*buffer_[i]) : -1;
      const bool noted = std::find(dropped_.begin(), dropped_.end(), id) != dropped_.end();
      if (id >= 0 && !noted && dropped_.size() < dropped_.capacity()) dropped_.push_back(id);
    }
  }
  for (size_t i = 0; i < count; i++) rd_kafka_message_destroy(buffer_[i]);
  const std::lock_guard<std::mutex> lock(core_->mutex);
  core_->credits -= batches;
}

void ConsumerThread::TellDropped() noexcept {
  if (dropped_.empty()) return;
  try {
    core_->outbox.Put(Dropped{dropped_, MakeError(RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE,
                                                  "there was no memory for messages: they are fetched again")});
    dropped_.clear();
  } catch (...) {  // Work() comes back here
  }
}

void ConsumerThread::Destroy() noexcept {
  {
    const std::lock_guard<std::mutex> turn(core_->turn);
    // A rebalance that JavaScript has not answered would never be: librdkafka waits for it, and its main thread does
    // not end. While a group closes, any answer counts as "unassigned". Without closing, rd_kafka_destroy_flags sees to
    // it.
    if (closing_ && !rd_kafka_consumer_closed(rk_)) {
      if (const auto code = rd_kafka_assign(rk_, nullptr)) core_->Tell([code] { return Failure{MakeError(code), {}}; });
    }
    closing_ = true;  // JavaScript polls no more
  }
  core_->DestroyHandle();
}

}  // namespace seekafka
