#include "client_thread.h"

#include <algorithm>
#include <utility>

namespace seekafka {

namespace {

using std::chrono::milliseconds;

// Between two attempts of a call, where the first one failed at once.
constexpr milliseconds kPause(50);
constexpr milliseconds kShortestAttempt(10);
constexpr int kFlushStepMs = 50;

}  // namespace

void ClientThread::Run() noexcept {
  core_->Serve([this] { return Work(); }, [this] { core_->DestroyHandle(); });
}

bool ClientThread::Work() {
  Clock::time_point flush_until;
  {
    std::unique_lock<std::mutex> lock(core_->mutex);
    const auto now = Clock::now();
    const auto ready = [this, now] {
      return core_->abort || core_->closing || !core_->asked.empty() || !core_->cancelled.empty() ||
             core_->flush_until > now;
    };
    if (open_.empty()) {
      core_->changed.wait(lock, ready);
    } else {
      const auto earliest = [](const BlockingCall& a, const BlockingCall& b) { return a.next < b.next; };
      core_->changed.wait_until(lock, std::min_element(open_.begin(), open_.end(), earliest)->next, ready);
    }
    if (core_->abort || core_->closing) return false;
    TakeOver();
    flush_until = core_->flush_until;
  }
  if (flush_until > Clock::now()) {
    // Delivery reports are events, so rd_kafka_flush serves none of them and only waits.
    if (rd_kafka_flush(rk_, kFlushStepMs) != RD_KAFKA_RESP_ERR__TIMED_OUT) {
      const std::lock_guard<std::mutex> lock(core_->mutex);
      if (core_->flush_until == flush_until) core_->flush_until = {};
    }
  }
  Expire();
  const auto now = Clock::now();
  const auto due = std::find_if(open_.begin(), open_.end(), [now](const auto& call) { return call.next <= now; });
  if (due == open_.end()) return true;
  std::rotate(open_.begin(), due, due + 1);
  Attempt();
  return true;
}

void ClientThread::TakeOver() {
  for (; !core_->asked.empty(); core_->asked.pop_front()) open_.push_back(std::move(core_->asked.front()));
  const auto cancelled = [this](const BlockingCall& call) {
    const auto& ids = core_->cancelled;
    return std::find(ids.begin(), ids.end(), call.id) != ids.end();
  };
  open_.erase(std::remove_if(open_.begin(), open_.end(), cancelled), open_.end());
  core_->cancelled.clear();
}

void ClientThread::Expire() {
  const auto now = Clock::now();
  for (size_t i = 0; i < open_.size();) {
    auto& call = open_[i];
    if (now < call.until || !call.tried) {
      i++;
      continue;
    }
    Reply reply;
    reply.id = call.id;
    Finish(std::move(reply), std::move(call.last));
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(i));
  }
}

void ClientThread::Attempt() {
  auto& call = open_.front();
  const auto began = Clock::now();
  auto end = std::min(began + call.length, call.until);
  for (const auto& other : open_) end = std::min(end, std::max(other.until, began + kShortestAttempt));
  const auto length = std::chrono::duration_cast<milliseconds>(end - began + milliseconds(1)).count();

  Reply reply;
  reply.id = call.id;
  ErrorData error;
  try {
    error = call.attempt(rk_, static_cast<int>(std::max<int64_t>(0, length)), reply);
  } catch (...) {
    reply.rows = {};
    error = CurrentException();
  }
  const auto now = Clock::now();
  call.tried = true;
  if (!error || error.fatal || error.txn_requires_abort || !error.retriable || now >= call.until) {
    Finish(std::move(reply), std::move(error));
    open_.pop_front();
    return;
  }
  if (error.code == RD_KAFKA_RESP_ERR__TIMED_OUT) call.length = std::min(call.length * 4, call.longest);
  call.next = now - began < kPause ? now + kPause : now;
  call.last = std::move(error);
  std::rotate(open_.begin(), open_.begin() + 1, open_.end());
}

void ClientThread::Finish(Reply&& reply, ErrorData error) noexcept {
  reply.error = std::move(error);
  Record record(std::move(reply));
  core_->Tell([&record]() -> Record&& { return std::move(record); });
}

}  // namespace seekafka
