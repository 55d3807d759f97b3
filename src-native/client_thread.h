// The thread of a client. It makes the calls of librdkafka that wait (metadata, transactions, flush), and destroys the
// handle at the end.
//
// The time limit of each call counts from when JavaScript asked for it. So no call waits for the end of another one:
// the thread takes turns among the open calls, with a short attempt of each. An attempt becomes longer only where a
// broker is connected and did not answer in time, because such a broker may need longer than that each time; and it
// never goes beyond the time limit of another open call. A connection is made in the background, whoever waits for it.
#pragma once

#include <deque>
#include <memory>

#include "client_core.h"

namespace seekafka {

class ClientThread {
 public:
  explicit ClientThread(std::shared_ptr<ClientCore> core) : core_(std::move(core)), rk_(core_->rk) {}

  // The body of the thread.
  void Run() noexcept;

 private:
  // Waits for something to do and does one attempt of it. False: the thread is to end.
  bool Work();
  // Takes over what was asked for and cancelled. With core_->mutex.
  void TakeOver();
  // Calls whose time is over get their reply.
  void Expire();
  // One attempt of the call in front, which then goes to the end of the line, or gets its reply.
  void Attempt();
  // The reply to the call in front, which is over.
  void Finish(Reply&& reply, ErrorData error) noexcept;

  std::shared_ptr<ClientCore> core_;
  rd_kafka_t* rk_;
  std::deque<BlockingCall> open_;  // the one whose turn comes next is in front
};

}  // namespace seekafka
