// The core of a client: what its thread and its JavaScript object share, beyond what every handle shares.
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "core.h"
// Wants rdkafka.h before it.
#include <librdkafka/rdkafka_mock.h>

#include "produce.h"

namespace seekafka {

// A call of librdkafka that waits for brokers, made in attempts by the client's thread. See client_thread.h.
struct BlockingCall {
  uint32_t id = 0;
  // When its time is over.
  Clock::time_point until;
  // An attempt takes so long at most. It becomes longer, up to `longest`, where a broker did not answer in time.
  std::chrono::milliseconds length;
  std::chrono::milliseconds longest;
  // One attempt of at most so many milliseconds. It may fill the rows of the reply.
  std::function<ErrorData(rd_kafka_t*, int timeout_ms, Reply&)> attempt;

  // Of the thread.
  Clock::time_point next;  // when the next attempt may begin
  bool tried = false;
  ErrorData last;
};

// The JavaScript object uses `rk`, `events`, `topics` and `mock` until it has posted close() or abort(). From then on
// they are the thread's, which destroys them.
struct ClientCore : Core {
  using Core::Core;
  ~ClientCore() override { DestroyHandle(); }

  Rd<rd_kafka_queue_t> events;  // delivery reports, results of admin requests, errors
  TopicHandles topics;
  rd_kafka_mock_cluster_t* mock = nullptr;

  // Guarded by `mutex`.
  std::deque<BlockingCall> asked;
  std::vector<uint32_t> cancelled;
  Clock::time_point flush_until;  // the past: nothing is to be flushed
  bool closing = false;

  // Has the queue wake JavaScript.
  void Open();
  void Ask(BlockingCall call);
  void Cancel(uint32_t id);
  // Sends without waiting for linger.ms. A flush while another one runs makes that one longer.
  void Flush(Clock::time_point until);
  void Close() noexcept;
  // Does nothing the second time.
  void DestroyHandle() noexcept;
};

}  // namespace seekafka
