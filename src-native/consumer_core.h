// The core of a consumer: what its thread and its JavaScript object share, beyond what every handle shares.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "core.h"

namespace seekafka {

// One call of JavaScript, to be run on the thread. `id` is that of the reply, 0 where there is none.
struct ConsumerCommand {
  uint32_t id = 0;
  std::function<void()> run;
};

// `turn` is held while somebody polls or works at commands. JavaScript only tries to take it. Of all locks it is the
// outermost one.
struct ConsumerCore : Core {
  using Core::Core;
  ~ConsumerCore() override { DestroyHandle(); }

  Rd<rd_kafka_queue_t> events;    // rebalances, errors, commit results
  Rd<rd_kafka_queue_t> messages;  // what the fetchers of all assigned partitions are forwarded to
  Rd<rd_kafka_queue_t> closing_events;

  std::mutex turn;

  // Guarded by `mutex`.
  std::deque<ConsumerCommand> commands;
  bool events_ready = true;
  bool messages_ready = true;    // for the thread
  bool messages_for_js = false;  // for JavaScript, which is woken for them
  bool alive = false;            // the application has asked for messages: to be told to max.poll.interval.ms
  int credits = 0;               // batches that JavaScript will take before it asks again; may be below 0
  int most_credits = 0;          // when `credits` is as many, JavaScript has nothing left and waits

  // Makes the queues, and has them tell of what comes. Throws a JavaScript Error where that fails.
  void Open(Napi::Env env);
  void Post(ConsumerCommand command);
  void Grant(int batches);
  void TellAlive();
  // Destroys the queues and the handle, without leaving the group. Does nothing the second time.
  void DestroyHandle() noexcept;
};

}  // namespace seekafka
