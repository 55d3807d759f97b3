// The handles that are open in one environment of Node.js (the main thread's or a worker's), and how they end together
// with it. It lives in the environment's instance data; nothing is process-wide.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "core.h"

namespace seekafka {

// On the JavaScript thread only.
class Environment {
 public:
  static void Define(Napi::Env env);
  static std::shared_ptr<Environment> Of(Napi::Env env);

  void Add(Core* core) { open_.insert(core); }
  void Remove(Core* core) noexcept { open_.erase(core); }

  // For the clean-up hook of each handle. The first call aborts all handles that are open, so that they end at the same
  // time. Returns until when a hook may wait: that moment is the same for all handles, one second after the first call.
  Clock::time_point End() noexcept;

 private:
  std::set<Core*> open_;
  std::optional<Clock::time_point> until_;
};

}  // namespace seekafka
