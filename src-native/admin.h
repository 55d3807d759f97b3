// Admin requests: each is sent with an id in its opaque and answered by one event on `queue`.
#pragma once

#include "partitions.h"

namespace seekafka {

// Each reads its arguments from (id, timeout ms, ...) and returns at once. An error is of the call itself.
ErrorData ListOffsets(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData ListConsumerGroupOffsets(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData CreateTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData DeleteTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData CreatePartitions(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData DescribeTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);
ErrorData DeleteRecords(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue);

// {type: 'reply', id, error, rows}, for DescribeTopics with `topics` too; undefined for an event that is no admin
// result. Rows: of partitions, or of topics with partition -1.
Napi::Value AdminReply(Napi::Env env, rd_kafka_event_t* event);

}  // namespace seekafka
