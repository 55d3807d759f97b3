// What the thread of a handle and its JavaScript object share. It outlives whichever of the two ends first, because
// both hold it by shared_ptr.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "outbox.h"

namespace seekafka {

// The exception in flight as an error. To be called in a catch block.
ErrorData CurrentException() noexcept;

using Clock = std::chrono::steady_clock;

// Locks: `mutex` guards what the thread waits for. librdkafka's queue callbacks take it, under a lock of a queue of
// librdkafka. So nothing calls into librdkafka while it holds `mutex`. Under `mutex`, the locks of the outbox and of
// Wake may be taken, never the other way round.
struct Core {
  Core(Napi::Env env, const Napi::Function& on_wake, const char* name) : wake(env, on_wake, name), outbox(wake) {}
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;
  virtual ~Core() = default;

  Wake wake;
  Outbox outbox;
  rd_kafka_t* rk = nullptr;  // null before it is made, and after it is destroyed

  std::mutex mutex;
  std::condition_variable changed;   // for the thread
  bool abort = false;                // the thread is to end as soon as possible
  bool ended = false;                // the handle is destroyed, the thread returns
  std::condition_variable finished;  // `ended` is set

  void Abort() noexcept;
  bool Aborted() noexcept;
  void SetEnded() noexcept;
  // Waits for SetEnded(). False: it did not come until then.
  bool AwaitEnd(Clock::time_point until) noexcept;

  // Puts the record that `make` returns, on a thread of ours. Where there is no memory for it, this waits for memory,
  // and gives up only when the thread is to end.
  template <typename Make>
  void Tell(Make make) noexcept {
    Insist([&] { outbox.Put(make()); });
  }

  // The body of a handle's thread: repeats `work` until it returns false, then `destroy`s the handle and tells of the
  // end. What `work` throws is told as a failure, and ends nothing unless the thread is to end.
  template <typename Work, typename Destroy>
  void Serve(Work work, Destroy destroy) noexcept {
    for (bool more = true; more;) {
      try {
        more = work();
      } catch (...) {
        Tell([error = CurrentException()] { return Failure{error, {}}; });
        more = !Aborted();
      }
    }
    destroy();
    SetEnded();
    outbox.PutClosed();
  }

  // Repeats `work` as long as it throws, until the thread is to end.
  template <typename Work>
  void Insist(Work work) noexcept {
    for (;;) {
      try {
        return work();
      } catch (...) {
        if (Aborted()) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
  }
};

}  // namespace seekafka
