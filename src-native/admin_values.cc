#include "admin_values.h"

namespace seekafka {

std::vector<const char*> RawStrings(const std::vector<std::string>& strings) {
  std::vector<const char*> raw;
  raw.reserve(strings.size());
  for (const auto& string : strings) raw.push_back(string.c_str());
  return raw;
}

ErrorData ErrorOf(const rd_kafka_error_t* error) {
  ErrorData data = MakeError(rd_kafka_error_code(error), rd_kafka_error_string(error));
  data.retriable = data.retriable || rd_kafka_error_is_retriable(error) != 0;
  return data;
}

void SetError(Napi::Object out, const ErrorData& error) {
  if (error) out["error"] = ToJs(out.Env(), error);
}

ErrorData SetValidateOnly(const AdminCall& call, bool validate_only) {
  char errstr[256] = "";
  const auto code = rd_kafka_AdminOptions_set_validate_only(call.options, validate_only ? 1 : 0, errstr, sizeof errstr);
  return MakeError(code, errstr);
}

ErrorData SetIncludeOperations(const AdminCall& call, bool include) {
  return TakeError(rd_kafka_AdminOptions_set_include_authorized_operations(call.options, include ? 1 : 0));
}

Napi::Value NodeToJs(Napi::Env env, const rd_kafka_Node_t* node) {
  if (!node) return env.Null();
  auto out = Napi::Object::New(env);
  out["id"] = rd_kafka_Node_id(node);
  out["host"] = TextOrNull(env, rd_kafka_Node_host(node));
  out["port"] = static_cast<double>(rd_kafka_Node_port(node));
  out["rack"] = TextOrNull(env, rd_kafka_Node_rack(node));
  return out;
}

Napi::Value OperationsToJs(Napi::Env env, const rd_kafka_AclOperation_t* operations, size_t count) {
  if (!operations) return env.Undefined();
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) out[i] = static_cast<int32_t>(operations[i]);
  return out;
}

}  // namespace seekafka
