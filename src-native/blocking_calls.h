// Calls of librdkafka that wait for brokers, one after the other, on a thread that is there while there are any.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "partitions.h"

namespace seekafka {

class BlockingCalls {
 public:
  struct Reply {
    uint32_t id = 0;
    ErrorData error;
    std::vector<PartitionRow> rows;
  };
  using Call = std::function<void(Reply&)>;

  // `on_reply` is called on the thread when there is a reply to take.
  explicit BlockingCalls(std::function<void()> on_reply) : on_reply_(std::move(on_reply)) {}
  ~BlockingCalls() { Stop(); }

  void Start(uint32_t id, Call call);
  std::vector<Reply> TakeReplies();
  // Calls that have not begun never do. Waits for the one that has: it is to look at Stopped() often.
  void Stop();
  bool Stopped() const { return stopped_; }

  // Repeats `attempt` (of so many milliseconds) while its error passes by itself, until the time is over or Stop().
  // The attempts become longer, for brokers that are far away.
  ErrorData Retry(std::chrono::milliseconds limit, int first_ms, int longest_ms,
                  const std::function<ErrorData(int)>& attempt) const;

 private:
  void Run();

  std::function<void()> on_reply_;
  std::mutex mutex_;
  std::deque<std::pair<uint32_t, Call>> calls_;
  std::vector<Reply> replies_;
  bool running_ = false;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace seekafka
