// An error as plain data: made on any thread, turned into a JavaScript object on the JavaScript thread. The facade
// makes its KafkaError of that object.
#pragma once

#include <string>

#include "napi_util.h"
#include "rd.h"

namespace seekafka {

struct ErrorData {
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string message;
  bool fatal = false;
  bool retriable = false;
  bool txn_requires_abort = false;

  explicit operator bool() const { return code != RD_KAFKA_RESP_ERR_NO_ERROR; }
};

// `message` null: librdkafka's own description of the code.
ErrorData MakeError(rd_kafka_resp_err_t code, const char* message = nullptr);

// Owns and destroys `error`; null means no error.
ErrorData TakeError(rd_kafka_error_t* error);

// {errno, code, message, fatal, retriable, txnRequiresAbort}, or undefined where there is no error.
Napi::Value ToJs(Napi::Env env, const ErrorData& error);

}  // namespace seekafka
