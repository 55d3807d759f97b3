#include "admin.h"

#include <vector>

namespace seekafka {

namespace {

Rd<rd_kafka_AdminOptions_t> Options(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_admin_op_t operation,
                                    ErrorData& error) {
  Rd<rd_kafka_AdminOptions_t> options(rd_kafka_AdminOptions_new(rk, operation));
  char errstr[256] = "";
  const auto code = rd_kafka_AdminOptions_set_request_timeout(options.get(), ToInt32(info[1]), errstr, sizeof errstr);
  if (code) error = MakeError(code, errstr);
  const auto id = static_cast<uintptr_t>(info[0].As<Napi::Number>().Uint32Value());
  rd_kafka_AdminOptions_set_opaque(options.get(), reinterpret_cast<void*>(id));
  return options;
}

// The topic requests also have a time within which the controller is to have carried them out.
void SetOperationTimeout(const Napi::CallbackInfo& info, rd_kafka_AdminOptions_t* options, ErrorData& error) {
  char errstr[256] = "";
  const auto code = rd_kafka_AdminOptions_set_operation_timeout(options, ToInt32(info[1]), errstr, sizeof errstr);
  if (code && !error) error = MakeError(code, errstr);
}

// The raw pointers of owned objects, as librdkafka's calls want them.
template <typename T>
std::vector<T*> Raw(const std::vector<Rd<T>>& owned) {
  std::vector<T*> raw;
  raw.reserve(owned.size());
  for (const auto& item : owned) raw.push_back(item.get());
  return raw;
}

std::vector<PartitionRow> TopicRows(const rd_kafka_topic_result_t* const* results, size_t count) {
  std::vector<PartitionRow> rows;
  for (size_t i = 0; i < count; i++) {
    rows.push_back(
        {rd_kafka_topic_result_name(results[i]), -1, -1,
         MakeError(rd_kafka_topic_result_error(results[i]), rd_kafka_topic_result_error_string(results[i]))});
  }
  return rows;
}

Napi::Array NodeIds(Napi::Env env, const rd_kafka_Node_t** nodes, size_t count) {
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out[i] = rd_kafka_Node_id(nodes[i]);
  return out;
}

// [{topic, topicId, internal, partitions: [{partition, leader, replicas, isr}]}]; leader is -1 where there is none.
Napi::Array Descriptions(Napi::Env env, rd_kafka_event_t* event) {
  size_t count = 0;
  const auto topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    size_t partition_count = 0;
    const auto partitions = rd_kafka_TopicDescription_partitions(topics[i], &partition_count);
    auto rows = Napi::Array::New(env, partition_count);
    for (uint32_t p = 0; p < partition_count; p++) {
      const auto* leader = rd_kafka_TopicPartitionInfo_leader(partitions[p]);
      size_t nodes = 0;
      auto row = Napi::Object::New(env);
      row["partition"] = rd_kafka_TopicPartitionInfo_partition(partitions[p]);
      row["leader"] = leader ? rd_kafka_Node_id(leader) : -1;
      const auto replicas = rd_kafka_TopicPartitionInfo_replicas(partitions[p], &nodes);
      row["replicas"] = NodeIds(env, replicas, nodes);
      const auto isr = rd_kafka_TopicPartitionInfo_isr(partitions[p], &nodes);
      row["isr"] = NodeIds(env, isr, nodes);
      rows[p] = row;
    }
    auto topic = Napi::Object::New(env);
    topic["topic"] = rd_kafka_TopicDescription_name(topics[i]);
    topic["topicId"] = rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(topics[i]));
    topic["internal"] = rd_kafka_TopicDescription_is_internal(topics[i]) != 0;
    topic["partitions"] = rows;
    out[i] = topic;
  }
  return out;
}

}  // namespace

// listOffsets(id, timeout ms, flat list, read committed): the offset of each row is the specification
// (-2 earliest, -1 latest, or a timestamp).
ErrorData ListOffsets(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_LISTOFFSETS, error);
  const auto level = info[3].As<Napi::Boolean>().Value() ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                                         : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED;
  const auto refused = TakeError(rd_kafka_AdminOptions_set_isolation_level(options.get(), level));
  if (error || refused) return error ? error : refused;
  rd_kafka_ListOffsets(rk, ToPartitionList(info[2]).get(), options.get(), queue);
  return {};
}

// listConsumerGroupOffsets(id, timeout ms, flat list, group, require stable)
ErrorData ListConsumerGroupOffsets(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, error);
  const auto refused = TakeError(
      rd_kafka_AdminOptions_set_require_stable_offsets(options.get(), info[4].As<Napi::Boolean>().Value() ? 1 : 0));
  if (error || refused) return error ? error : refused;
  const auto list = ToPartitionList(info[2]);
  const Rd<rd_kafka_ListConsumerGroupOffsets_t> request(
      rd_kafka_ListConsumerGroupOffsets_new(ToString(info[3]).c_str(), list.get()));
  auto* raw = request.get();
  rd_kafka_ListConsumerGroupOffsets(rk, &raw, 1, options.get(), queue);
  return {};
}

// createTopics(id, timeout ms, [{topic, numPartitions, replicationFactor, config: [[key, value]]}])
ErrorData CreateTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, error);
  SetOperationTimeout(info, options.get(), error);
  const auto array = info[2].As<Napi::Array>();
  std::vector<Rd<rd_kafka_NewTopic_t>> topics;
  char errstr[256] = "";
  for (uint32_t i = 0; i < array.Length() && !error; i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    topics.emplace_back(rd_kafka_NewTopic_new(ToString(item.Get("topic")).c_str(), ToInt32(item.Get("numPartitions")),
                                              ToInt32(item.Get("replicationFactor")), errstr, sizeof errstr));
    if (!topics.back()) return MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, errstr);
    for (const auto& [key, value] : ToPairs(item.Get("config"))) {
      const auto code = rd_kafka_NewTopic_set_config(topics.back().get(), key.c_str(), value.c_str());
      if (code) error = MakeError(code);
    }
  }
  if (error) return error;
  auto raw = Raw(topics);
  rd_kafka_CreateTopics(rk, raw.data(), raw.size(), options.get(), queue);
  return {};
}

// deleteTopics(id, timeout ms, topics)
ErrorData DeleteTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_DELETETOPICS, error);
  SetOperationTimeout(info, options.get(), error);
  if (error) return error;
  std::vector<Rd<rd_kafka_DeleteTopic_t>> topics;
  for (const auto& topic : ToStrings(info[2])) topics.emplace_back(rd_kafka_DeleteTopic_new(topic.c_str()));
  auto raw = Raw(topics);
  rd_kafka_DeleteTopics(rk, raw.data(), raw.size(), options.get(), queue);
  return {};
}

// createPartitions(id, timeout ms, [{topic, total}])
ErrorData CreatePartitions(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, error);
  SetOperationTimeout(info, options.get(), error);
  if (error) return error;
  const auto array = info[2].As<Napi::Array>();
  std::vector<Rd<rd_kafka_NewPartitions_t>> topics;
  char errstr[256] = "";
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    topics.emplace_back(rd_kafka_NewPartitions_new(
        ToString(item.Get("topic")).c_str(), static_cast<size_t>(ToInt32(item.Get("total"))), errstr, sizeof errstr));
    if (!topics.back()) return MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, errstr);
  }
  auto raw = Raw(topics);
  rd_kafka_CreatePartitions(rk, raw.data(), raw.size(), options.get(), queue);
  return {};
}

// deleteRecords(id, timeout ms, flat list): everything before each row's offset.
ErrorData DeleteRecords(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_DELETERECORDS, error);
  SetOperationTimeout(info, options.get(), error);
  if (error) return error;
  const Rd<rd_kafka_DeleteRecords_t> request(rd_kafka_DeleteRecords_new(ToPartitionList(info[2]).get()));
  auto* raw = request.get();
  rd_kafka_DeleteRecords(rk, &raw, 1, options.get(), queue);
  return {};
}

// describeTopics(id, timeout ms, topics)
ErrorData DescribeTopics(const Napi::CallbackInfo& info, rd_kafka_t* rk, rd_kafka_queue_t* queue) {
  ErrorData error;
  const auto options = Options(info, rk, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS, error);
  if (error) return error;
  const auto names = ToStrings(info[2]);
  std::vector<const char*> raw;
  raw.reserve(names.size());
  for (const auto& name : names) raw.push_back(name.c_str());
  const Rd<rd_kafka_TopicCollection_t> topics(rd_kafka_TopicCollection_of_topic_names(raw.data(), raw.size()));
  rd_kafka_DescribeTopics(rk, topics.get(), options.get(), queue);
  return {};
}

Napi::Value AdminReply(Napi::Env env, rd_kafka_event_t* event) {
  auto error = MakeError(rd_kafka_event_error(event), rd_kafka_event_error_string(event));
  std::vector<PartitionRow> rows;
  size_t count = 0;
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_LISTOFFSETS_RESULT: {
      const auto* infos = rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event), &count);
      for (size_t i = 0; i < count; i++) {
        const auto* row = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        rows.push_back({row->topic, row->partition, row->offset, MakeError(row->err)});
      }
      break;
    }
    case RD_KAFKA_EVENT_LISTCONSUMERGROUPOFFSETS_RESULT: {
      const auto* groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
          rd_kafka_event_ListConsumerGroupOffsets_result(event), &count);
      if (!error && count) {
        const auto* failed = rd_kafka_group_result_error(groups[0]);
        if (failed) error = MakeError(rd_kafka_error_code(failed), rd_kafka_error_string(failed));
        rows = ToRows(rd_kafka_group_result_partitions(groups[0]));
      }
      break;
    }
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT: {
      const auto* results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
      rows = TopicRows(results, count);
      break;
    }
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT: {
      const auto* results = rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
      rows = TopicRows(results, count);
      break;
    }
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT: {
      const auto* results =
          rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event), &count);
      rows = TopicRows(results, count);
      break;
    }
    case RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT: {
      const auto topics = rd_kafka_DescribeTopics_result_topics(rd_kafka_event_DescribeTopics_result(event), &count);
      for (size_t i = 0; i < count; i++) {
        const auto* failed = rd_kafka_TopicDescription_error(topics[i]);
        rows.push_back({rd_kafka_TopicDescription_name(topics[i]), -1, -1,
                        MakeError(rd_kafka_error_code(failed), rd_kafka_error_string(failed))});
      }
      break;
    }
    case RD_KAFKA_EVENT_DELETERECORDS_RESULT:
      if (!error) rows = ToRows(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event)));
      break;
    default:
      return env.Undefined();
  }
  auto out =
      ReplyToJs(env, static_cast<uint32_t>(reinterpret_cast<uintptr_t>(rd_kafka_event_opaque(event))), error, rows);
  if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_DESCRIBETOPICS_RESULT) out["topics"] = Descriptions(env, event);
  return out;
}

}  // namespace seekafka
