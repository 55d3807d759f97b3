// Admin requests about groups of consumers.
#include "admin_values.h"

namespace seekafka {

namespace {

template <typename Enum>
std::vector<Enum> ToEnums(const Napi::Value& value) {
  const auto array = ToArray(value, "numbers");
  std::vector<Enum> out;
  for (uint32_t i = 0; i < array.Length(); i++) out.push_back(static_cast<Enum>(ToInt32(array.Get(i))));
  return out;
}

// listGroups(id, timeout ms, states, types): rd_kafka_consumer_group_state_t and rd_kafka_consumer_group_type_t; all
// groups where there are none.
ErrorData BuildListGroups(const AdminCall& call) {
  const auto states = ToEnums<rd_kafka_consumer_group_state_t>(call.info[2]);
  const auto types = ToEnums<rd_kafka_consumer_group_type_t>(call.info[3]);
  if (!states.empty()) {
    if (auto refused = TakeError(
            rd_kafka_AdminOptions_set_match_consumer_group_states(call.options, states.data(), states.size())))
      return refused;
  }
  if (!types.empty()) {
    if (auto refused =
            TakeError(rd_kafka_AdminOptions_set_match_consumer_group_types(call.options, types.data(), types.size())))
      return refused;
  }
  rd_kafka_ListConsumerGroups(call.rk, call.options, call.queue);
  return {};
}

// Groups are told of by each broker; what a broker answers instead is an error of the whole.
void ReadListGroups(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  const auto* result = rd_kafka_event_ListConsumerGroups_result(event);
  size_t count = 0;
  const auto errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
  if (count > 0) {
    error = ErrorOf(errors[0]);
    return;
  }
  const auto groups = rd_kafka_ListConsumerGroups_result_valid(result, &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    item["group"] = rd_kafka_ConsumerGroupListing_group_id(groups[i]);
    item["state"] = static_cast<int32_t>(rd_kafka_ConsumerGroupListing_state(groups[i]));
    item["type"] = static_cast<int32_t>(rd_kafka_ConsumerGroupListing_type(groups[i]));
    item["simple"] = rd_kafka_ConsumerGroupListing_is_simple_consumer_group(groups[i]) != 0;
    out[i] = item;
  }
  reply["items"] = out;
}

// describeGroups(id, timeout ms, groups, include operations)
ErrorData BuildDescribeGroups(const AdminCall& call) {
  if (auto refused = SetIncludeOperations(call, IsTrue(call.info[3]))) return refused;
  const auto groups = ToStrings(call.info[2]);
  auto raw = RawStrings(groups);
  rd_kafka_DescribeConsumerGroups(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

Napi::Value AssignmentToJs(Napi::Env env, const rd_kafka_MemberAssignment_t* assignment) {
  if (!assignment) return env.Undefined();
  return ToJs(env, ToRows(rd_kafka_MemberAssignment_partitions(assignment)));
}

Napi::Object MemberToJs(Napi::Env env, const rd_kafka_MemberDescription_t* member) {
  auto out = Napi::Object::New(env);
  out["member"] = TextOrNull(env, rd_kafka_MemberDescription_consumer_id(member));
  out["instance"] = TextOrNull(env, rd_kafka_MemberDescription_group_instance_id(member));
  out["client"] = TextOrNull(env, rd_kafka_MemberDescription_client_id(member));
  out["host"] = TextOrNull(env, rd_kafka_MemberDescription_host(member));
  out["assignment"] = AssignmentToJs(env, rd_kafka_MemberDescription_assignment(member));
  out["target"] = AssignmentToJs(env, rd_kafka_MemberDescription_target_assignment(member));
  return out;
}

void ReadDescribeGroups(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto groups =
      rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    const auto* group = groups[i];
    auto item = Napi::Object::New(env);
    item["group"] = rd_kafka_ConsumerGroupDescription_group_id(group);
    SetError(item, ErrorOf(rd_kafka_ConsumerGroupDescription_error(group)));
    item["state"] = static_cast<int32_t>(rd_kafka_ConsumerGroupDescription_state(group));
    item["type"] = static_cast<int32_t>(rd_kafka_ConsumerGroupDescription_type(group));
    item["simple"] = rd_kafka_ConsumerGroupDescription_is_simple_consumer_group(group) != 0;
    item["assignor"] = TextOrNull(env, rd_kafka_ConsumerGroupDescription_partition_assignor(group));
    item["coordinator"] = NodeToJs(env, rd_kafka_ConsumerGroupDescription_coordinator(group));
    size_t operations = 0;
    const auto* allowed = rd_kafka_ConsumerGroupDescription_authorized_operations(group, &operations);
    item["operations"] = OperationsToJs(env, allowed, operations);
    const size_t size = rd_kafka_ConsumerGroupDescription_member_count(group);
    auto members = Napi::Array::New(env, size);
    for (uint32_t m = 0; m < size; m++)
      members[m] = MemberToJs(env, rd_kafka_ConsumerGroupDescription_member(group, m));
    item["members"] = members;
    out[i] = item;
  }
  reply["items"] = out;
}

// deleteGroups(id, timeout ms, groups)
ErrorData BuildDeleteGroups(const AdminCall& call) {
  std::vector<Rd<rd_kafka_DeleteGroup_t>> groups;
  for (const auto& group : ToStrings(call.info[2])) groups.emplace_back(rd_kafka_DeleteGroup_new(group.c_str()));
  auto raw = Raw(groups);
  rd_kafka_DeleteGroups(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadDeleteGroups(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto groups = rd_kafka_DeleteGroups_result_groups(rd_kafka_event_DeleteGroups_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    item["group"] = rd_kafka_group_result_name(groups[i]);
    SetError(item, ErrorOf(rd_kafka_group_result_error(groups[i])));
    out[i] = item;
  }
  reply["items"] = out;
}

}  // namespace

const AdminRequest kListConsumerGroups = {"listGroups",
                                          RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS,
                                          RD_KAFKA_EVENT_LISTCONSUMERGROUPS_RESULT,
                                          false,
                                          BuildListGroups,
                                          ReadListGroups};
const AdminRequest kDescribeConsumerGroups = {"describeGroups",
                                              RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
                                              RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT,
                                              false,
                                              BuildDescribeGroups,
                                              ReadDescribeGroups};
const AdminRequest kDeleteGroups = {
    "deleteGroups",  RD_KAFKA_ADMIN_OP_DELETEGROUPS, RD_KAFKA_EVENT_DELETEGROUPS_RESULT, false, BuildDeleteGroups,
    ReadDeleteGroups};

}  // namespace seekafka
