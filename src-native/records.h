// What a handle tells JavaScript, as plain data: made on any thread, turned into JavaScript objects by drain() on the
// JavaScript thread. binding/native.ts declares the objects.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "batch.h"

namespace seekafka {

// A member of a group, as a transaction names it to the group's coordinator.
struct GroupMember {
  std::string group;
  int32_t generation = -1;
  std::string id;
  std::string instance;  // group.instance.id, or empty
};

// Answers the call `id`.
struct Reply {
  uint32_t id = 0;
  ErrorData error;
  std::variant<std::vector<PartitionRow>, std::vector<TopicRow>> rows;
  std::optional<GroupMember> member;
};

// The result event of an admin request; its opaque is the id. See admin.h.
struct AdminReply {
  Rd<rd_kafka_event_t> event;
};

struct Batch {
  PackedBatch packed;
};

// Messages of these partitions were polled and then lost, because there was no memory for them.
struct Dropped {
  std::vector<int32_t> ids;
  ErrorData error;
};

struct Rebalance {
  ErrorData error;
  std::vector<PartitionRow> rows;
  std::vector<PartitionRow> refused;  // with a partition number below 0; they are not in `rows`
  bool assign = false;                // partitions come, not go
  bool lost = false;                  // they are owned by others already
  std::string protocol;
  std::optional<GroupMember> member;  // who the consumer was when the event was polled
};

// Everything before `offset` that the consumer may read of the partition has been polled
// (RD_KAFKA_RESP_ERR__PARTITION_EOF): the batches before this record have it, or nothing is there.
struct LogEnd {
  int32_t id = -1;
  int64_t offset = -1;
};

// `error`: a message of librdkafka about the client, or about the partition in `rows`.
struct Failure {
  ErrorData error;
  std::vector<PartitionRow> rows;
};

struct LogLine {
  int level = 0;
  std::string facility;
  std::string message;
};

struct Stats {
  std::string json;
};

// A token is needed: there is none yet, or it has lived four fifths of its life.
struct TokenRefresh {};

// The delivery reports of several messages.
struct Delivery {
  std::vector<Rd<rd_kafka_event_t>> events;
  // Of all events, once they were asked for: an event gives its messages only once. They belong to the events.
  std::vector<const rd_kafka_message_t*> messages;
};

struct Closed {};

// std::monostate: nothing to tell.
using Record = std::variant<std::monostate, Reply, AdminReply, Batch, Dropped, LogEnd, Rebalance, Failure, LogLine,
                            Stats, TokenRefresh, Delivery, Closed>;

// On the JavaScript thread. undefined for std::monostate. Where this throws, the record is as it was.
Napi::Value ToJs(Napi::Env env, Record& record);

// What takes the place of a record that cannot be turned into JavaScript objects, because of `error`: a reply without
// rows, `dropped` for a batch, `error` for the others.
Record Replacement(const Record& record, const ErrorData& error);

}  // namespace seekafka
