#include "blocking_calls.h"

#include <algorithm>
#include <utility>

namespace seekafka {

namespace {

using Clock = std::chrono::steady_clock;

// Between two attempts, where the first one failed at once.
constexpr std::chrono::milliseconds kPause(50);

}  // namespace

void BlockingCalls::Start(uint32_t id, Call call) {
  const std::lock_guard<std::mutex> lock(mutex_);
  calls_.emplace_back(id, std::move(call));
  if (running_) return;
  if (thread_.joinable()) thread_.join();  // at its end: it cleared running_, and takes the mutex no more
  running_ = true;
  thread_ = std::thread([this] { Run(); });
}

void BlockingCalls::Run() {
  for (;;) {
    std::pair<uint32_t, Call> next;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (calls_.empty() || stopped_) {
        running_ = false;
        return;
      }
      next = std::move(calls_.front());
      calls_.pop_front();
    }
    Reply reply;
    reply.id = next.first;
    next.second(reply);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      replies_.push_back(std::move(reply));
    }
    on_reply_();
  }
}

std::vector<BlockingCalls::Reply> BlockingCalls::TakeReplies() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::exchange(replies_, {});
}

void BlockingCalls::Stop() {
  stopped_ = true;
  if (thread_.joinable()) thread_.join();
}

ErrorData BlockingCalls::Retry(std::chrono::milliseconds limit, int first_ms, int longest_ms,
                               const std::function<ErrorData(int)>& attempt) const {
  const auto start = Clock::now();
  for (int attempt_ms = first_ms;; attempt_ms = std::min(attempt_ms * 4, longest_ms)) {
    const auto began = Clock::now();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - (began - start)).count();
    auto error = attempt(static_cast<int>(std::clamp<int64_t>(left, 0, attempt_ms)));
    if (!error || error.fatal || error.txn_requires_abort || !error.retriable) return error;
    if (stopped_ || Clock::now() - start >= limit) return error;
    if (Clock::now() - began < kPause) std::this_thread::sleep_for(kPause);
  }
}

}  // namespace seekafka
