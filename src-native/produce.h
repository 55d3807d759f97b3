// The packed form in which messages reach the producer, and the delivery reports in which they come back.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "error.h"

namespace seekafka {

// rd_kafka_topic_t by name: one look-up in librdkafka per topic and client instead of one per message.
//
// librdkafka asks every second for the metadata of each missing topic that has a handle. So what is not used is let go
// of, when another topic comes (abandoned-topics.patch).
class TopicHandles {
 public:
  rd_kafka_topic_t* Get(rd_kafka_t* rk, const std::string& topic, int64_t now_ms);
  void Clear() { topics_.clear(); }

 private:
  struct Entry {
    Rd<rd_kafka_topic_t> handle;
    int64_t used_ms;
  };
  void LetGoOfUnused(int64_t now_ms);

  std::unordered_map<std::string, Entry> topics_;
  int64_t looked_ms_ = 0;
};

// produce(topics, fields, timestamps, payload, batch id, first): hands messages [first, count) to librdkafka until one
// is refused. {accepted, error}: how many were taken, and the error of the first that was not. Throws a RangeError
// where the arrays are not laid out like this; then no message was taken.
//
//   fields      Int32[count * 5]   topic index, partition (-1: partitioner), headers length, key length, value length
//   timestamps  Float64[count]     ms, 0: now
//   payload     bytes              per message: headers (as in batch.h), key, value
//
// A message is named by (batch id, index) in its delivery report.
Napi::Value Produce(const Napi::CallbackInfo& info, rd_kafka_t* rk, TopicHandles& topics);

// {fields: Int32Array [batch id, index, partition, error code]*, numbers: Float64Array [offset, timestamp]*}
// Fills `messages` from the events, if it is empty.
Napi::Object DeliveryReports(Napi::Env env, const std::vector<Rd<rd_kafka_event_t>>& events,
                             std::vector<const rd_kafka_message_t*>& messages);

}  // namespace seekafka
