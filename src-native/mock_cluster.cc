#include "mock_cluster.h"

namespace seekafka {

ErrorData MockCall(const Napi::CallbackInfo& info, rd_kafka_mock_cluster_t* cluster) {
  const auto operation = ToString(info[0]);
  const auto text = [&](size_t i) { return ToString(info[i]); };
  const auto number = [&](size_t i) { return ToInt32(info[i]); };
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED;
  if (operation == "topicCreate") {
    code = rd_kafka_mock_topic_create(cluster, text(1).c_str(), number(2), number(3));
  } else if (operation == "partitionDeleteRecords") {
    code = rd_kafka_mock_partition_delete_records(cluster, text(1).c_str(), number(2), ToInt64(info[3]));
  } else if (operation == "partitionSetLeader") {
    code = rd_kafka_mock_partition_set_leader(cluster, text(1).c_str(), number(2), number(3));
  } else if (operation == "brokerSetDown") {
    code = rd_kafka_mock_broker_set_down(cluster, number(1));
  } else if (operation == "brokerSetUp") {
    code = rd_kafka_mock_broker_set_up(cluster, number(1));
  } else if (operation == "brokerSetRtt") {
    code = rd_kafka_mock_broker_set_rtt(cluster, number(1), number(2));
  } else if (operation == "pushRequestError") {  // broker, api key, error code, delay in ms
    code = rd_kafka_mock_broker_push_request_error_rtts(cluster, number(1), static_cast<int16_t>(number(2)), 1,
                                                        static_cast<rd_kafka_resp_err_t>(number(3)), number(4));
  } else if (operation == "groupInitialRebalanceDelay") {
    rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, number(1));
    code = RD_KAFKA_RESP_ERR_NO_ERROR;
  }
  return MakeError(code);
}

}  // namespace seekafka
