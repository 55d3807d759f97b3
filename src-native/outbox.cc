#include "outbox.h"

#include <algorithm>
#include <utility>

namespace seekafka {

void MoveRecords(std::deque<Record>& from, std::deque<Record>& to) {
  if (to.empty()) {
    to.swap(from);
    return;
  }
  for (; !from.empty(); from.pop_front()) to.push_back(std::move(from.front()));
}

void KeepNewestStats(std::deque<Record>& records) noexcept {
  const auto is_stats = [](const Record& record) { return std::holds_alternative<Stats>(record); };
  auto left = std::count_if(records.begin(), records.end(), is_stats);
  if (left < 2) return;
  const auto is_old = [&](const Record& record) { return is_stats(record) && left-- > 1; };
  records.erase(std::remove_if(records.begin(), records.end(), is_old), records.end());
}

void Outbox::Put(Record&& record) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (auto* stats = std::get_if<Stats>(&record)) {
      stats_ = std::move(*stats);
    } else {
      records_.push_back(std::move(record));
    }
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
  if (stats_) {
    records.emplace_back(std::move(*stats_));
    stats_.reset();
  }
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
