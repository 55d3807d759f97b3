#include "error.h"

namespace seekafka {

namespace {

// librdkafka says whether an rd_kafka_error_t is retriable, but not whether a bare code is: these are the codes that
// the protocol's error table marks so, and librdkafka's own that pass by themselves.
bool IsRetriable(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__DESTROY_BROKER:  // it has left the cluster while it was asked
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
      return true;
    default:
      return false;
  }
}

}  // namespace

ErrorData MakeError(rd_kafka_resp_err_t code, const char* message) {
  ErrorData error;
  error.code = code;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return error;
  error.message = message && *message ? message : rd_kafka_err2str(code);
  error.fatal = code == RD_KAFKA_RESP_ERR__FATAL;
  error.retriable = IsRetriable(code);
  return error;
}

ErrorData TakeError(rd_kafka_error_t* raw) {
  if (!raw) return ErrorData{};
  const Rd<rd_kafka_error_t> owned(raw);
  ErrorData error = MakeError(rd_kafka_error_code(raw), rd_kafka_error_string(raw));
  error.fatal = rd_kafka_error_is_fatal(raw) != 0;
  error.retriable = error.retriable || rd_kafka_error_is_retriable(raw) != 0;
  error.txn_requires_abort = rd_kafka_error_txn_requires_abort(raw) != 0;
  return error;
}

Napi::Value ToJs(Napi::Env env, const ErrorData& error) {
  if (!error) return env.Undefined();
  auto out = Napi::Object::New(env);
  out["errno"] = static_cast<int32_t>(error.code);
  out["code"] = std::string("ERR_") + rd_kafka_err2name(error.code);
  out["message"] = error.message;
  out["fatal"] = error.fatal;
  out["retriable"] = error.retriable;
  out["txnRequiresAbort"] = error.txn_requires_abort;
  return out;
}

}  // namespace seekafka
