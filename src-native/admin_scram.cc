// Admin requests about the SCRAM credentials of users. Passwords go from JavaScript to librdkafka, and nowhere else.
#include "admin_values.h"

namespace seekafka {

namespace {

// describeScramUsers(id, timeout ms, users): all where there are none
ErrorData BuildDescribeScramUsers(const AdminCall& call) {
  const auto users = ToStrings(call.info[2]);
  auto raw = RawStrings(users);
  rd_kafka_DescribeUserScramCredentials(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadDescribeScramUsers(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto users = rd_kafka_DescribeUserScramCredentials_result_descriptions(
      rd_kafka_event_DescribeUserScramCredentials_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    item["user"] = rd_kafka_UserScramCredentialsDescription_user(users[i]);
    SetError(item, ErrorOf(rd_kafka_UserScramCredentialsDescription_error(users[i])));
    const size_t credentials = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo_count(users[i]);
    auto list = Napi::Array::New(env, credentials);
    for (uint32_t c = 0; c < credentials; c++) {
      const auto* info = rd_kafka_UserScramCredentialsDescription_scramcredentialinfo(users[i], c);
      auto credential = Napi::Object::New(env);
      credential["mechanism"] = static_cast<int32_t>(rd_kafka_ScramCredentialInfo_mechanism(info));
      credential["iterations"] = rd_kafka_ScramCredentialInfo_iterations(info);
      list[c] = credential;
    }
    item["credentials"] = list;
    out[i] = item;
  }
  reply["items"] = out;
}

// alterScramUsers(id, timeout ms, [{user, mechanism, iterations, password, salt}]): without a password, a deletion
ErrorData BuildAlterScramUsers(const AdminCall& call) {
  const auto array = ToArray(call.info[2], "alterations");
  std::vector<Rd<rd_kafka_UserScramCredentialAlteration_t>> alterations;
  for (uint32_t i = 0; i < array.Length(); i++) {
    const auto item = array.Get(i).As<Napi::Object>();
    const auto user = ToString(item.Get("user"));
    const auto mechanism = static_cast<rd_kafka_ScramMechanism_t>(ToInt32(item.Get("mechanism")));
    if (item.Get("password").IsUndefined()) {
      alterations.emplace_back(rd_kafka_UserScramCredentialDeletion_new(user.c_str(), mechanism));
      continue;
    }
    const auto password = ToTypedView(item.Get("password"), napi_uint8_array, "password");
    const auto salt = ToTypedView(item.Get("salt"), napi_uint8_array, "salt");
    alterations.emplace_back(rd_kafka_UserScramCredentialUpsertion_new(
        user.c_str(), mechanism, ToInt32(item.Get("iterations")), static_cast<const unsigned char*>(password.data),
        password.length, static_cast<const unsigned char*>(salt.data), salt.length));
  }
  auto raw = Raw(alterations);
  rd_kafka_AlterUserScramCredentials(call.rk, raw.data(), raw.size(), call.options, call.queue);
  return {};
}

void ReadAlterScramUsers(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto responses = rd_kafka_AlterUserScramCredentials_result_responses(
      rd_kafka_event_AlterUserScramCredentials_result(event), &count);
  auto out = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) {
    auto item = Napi::Object::New(env);
    item["user"] = rd_kafka_AlterUserScramCredentials_result_response_user(responses[i]);
    SetError(item, ErrorOf(rd_kafka_AlterUserScramCredentials_result_response_error(responses[i])));
    out[i] = item;
  }
  reply["items"] = out;
}

}  // namespace

const AdminRequest kDescribeUserScramCredentials = {"describeScramUsers",
                                                    RD_KAFKA_ADMIN_OP_DESCRIBEUSERSCRAMCREDENTIALS,
                                                    RD_KAFKA_EVENT_DESCRIBEUSERSCRAMCREDENTIALS_RESULT,
                                                    false,
                                                    BuildDescribeScramUsers,
                                                    ReadDescribeScramUsers};
const AdminRequest kAlterUserScramCredentials = {"alterScramUsers",
                                                 RD_KAFKA_ADMIN_OP_ALTERUSERSCRAMCREDENTIALS,
                                                 RD_KAFKA_EVENT_ALTERUSERSCRAMCREDENTIALS_RESULT,
                                                 false,
                                                 BuildAlterScramUsers,
                                                 ReadAlterScramUsers};

}  // namespace seekafka
