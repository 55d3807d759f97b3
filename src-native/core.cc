#include "core.h"

#include <exception>
#include <new>

namespace seekafka {

void Core::Abort() noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  abort = true;
  changed.notify_one();
}

bool Core::Aborted() noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  return abort;
}

void Core::SetEnded() noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  ended = true;
  finished.notify_all();
}

bool Core::AwaitEnd(Clock::time_point until) noexcept {
  std::unique_lock<std::mutex> lock(mutex);
  return finished.wait_until(lock, until, [this] { return ended; });
}

ErrorData CurrentException() noexcept {
  // The texts below are so short that a std::string of them needs no memory of its own.
  ErrorData error;
  try {
    throw;
  } catch (const std::bad_alloc&) {
    error.code = RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE;
    error.message = "out of memory";
  } catch (const std::exception& e) {
    error.code = RD_KAFKA_RESP_ERR__FAIL;
    try {
      error.message = e.what();
    } catch (...) {
      error.message = "unknown";
    }
  } catch (...) {
    error.code = RD_KAFKA_RESP_ERR__FAIL;
    error.message = "unknown";
  }
  return error;
}

}  // namespace seekafka
