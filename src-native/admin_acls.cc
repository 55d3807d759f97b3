// Admin requests about access control lists.
#include "admin_values.h"

namespace seekafka {

namespace {

using Acls = std::vector<Rd<rd_kafka_AclBinding_t>>;

// A binding, and a filter of bindings, which are one type in librdkafka:
// {resourceType, resourceName, patternType, principal, host, operation, permission}. Enums are their numbers; a null
// name, principal or host of a filter matches any.
template <typename New>
ErrorData NewAcl(const Napi::Object& item, New make, Acls& acls) {
  std::optional<std::string> texts[3];
  const char* const names[3] = {"resourceName", "principal", "host"};
  for (size_t i = 0; i < 3; i++) {
    const Napi::Value value = item.Get(names[i]);
    if (!value.IsNull()) texts[i] = ToString(value);
  }
  const auto raw = [&texts](size_t i) { return texts[i] ? texts[i]->c_str() : nullptr; };
  char errstr[256] = "";
  acls.emplace_back(make(static_cast<rd_kafka_ResourceType_t>(ToInt32(item.Get("resourceType"))), raw(0),
                         static_cast<rd_kafka_ResourcePatternType_t>(ToInt32(item.Get("patternType"))), raw(1), raw(2),
                         static_cast<rd_kafka_AclOperation_t>(ToInt32(item.Get("operation"))),
                         static_cast<rd_kafka_AclPermissionType_t>(ToInt32(item.Get("permission"))), errstr,
                         sizeof errstr));
  return acls.back() ? ErrorData{} : MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, errstr);
}

Napi::Object AclToJs(Napi::Env env, const rd_kafka_AclBinding_t* acl) {
  auto out = Napi::Object::New(env);
  out["resourceType"] = static_cast<int32_t>(rd_kafka_AclBinding_restype(acl));
  out["resourceName"] = TextOrNull(env, rd_kafka_AclBinding_name(acl));
  out["patternType"] = static_cast<int32_t>(rd_kafka_AclBinding_resource_pattern_type(acl));
  out["principal"] = TextOrNull(env, rd_kafka_AclBinding_principal(acl));
  out["host"] = TextOrNull(env, rd_kafka_AclBinding_host(acl));
  out["operation"] = static_cast<int32_t>(rd_kafka_AclBinding_operation(acl));
  out["permission"] = static_cast<int32_t>(rd_kafka_AclBinding_permission_type(acl));
  SetError(out, ErrorOf(rd_kafka_AclBinding_error(acl)));
  return out;
}

Napi::Array AclsToJs(Napi::Env env, const rd_kafka_AclBinding_t* const* acls, size_t count) {
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out[i] = AclToJs(env, acls[i]);
  return out;
}

// createAcls(id, timeout ms, acls)
ErrorData BuildCreateAcls(const AdminCall& call) {
  const auto array = ToArray(call.info[2], "acls");
  Acls acls;
  for (uint32_t i = 0; i < array.Length(); i++) {
    if (auto refused = NewAcl(array.Get(i).As<Napi::Object>(), rd_kafka_AclBinding_new, acls)) return refused;
  }
  auto raw = Raw(acls);
  rd_kafka_CreateAcls(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadCreateAcls(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    SetError(item, ErrorOf(rd_kafka_acl_result_error(results[i])));
    out[i] = item;
  }
  reply["items"] = out;
}

// describeAcls(id, timeout ms, filter)
ErrorData BuildDescribeAcls(const AdminCall& call) {
  Acls filter;
  if (auto refused = NewAcl(call.info[2].As<Napi::Object>(), rd_kafka_AclBindingFilter_new, filter)) return refused;
  rd_kafka_DescribeAcls(call.rk, filter.front().get(), call.options, call.queue);
  return {};
}

void ReadDescribeAcls(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto acls = rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &count);
  reply["items"] = AclsToJs(env, acls, count);
}

// deleteAcls(id, timeout ms, filters)
ErrorData BuildDeleteAcls(const AdminCall& call) {
  const auto array = ToArray(call.info[2], "filters");
  Acls filters;
  for (uint32_t i = 0; i < array.Length(); i++) {
    if (auto refused = NewAcl(array.Get(i).As<Napi::Object>(), rd_kafka_AclBindingFilter_new, filters)) return refused;
  }
  auto raw = Raw(filters);
  rd_kafka_DeleteAcls(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

// For each filter {error?, acls}.
void ReadDeleteAcls(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto responses = rd_kafka_DeleteAcls_result_responses(rd_kafka_event_DeleteAcls_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    SetError(item, ErrorOf(rd_kafka_DeleteAcls_result_response_error(responses[i])));
    size_t matching = 0;
    const auto acls = rd_kafka_DeleteAcls_result_response_matching_acls(responses[i], &matching);
    item["acls"] = AclsToJs(env, acls, matching);
    out[i] = item;
  }
  reply["items"] = out;
}

}  // namespace

const AdminRequest kCreateAcls = {
    "createAcls",  RD_KAFKA_ADMIN_OP_CREATEACLS, RD_KAFKA_EVENT_CREATEACLS_RESULT, false, BuildCreateAcls,
    ReadCreateAcls};
const AdminRequest kDescribeAcls = {
    "describeAcls",  RD_KAFKA_ADMIN_OP_DESCRIBEACLS, RD_KAFKA_EVENT_DESCRIBEACLS_RESULT, false, BuildDescribeAcls,
    ReadDescribeAcls};
const AdminRequest kDeleteAcls = {
    "deleteAcls",  RD_KAFKA_ADMIN_OP_DELETEACLS, RD_KAFKA_EVENT_DELETEACLS_RESULT, false, BuildDeleteAcls,
    ReadDeleteAcls};

}  // namespace seekafka
