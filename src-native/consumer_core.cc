#include "consumer_core.h"

#include <algorithm>

namespace seekafka {

namespace {

// librdkafka calls these two from its own threads, of which two may do so at once, sometimes with the queue's lock
// held, and not any more once the callback is taken away. They set a flag under core->mutex and wake who is to look at
// it; nothing else. The mutex is let go of before: who is woken wants it.
void OnEvents(rd_kafka_t*, void* opaque) noexcept {
  auto* core = static_cast<ConsumerCore*>(opaque);
  {
    const std::lock_guard<std::mutex> lock(core->mutex);
    core->events_ready = true;
  }
  core->changed.notify_one();
}

void OnMessages(rd_kafka_t*, void* opaque) noexcept {
  auto* core = static_cast<ConsumerCore*>(opaque);
  bool for_js = false;
  bool for_thread = false;
  {
    const std::lock_guard<std::mutex> lock(core->mutex);
    for_js = core->credits > 0 && core->credits == core->most_credits;
    for_thread = !for_js && core->credits > 0;
    if (for_js) {
      core->messages_for_js = true;
    } else {
      core->messages_ready = true;
    }
  }
  if (for_js) core->wake.Signal();
  if (for_thread) core->changed.notify_one();
}

}  // namespace

void ConsumerCore::Open(Napi::Env env) {
  if (const auto code = rd_kafka_poll_set_consumer(rk))
    throw Napi::Error::New(env, std::string("the consumer's queue could not be set up: ") + rd_kafka_err2str(code));
  events.reset(rd_kafka_queue_get_consumer(rk));
  messages.reset(rd_kafka_queue_new(rk));
  closing_events.reset(rd_kafka_queue_new(rk));
  // max.poll.interval.ms is about the application: ConsumerHandle::Alive tells of it.
  rd_kafka_consumer_polls_ahead(rk);
  rd_kafka_queue_cb_event_enable(events.get(), OnEvents, this);
  rd_kafka_queue_cb_event_enable(closing_events.get(), OnEvents, this);
  rd_kafka_queue_cb_event_enable(messages.get(), OnMessages, this);
}

void ConsumerCore::Post(ConsumerCommand command) {
  const std::lock_guard<std::mutex> lock(mutex);
  commands.push_back(std::move(command));
  changed.notify_one();
}

void ConsumerCore::Grant(int batches) {
  const std::lock_guard<std::mutex> lock(mutex);
  credits += batches;
  most_credits = std::max(most_credits, credits);
  if (messages_ready) changed.notify_one();
}

void ConsumerCore::TellAlive() {
  const std::lock_guard<std::mutex> lock(mutex);
  alive = true;
  changed.notify_one();
}

void ConsumerCore::DestroyHandle() noexcept {
  if (!rk) return;
  // No callback may run once the queues are let go of; rd_kafka_destroy wants no queue left.
  for (auto* queue : {&events, &messages, &closing_events}) {
    if (*queue) rd_kafka_queue_cb_event_enable(queue->get(), nullptr, nullptr);
    queue->reset();
  }
  rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rk = nullptr;
}

}  // namespace seekafka
