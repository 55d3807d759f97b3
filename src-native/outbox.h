// Where a handle's threads leave what JavaScript is to be told, until it drains.
//
// Records are one queue, in the order in which they were put. The lines of librdkafka's log are beside it, and bounded:
// `debug=all` behind a blocked event loop would else fill the memory. Of too many lines the oldest are dropped and
// counted, and one line tells how many. Of statistics the newest is kept: they are never told later than newer ones.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "records.h"
#include "wake.h"

namespace seekafka {

class Outbox {
 public:
  explicit Outbox(Wake& wake) : wake_(wake) {}

  // From any thread. Throws std::bad_alloc where there is no memory; the record is as it was then.
  void Put(Record&& record);
  // The record `closed`, behind all others. It needs no memory.
  void PutClosed() noexcept;
  // As a callback of librdkafka, which may hold locks of its own. A line that cannot be kept is counted as dropped.
  void PutLog(int level, const char* facility, const char* message) noexcept;
  // Moves what is here to the end of `records`. Where this throws, what was not moved is still here.
  void Take(std::deque<Record>& records);
  void TakeLog(std::deque<Record>& records);

 private:
  static constexpr size_t kMostLines = 10000;

  // A leaf lock: nothing is called under it, but for memory.
  std::mutex mutex_;
  std::deque<Record> records_;
  std::optional<Stats> stats_;
  std::deque<LogLine> lines_;
  uint64_t dropped_lines_ = 0;
  bool closed_ = false;
  Wake& wake_;
};

// Moves all records of `from` to the end of `to`, one by one: where there is no memory for the next, it and those
// behind it stay where they are.
void MoveRecords(std::deque<Record>& from, std::deque<Record>& to);

// Statistics that stand before newer ones are told to nobody.
void KeepNewestStats(std::deque<Record>& records) noexcept;

}  // namespace seekafka
