// What a handle logs in with, given to it while it runs: a token (SASL/OAUTHBEARER), or a name and a password (PLAIN,
// SCRAM). librdkafka's text about a token that it refuses may contain the token, so it goes nowhere.
#pragma once

#include "error.h"

namespace seekafka {

struct Token {
  std::string value;
  int64_t expires_at = 0;  // milliseconds since the Unix epoch
  std::string principal;
  std::vector<std::string> extensions;  // name, value, name, value, ...
};

struct Credentials {
  std::string username;
  std::string password;
};

// setToken(id, value, expires at, principal, extensions)
Token ToToken(const Napi::CallbackInfo& info);
// setSaslCredentials(username, password)
Credentials ToCredentials(const Napi::CallbackInfo& info);

// Both may be called from any thread while the handle exists, and do not wait for brokers: they wake the threads of
// those that want to log in.
ErrorData SetToken(rd_kafka_t* rk, const Token& token);
ErrorData SetCredentials(rd_kafka_t* rk, const Credentials& credentials);

}  // namespace seekafka
