// A consumer: one rd_kafka_t and one thread that alone seeks, assigns, pauses, commits and closes it.
//
// JavaScript posts commands; the thread answers with records in the outbox, which JavaScript drains when it is woken.
// Commands run between two polls, and the records of the outbox are one queue: whatever stands in it before the reply
// to a seek was polled before that seek, whatever stands behind it was polled after. The facade's "no stale message"
// rests on this order.
//
// The thread polls ahead of a loop that has work. Where the loop waits, librdkafka itself wakes JavaScript, and
// JavaScript polls a few messages, which saves a change of threads. JavaScript never waits for its turn: who polls or
// works at a command holds `turn`, and while the thread holds it, the thread also polls. What JavaScript polls goes
// behind all that the outbox held when JavaScript got the turn, so the order is the same.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "consumer_core.h"
#include "login.h"

namespace seekafka {

class ConsumerThread {
 public:
  explicit ConsumerThread(std::shared_ptr<ConsumerCore> core);

  // The body of the thread.
  void Run() noexcept;
  // On the JavaScript thread: appends what it is to be told. Polls, where messages have come for it.
  void Collect(std::deque<Record>& records);

  // Commands, on the thread.
  void Subscribe(uint32_t id, const std::vector<std::string>& topics);
  void Unsubscribe(uint32_t id);
  // Takes partitions in addition to those held (`how` is "incremental"), as all there is ("all": nothing is held), or
  // instead of those held ("anew"). Offsets are the start positions; RD_KAFKA_OFFSET_INVALID parks a partition: it is
  // held and paused. `ids` has one for each row.
  void Assign(uint32_t id, PartitionList& list, const std::vector<int32_t>& ids, const std::string& how);
  // `list` null: all.
  void Unassign(uint32_t id, const PartitionList& list);
  void Seek(uint32_t id, const PartitionList& list, int timeout_ms);
  void Pause(uint32_t id, const PartitionList& list, bool pause);
  void Commit(uint32_t id, const PartitionList& list);
  // Which member of its group the consumer is now.
  void Member(uint32_t id);
  void SetToken(uint32_t id, const Token& token);
  void SetSaslCredentials(const Credentials& credentials);
  void Close();

 private:
  void Answer(uint32_t id, ErrorData error, const rd_kafka_topic_partition_list_t* list = nullptr);
  // Waits for work and does it. False: the thread is to end.
  bool Work();
  void RunCommand(const ConsumerCommand& command) noexcept;
  // Returns when every partition that was unassigned before has been stopped. Stopping clears the forwarding of the
  // partition's queue, on librdkafka's main thread and after the call that asked for it has returned; a partition that
  // is forwarded and started again before that would deliver nothing ever. This asks the same thread, behind it.
  rd_kafka_resp_err_t AwaitStops();
  // Forwards the queue of a partition to `messages`. The forwarding belongs to librdkafka's object of the partition,
  // which may be a new one since the last assignment.
  rd_kafka_resp_err_t Forward(const char* topic, int32_t partition);
  // Which member of its group the consumer is now, as far as librdkafka knows: nothing where it is none.
  std::optional<GroupMember> CurrentMember();
  void PollEvents();
  void HandleEvent(rd_kafka_event_t* event);
  // With the turn. True: there may be more.
  bool PollMessages(double bytes, size_t most, std::deque<Record>& records);
  // With the turn. Of `count` messages in the buffer: fills `records`, destroys the messages. Never throws; what cannot
  // be packed for want of memory is noted in `dropped_`.
  void PackMessages(size_t count, std::deque<Record>& records) noexcept;
  // With the turn: tells what `dropped_` holds, if anything.
  void TellDropped() noexcept;
  void Destroy() noexcept;

  std::shared_ptr<ConsumerCore> core_;
  rd_kafka_t* rk_;

  // With the turn.
  PartitionIds ids_;
  std::vector<rd_kafka_message_t*> buffer_;
  std::vector<Measured> measured_;  // of the messages in the buffer
  double average_bytes_ = 1024;     // of the messages polled last
  bool closing_ = false;
  // Partitions whose messages were lost for want of memory, and JavaScript does not know yet. It has room for all
  // assigned partitions from their assignment on, so that noting one needs no memory.
  std::vector<int32_t> dropped_;
};

}  // namespace seekafka
