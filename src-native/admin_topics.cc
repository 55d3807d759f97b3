// Admin requests about topics.
#include "admin_values.h"

namespace seekafka {

namespace {

Napi::Array TopicRows(Napi::Env env, const rd_kafka_topic_result_t* const* results, size_t count) {
  std::vector<TopicRow> rows;
  for (size_t i = 0; i < count; i++) {
    rows.push_back({rd_kafka_topic_result_name(results[i]), MakeError(rd_kafka_topic_result_error(results[i]),
                                                                      rd_kafka_topic_result_error_string(results[i]))});
  }
  return ToJs(env, rows);
}

// Calls set(partition, brokers, count) for each row of `rows`, the replicas of one partition after the other.
template <typename Set>
ErrorData SetReplicas(const Napi::Value& rows, Set set) {
  const auto array = ToArray(rows, "replicas");
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto row = ToArray(array.Get(i), "replicas of a partition");
    std::vector<int32_t> brokers;
    for (uint32_t r = 0; r < row.Length(); r++) brokers.push_back(ToInt32(row.Get(r)));
    char errstr[256] = "";
    if (const auto code = set(static_cast<int32_t>(i), brokers.data(), brokers.size(), errstr, sizeof errstr))
      return MakeError(code, errstr);
  }
  return {};
}

// createTopics(id, timeout ms, [{topic, numPartitions, replicationFactor, replicas, config: [[key, value]]}], validate
// only)
ErrorData BuildCreateTopics(const AdminCall& call) {
  if (auto refused = SetValidateOnly(call, IsTrue(call.info[3]))) return refused;
  const auto array = ToArray(call.info[2], "topics");
  std::vector<Rd<rd_kafka_NewTopic_t>> topics;
  char errstr[256] = "";
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    topics.emplace_back(rd_kafka_NewTopic_new(ToString(item.Get("topic")).c_str(), ToInt32(item.Get("numPartitions")),
                                              ToInt32(item.Get("replicationFactor")), errstr, sizeof errstr));
    if (!topics.back()) return MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, errstr);
    auto* topic = topics.back().get();
    if (auto refused = SetReplicas(item.Get("replicas"), [topic](auto... args) {
          return rd_kafka_NewTopic_set_replica_assignment(topic, args...);
        }))
      return refused;
    for (const auto& [key, value] : ToPairs(item.Get("config"))) {
      if (const auto code = rd_kafka_NewTopic_set_config(topic, key.c_str(), value.c_str())) return MakeError(code);
    }
  }
  auto raw = Raw(topics);
  rd_kafka_CreateTopics(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadCreateTopics(Napi::Env env, rd_kafka_event_t* event, ErrorData&, Napi::Object reply) {
  size_t count = 0;
  const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  reply["rows"] = TopicRows(env, results, count);
}

// deleteTopics(id, timeout ms, topics)
ErrorData BuildDeleteTopics(const AdminCall& call) {
  std::vector<Rd<rd_kafka_DeleteTopic_t>> topics;
  for (const auto& topic : ToStrings(call.info[2])) topics.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  auto raw = Raw(topics);
  rd_kafka_DeleteTopics(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadDeleteTopics(Napi::Env env, rd_kafka_event_t* event, ErrorData&, Napi::Object reply) {
  size_t count = 0;
  const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
  reply["rows"] = TopicRows(env, results, count);
}

// createPartitions(id, timeout ms, [{topic, total, replicas}], validate only): `replicas` of the new partitions
ErrorData BuildCreatePartitions(const AdminCall& call) {
  if (auto refused = SetValidateOnly(call, IsTrue(call.info[3]))) return refused;
  const auto array = ToArray(call.info[2], "topics");
  std::vector<Rd<rd_kafka_NewPartitions_t>> topics;
  char errstr[256] = "";
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    topics.emplace_back(rd_kafka_NewPartitions_new(ToString(item.Get("topic")).c_str(), ToUint32(item.Get("total")),
                                                   errstr, sizeof errstr));
    if (!topics.back()) return MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, errstr);
    auto* topic = topics.back().get();
    if (auto refused = SetReplicas(item.Get("replicas"), [topic](auto... args) {
          return rd_kafka_NewPartitions_set_replica_assignment(topic, args...);
        }))
      return refused;
  }
  auto raw = Raw(topics);
  rd_kafka_CreatePartitions(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadCreatePartitions(Napi::Env env, rd_kafka_event_t* event, ErrorData&, Napi::Object reply) {
  size_t count = 0;
  const auto* results = rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
  reply["rows"] = TopicRows(env, results, count);
}

// describeTopics(id, timeout ms, topics, include operations)
ErrorData BuildDescribeTopics(const AdminCall& call) {
  if (auto refused = SetIncludeOperations(call, IsTrue(call.info[3]))) return refused;
  const auto names = ToStrings(call.info[2]);
  auto raw = RawStrings(names);
  const Rd<rd_kafka_TopicCollection_t> topics(rd_kafka_TopicCollection_of_topic_names(raw.data(), raw.size()));
  rd_kafka_DescribeTopics(call.rk, topics.get(), call.options, call.queue);
  return {};
}

Napi::Array NodeIds(Napi::Env env, const rd_kafka_Node_t** nodes, size_t count) {
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out[i] = rd_kafka_Node_id(nodes[i]);
  return out;
}

// {partition, leader, replicas, isr}; leader is -1 where there is none.
Napi::Object PartitionToJs(Napi::Env env, const rd_kafka_TopicPartitionInfo_t* partition) {
  const auto* leader = rd_kafka_TopicPartitionInfo_leader(partition);
  size_t nodes = 0;
  auto out = Napi::Object::New(env);
  out["partition"] = rd_kafka_TopicPartitionInfo_partition(partition);
  out["leader"] = leader ? rd_kafka_Node_id(leader) : -1;
  const auto replicas = rd_kafka_TopicPartitionInfo_replicas(partition, &nodes);
  out["replicas"] = NodeIds(env, replicas, nodes);
  const auto isr = rd_kafka_TopicPartitionInfo_isr(partition, &nodes);
  out["isr"] = NodeIds(env, isr, nodes);
  return out;
}

// {topic, error?, topicId, internal, partitions, operations}
Napi::Object DescriptionToJs(Napi::Env env, const rd_kafka_TopicDescription_t* description) {
  size_t count = 0;
  const auto partitions = rd_kafka_TopicDescription_partitions(description, &count);
  auto rows = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) rows[i] = PartitionToJs(env, partitions[i]);
  auto out = Napi::Object::New(env);
  out["topic"] = rd_kafka_TopicDescription_name(description);
  SetError(out, ErrorOf(rd_kafka_TopicDescription_error(description)));
  const auto* topic_id = rd_kafka_TopicDescription_topic_id(description);
  const char* text = topic_id ? rd_kafka_Uuid_base64str(topic_id) : nullptr;
  out["topicId"] = text ? text : "";
  out["internal"] = rd_kafka_TopicDescription_is_internal(description) != 0;
  out["partitions"] = rows;
  const auto* allowed = rd_kafka_TopicDescription_authorized_operations(description, &count);
  out["operations"] = OperationsToJs(env, allowed, count);
  return out;
}

void ReadDescribeTopics(Napi::Env env, rd_kafka_event_t* event, ErrorData&, Napi::Object reply) {
  size_t count = 0;
  const auto topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out[i] = DescriptionToJs(env, topics[i]);
  reply["topics"] = out;
}

}  // namespace

const AdminRequest kCreateTopics = {
    "createTopics",  RD_KAFKA_ADMIN_OP_CREATETOPICS, RD_KAFKA_EVENT_CREATETOPICS_RESULT, true, BuildCreateTopics,
    ReadCreateTopics};
const AdminRequest kDeleteTopics = {
    "deleteTopics",  RD_KAFKA_ADMIN_OP_DELETETOPICS, RD_KAFKA_EVENT_DELETETOPICS_RESULT, true, BuildDeleteTopics,
    ReadDeleteTopics};
const AdminRequest kCreatePartitions = {"createPartitions",
                                        RD_KAFKA_ADMIN_OP_CREATEPARTITIONS,
                                        RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT,
                                        true,
                                        BuildCreatePartitions,
                                        ReadCreatePartitions};
const AdminRequest kDescribeTopics = {"describeTopics",
                                      RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
                                      RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT,
                                      false,
                                      BuildDescribeTopics,
                                      ReadDescribeTopics};

}  // namespace seekafka
