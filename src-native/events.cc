#include "events.h"

namespace seekafka {

namespace {

Record DecodeError(rd_kafka_t* rk, rd_kafka_event_t* event) {
  Failure failure;
  const auto code = rd_kafka_event_error(event);
  if (rd_kafka_event_error_is_fatal(event) || code == RD_KAFKA_RESP_ERR__FATAL) {
    // The event says only that there is a fatal error; which one it is has to be asked for.
    char reason[512] = "";
    const auto cause = rd_kafka_fatal_error(rk, reason, sizeof reason);
    failure.error = MakeError(cause ? cause : RD_KAFKA_RESP_ERR__FATAL, reason);
    failure.error.fatal = true;
  } else {
    failure.error = MakeError(code, rd_kafka_event_error_string(event));
  }
  if (const Rd<rd_kafka_topic_partition_t> row{rd_kafka_event_topic_partition(event)})
    failure.rows.push_back({row->topic ? row->topic : "", row->partition, row->offset, {}});
  return failure;
}

}  // namespace

Record DecodeCommonEvent(rd_kafka_t* rk, rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_ERROR:
      return DecodeError(rk, event);
    case RD_KAFKA_EVENT_STATS:
      return Stats{rd_kafka_event_stats(event)};
    case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH:
      return TokenRefresh{};
    default:
      return {};
  }
}

}  // namespace seekafka
