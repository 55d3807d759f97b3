#include "client_core.h"

#include <algorithm>

namespace seekafka {

void ClientCore::Open() {
  events.reset(rd_kafka_queue_get_main(rk));
  // librdkafka's threads call this, sometimes with the queue's lock held.
  rd_kafka_queue_cb_event_enable(
      events.get(), [](rd_kafka_t*, void* core) noexcept { static_cast<ClientCore*>(core)->wake.Signal(); }, this);
  wake.Signal();  // for what came before the callback was in place
}

void ClientCore::Ask(BlockingCall call) {
  const std::lock_guard<std::mutex> lock(mutex);
  asked.push_back(std::move(call));
  changed.notify_one();
}

void ClientCore::Cancel(uint32_t id) {
  const std::lock_guard<std::mutex> lock(mutex);
  cancelled.push_back(id);
  changed.notify_one();
}

void ClientCore::Flush(Clock::time_point until) {
  const std::lock_guard<std::mutex> lock(mutex);
  flush_until = std::max(flush_until, until);
  changed.notify_one();
}

void ClientCore::Close() noexcept {
  const std::lock_guard<std::mutex> lock(mutex);
  closing = true;
  changed.notify_one();
}

void ClientCore::DestroyHandle() noexcept {
  if (!rk) return;
  if (events) rd_kafka_queue_cb_event_enable(events.get(), nullptr, nullptr);
  topics.Clear();
  events.reset();
  if (mock) rd_kafka_mock_cluster_destroy(mock);
  mock = nullptr;
  rd_kafka_destroy(rk);
  rk = nullptr;
}

}  // namespace seekafka
