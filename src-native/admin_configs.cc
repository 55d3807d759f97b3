// Admin requests about the configuration of topics, brokers and groups.
#include "admin_values.h"

namespace seekafka {

namespace {

using Resources = std::vector<Rd<rd_kafka_ConfigResource_t>>;

ErrorData NewResource(const Napi::Object& item, Resources& resources) {
  const auto type = static_cast<rd_kafka_ResourceType_t>(ToInt32(item.Get("type")));
  resources.emplace_back(rd_kafka_ConfigResource_new(type, ToString(item.Get("name")).c_str()));
  if (resources.back()) return {};
  return MakeError(RD_KAFKA_RESP_ERR__INVALID_ARG, "the name of a resource is empty");
}

// describeConfigs(id, timeout ms, [{type, name, keys}]): of all keys where there are none. One broker at most, which is
// the one that is asked.
ErrorData BuildDescribeConfigs(const AdminCall& call) {
  const auto array = ToArray(call.info[2], "resources");
  Resources resources;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    if (auto refused = NewResource(item, resources)) return refused;
    for (const auto& key : ToStrings(item.Get("keys"))) {
      if (const auto code = rd_kafka_ConfigResource_set_config(resources.back().get(), key.c_str(), ""))
        return MakeError(code);
    }
  }
  auto raw = Raw(resources);
  rd_kafka_DescribeConfigs(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

// alterConfigs(id, timeout ms, [{type, name, changes: [[key, how, value]]}], validate only). `how` is an
// rd_kafka_AlterConfigOpType_t.
ErrorData BuildAlterConfigs(const AdminCall& call) {
  if (auto refused = SetValidateOnly(call, IsTrue(call.info[3]))) return refused;
  const auto array = ToArray(call.info[2], "resources");
  Resources resources;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    if (auto refused = NewResource(item, resources)) return refused;
    const auto changes = ToArray(item.Get("changes"), "changes");
    for (uint32_t c = 0; c < changes.Length(); c++) {
      const auto change = ToArray(changes.Get(c), "a change");
      const auto key = ToString(change.Get(uint32_t{0}));
      const auto how = static_cast<rd_kafka_AlterConfigOpType_t>(ToInt32(change.Get(1)));
      const auto value = ToString(change.Get(2));
      const bool no_value = how == RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE;
      if (auto refused = TakeError(rd_kafka_ConfigResource_add_incremental_config(
              resources.back().get(), key.c_str(), how, no_value ? nullptr : value.c_str())))
        return refused;
    }
  }
  auto raw = Raw(resources);
  rd_kafka_IncrementalAlterConfigs(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

Napi::Object EntryToJs(Napi::Env env, const rd_kafka_ConfigEntry_t* entry) {
  auto out = Napi::Object::New(env);
  out["name"] = rd_kafka_ConfigEntry_name(entry);
  out["value"] = TextOrNull(env, rd_kafka_ConfigEntry_value(entry));
  out["source"] = static_cast<int32_t>(rd_kafka_ConfigEntry_source(entry));
  out["readOnly"] = rd_kafka_ConfigEntry_is_read_only(entry) == 1;
  out["sensitive"] = rd_kafka_ConfigEntry_is_sensitive(entry) == 1;
  size_t count = 0;
  const auto synonyms = rd_kafka_ConfigEntry_synonyms(entry, &count);
  auto list = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) list[i] = EntryToJs(env, synonyms[i]);
  out["synonyms"] = list;
  return out;
}

Napi::Array ResourcesToJs(Napi::Env env, const rd_kafka_ConfigResource_t* const* resources, size_t count) {
  auto out = Napi::Array::New(env);
  uint32_t index = 0;
  for (size_t r = 0; r < count; r++) {
    if (!resources[r]) continue;  // one that the broker has not told of
    auto item = Napi::Object::New(env);
    item["type"] = static_cast<int32_t>(rd_kafka_ConfigResource_type(resources[r]));
    item["name"] = rd_kafka_ConfigResource_name(resources[r]);
    SetError(item, MakeError(rd_kafka_ConfigResource_error(resources[r]),
                             rd_kafka_ConfigResource_error_string(resources[r])));
    size_t entries = 0;
    const auto configs = rd_kafka_ConfigResource_configs(resources[r], &entries);
    auto list = Napi::Array::New(env, entries);
    for (uint32_t i = 0; i < entries; i++) list[i] = EntryToJs(env, configs[i]);
    item["entries"] = list;
    out[index++] = item;
  }
  return out;
}

void ReadDescribeConfigs(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto resources =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &count);
  reply["items"] = ResourcesToJs(env, resources, count);
}

void ReadAlterConfigs(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto resources =
      rd_kafka_IncrementalAlterConfigs_result_resources(rd_kafka_event_IncrementalAlterConfigs_result(event), &count);
  reply["items"] = ResourcesToJs(env, resources, count);
}

}  // namespace

const AdminRequest kDescribeConfigs = {"describeConfigs",
                                       RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
                                       RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT,
                                       false,
                                       BuildDescribeConfigs,
                                       ReadDescribeConfigs};
const AdminRequest kIncrementalAlterConfigs = {"alterConfigs",
                                               RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS,
                                               RD_KAFKA_EVENT_INCREMENTALALTERCONFIGS_RESULT,
                                               false,
                                               BuildAlterConfigs,
                                               ReadAlterConfigs};

}  // namespace seekafka
