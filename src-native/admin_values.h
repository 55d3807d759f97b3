// What several families of admin requests have in common: lists for librdkafka's calls, and its values as JavaScript
// objects.
#pragma once

#include <vector>

#include "admin.h"

namespace seekafka {

// The raw pointers of owned objects, as librdkafka's calls want them.
template <typename T>
std::vector<T*> Raw(const std::vector<Rd<T>>& owned) {
  std::vector<T*> raw;
  raw.reserve(owned.size());
  for (const auto& item : owned) raw.push_back(item.get());
  return raw;
}

// They point into `strings`.
std::vector<const char*> RawStrings(const std::vector<std::string>& strings);
inline bool IsTrue(const Napi::Value& value) { return value.As<Napi::Boolean>().Value(); }

// librdkafka keeps it; null, or one that says that all went well, means no error.
ErrorData ErrorOf(const rd_kafka_error_t* error);
// out.error, where there is one.
void SetError(Napi::Object out, const ErrorData& error);
ErrorData SetValidateOnly(const AdminCall& call, bool validate_only);
ErrorData SetIncludeOperations(const AdminCall& call, bool include);

// {id, host, port, rack}; null for none.
Napi::Value NodeToJs(Napi::Env env, const rd_kafka_Node_t* node);
// Numbers of rd_kafka_AclOperation_t; undefined where librdkafka was not told to ask for them.
Napi::Value OperationsToJs(Napi::Env env, const rd_kafka_AclOperation_t* operations, size_t count);
inline Napi::Value TextOrNull(Napi::Env env, const char* text) {
  return text ? Napi::Value(Napi::String::New(env, text)) : env.Null();
}

}  // namespace seekafka
