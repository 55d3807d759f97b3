#include "login.h"

namespace seekafka {

Token ToToken(const Napi::CallbackInfo& info) {
  return {ToString(info[1]), ToInt64(info[2]), ToString(info[3]), ToStrings(info[4])};
}

Credentials ToCredentials(const Napi::CallbackInfo& info) { return {ToString(info[0]), ToString(info[1])}; }

ErrorData SetToken(rd_kafka_t* rk, const Token& token) {
  std::vector<const char*> extensions;
  extensions.reserve(token.extensions.size());
  for (const auto& text : token.extensions) extensions.push_back(text.c_str());
  char unused[512] = "";
  const auto code = rd_kafka_oauthbearer_set_token(rk, token.value.c_str(), token.expires_at, token.principal.c_str(),
                                                   extensions.data(), extensions.size(), unused, sizeof unused);
  return MakeError(code, "librdkafka does not take the token: it has expired, or has characters that no token has");
}

ErrorData SetCredentials(rd_kafka_t* rk, const Credentials& credentials) {
  return TakeError(rd_kafka_sasl_set_credentials(rk, credentials.username.c_str(), credentials.password.c_str()));
}

}  // namespace seekafka
