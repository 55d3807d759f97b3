#include "outbox.h"

#include <utility>

namespace seekafka {

void MoveRecords(std::deque<Record>& from, std::deque<Record>& to) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  for (; !from.empty(); from.pop_front()) to.push_back(std::move(from.front()));
}

void Outbox::Put(Record&& record) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    records_.push_back(std::move(record));
  }
  wake_.Signal();
}

void Outbox::PutClosed() noexcept {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
  }
  wake_.Signal();
}

void Outbox::PutLog(int level, const char* facility, const char* message) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  try {
    LogLine line{level, facility, message};
    if (lines_.size() == kMostLines) {
      lines_.pop_front();
      dropped_lines_++;
    }
    lines_.push_back(std::move(line));
  } catch (...) {
    dropped_lines_++;
  }
  wake_.Signal();
}

void Outbox::Take(std::deque<Record>& records) {
  const std::lock_guard<std::mutex> lock(mutex_);
  MoveRecords(records_, records);
  if (!closed_) return;
  records.push_back(Closed{});
  closed_ = false;
}

void Outbox::TakeLog(std::deque<Record>& records) {
  std::deque<LogLine> lines;
  uint64_t dropped = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    lines.swap(lines_);
    dropped = std::exchange(dropped_lines_, 0);
  }
  if (dropped) {
    records.push_back(
        LogLine{4, "DROPPED",
                std::to_string(dropped) + " log lines were dropped: they came faster than the event loop took them"});
  }
  for (auto& line : lines) records.push_back(std::move(line));
}

}  // namespace seekafka
