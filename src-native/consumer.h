// A consumer: one rd_kafka_t and one thread that alone seeks, assigns, pauses, commits and closes it.
//
// JavaScript posts commands; the thread answers with records in an outbox, which JavaScript drains when woken. Commands
// run between two polls, and the outbox is one queue: whatever stands in it before the answer to a seek was polled
// before that seek, whatever stands behind it was polled after. The facade's "no stale message" rests on this order.
//
// The thread polls ahead of a loop that has work. Where the loop waits, JavaScript is woken by librdkafka itself and
// polls a few messages, which saves a change of threads. It never waits for that: who polls or works at a command has
// the turn, and while the thread has it, it also polls. What JavaScript polls goes behind all that the outbox held when
// it got the turn, so the order is the same.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "batch.h"
#include "config.h"
#include "wake.h"

namespace seekafka {

// A member of a group, as a transaction names it to the group's coordinator.
struct GroupMember {
  std::string group;
  int32_t generation;
  std::string id;
  std::string instance;  // group.instance.id, or empty
};

// What the thread tells JavaScript. `type` is the name that binding/native.ts gives the record.
struct ConsumerRecord {
  const char* type = "";
  uint32_t id = 0;  // the command that this answers
  ErrorData error;
  std::vector<PartitionRow> rows;
  PackedBatch batch;
  bool assign = false;                // rebalance: partitions come, not go
  bool lost = false;                  // rebalance: they are owned by others already
  std::string text;                   // rebalance: protocol; log: "level facility text"; stats: JSON
  std::optional<GroupMember> member;  // reply to Member()
};

// Shared by the thread and the JavaScript object; outlives whichever ends first.
//
// Locks: `turn` is held while somebody polls or works at commands; JavaScript only tries it. `mutex` guards what the
// thread waits for and is also taken by librdkafka's queue callbacks, which run under a librdkafka queue lock. So
// nothing calls into librdkafka while it holds `mutex`. `outbox_mutex` is a leaf.
struct ConsumerCore {
  explicit ConsumerCore(rd_kafka_t* handle) : rk(handle) {}

  rd_kafka_t* rk;
  Rd<rd_kafka_queue_t> events;    // rebalances, errors, commit results, logs
  Rd<rd_kafka_queue_t> messages;  // what the fetchers of all assigned partitions are forwarded to
  Rd<rd_kafka_queue_t> closing_events;

  std::mutex turn;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> commands;
  bool events_ready = true;
  bool messages_ready = true;  // for the thread
  bool messages_for_js = false;
  bool alive = false;                // the application has asked for messages: to be told to max.poll.interval.ms
  int credits = 0;                   // batches that JavaScript will take before it asks again
  int most_credits = 0;              // as many: JavaScript has nothing left, and waits
  bool abort = false;                // end at once, without leaving the group
  bool ended = false;                // the handle is destroyed, the thread returns
  std::condition_variable finished;  // `ended` is set

  std::mutex outbox_mutex;
  std::deque<ConsumerRecord> outbox;
  Wake* wake = nullptr;  // null: nobody listens any more

  void Post(std::function<void()> command);
  void Emit(ConsumerRecord record);
  void Grant(int batches);
  // Moves what the outbox holds to the end of `records`.
  void TakeOutbox(std::deque<ConsumerRecord>& records);
  // Waits for the thread's end. False: it is not there yet, and from now on finds nobody to tell anything.
  bool AwaitEnd(std::chrono::milliseconds limit);
  ~ConsumerCore();
};

class ConsumerThread {
 public:
  explicit ConsumerThread(std::shared_ptr<ConsumerCore> core);
  void Run();
  // On the JavaScript thread: what it is to be told. Polls, where messages have come for it.
  void Drain(std::deque<ConsumerRecord>& records);

  // Commands, on the thread.
  void Subscribe(uint32_t id, const std::vector<std::string>& topics);
  void Unsubscribe(uint32_t id);
  // Takes partitions in addition to those held (`how` is "incremental"), as all there is ("all": nothing is held), or
  // instead of those held ("anew"). Offsets are the start positions; RD_KAFKA_OFFSET_INVALID parks a partition: held
  // and paused.
  void Assign(uint32_t id, PartitionList& list, const std::vector<int32_t>& ids, const std::string& how);
  // `list` null: all.
  void Unassign(uint32_t id, const PartitionList& list);
  void Seek(uint32_t id, const PartitionList& list, int timeout_ms);
  void Pause(uint32_t id, const PartitionList& list, bool pause);
  void Commit(uint32_t id, const PartitionList& list);
  // Which member of its group the consumer is now.
  void Member(uint32_t id);
  void Close();

 private:
  void Answer(uint32_t id, ErrorData error, const rd_kafka_topic_partition_list_t* list = nullptr);
  // Returns when every partition that was unassigned before has been stopped. Stopping clears the forwarding of the
  // partition's queue, on librdkafka's main thread and after the call that asked for it has returned; a partition that
  // is forwarded and started again before that would deliver nothing ever. This asks the same thread, behind it.
  rd_kafka_resp_err_t AwaitStops();
  void PollEvents();
  void HandleEvent(rd_kafka_event_t* event);
  // How many messages of the sizes seen last are about so many bytes. With the turn.
  size_t MessagesOf(double bytes, size_t least, size_t most) const;
  // With the turn. True: there may be more.
  bool PollMessages(size_t wanted, std::deque<ConsumerRecord>& records);
  void Destroy();

  std::shared_ptr<ConsumerCore> core_;
  rd_kafka_t* rk_;
  PartitionIds ids_;
  std::vector<rd_kafka_message_t*> buffer_;
  double average_bytes_ = 1024;
  bool closing_ = false;
};

void DefineConsumer(Napi::Env env, Napi::Object exports);

}  // namespace seekafka
