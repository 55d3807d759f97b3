// Admin requests about the cluster as a whole: its brokers, and who leads its partitions.
#include "admin_values.h"

namespace seekafka {

namespace {

// describeCluster(id, timeout ms, include operations)
ErrorData BuildDescribeCluster(const AdminCall& call) {
  if (auto refused = SetIncludeOperations(call, IsTrue(call.info[2]))) return refused;
  rd_kafka_DescribeCluster(call.rk, call.options, call.queue);
  return {};
}

void ReadDescribeCluster(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  const auto* result = rd_kafka_event_DescribeCluster_result(event);
  size_t count = 0;
  auto cluster = Napi::Object::New(env);
  cluster["id"] = TextOrNull(env, rd_kafka_DescribeCluster_result_cluster_id(result));
  cluster["controller"] = NodeToJs(env, rd_kafka_DescribeCluster_result_controller(result));
  const auto nodes = rd_kafka_DescribeCluster_result_nodes(result, &count);
  auto brokers = Napi::Array::New(env, count);
  for (uint32_t i = 0; i < count; i++) brokers[i] = NodeToJs(env, nodes[i]);
  cluster["brokers"] = brokers;
  const auto* allowed = rd_kafka_DescribeCluster_result_authorized_operations(result, &count);
  cluster["operations"] = OperationsToJs(env, allowed, count);
  reply["cluster"] = cluster;
}

// electLeaders(id, timeout ms, unclean, flat list or null): null is all partitions
ErrorData BuildElectLeaders(const AdminCall& call) {
  const auto type = IsTrue(call.info[2]) ? RD_KAFKA_ELECTION_TYPE_UNCLEAN : RD_KAFKA_ELECTION_TYPE_PREFERRED;
  const auto list = call.info[3].IsNull() ? PartitionList() : ToPartitionList(call.info[3]);
  const Rd<rd_kafka_ElectLeaders_t> request(rd_kafka_ElectLeaders_new(type, list.get()));
  rd_kafka_ElectLeaders(call.rk, request.get(), call.options, call.queue);
  return {};
}

void ReadElectLeaders(Napi::Env env, rd_kafka_event_t* event, ErrorData& error, Napi::Object reply) {
  if (error) return;
  size_t count = 0;
  const auto results = rd_kafka_ElectLeaders_result_partitions(rd_kafka_event_ElectLeaders_result(event), &count);
  std::vector<PartitionRow> rows;
  for (size_t i = 0; i < count; i++) {
    const auto* row = rd_kafka_topic_partition_result_partition(results[i]);
    rows.push_back(
        {row->topic, row->partition, row->offset, ErrorOf(rd_kafka_topic_partition_result_error(results[i]))});
  }
  reply["items"] = ToJs(env, rows);
}

}  // namespace

const AdminRequest kDescribeCluster = {"describeCluster",
                                       RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER,
                                       RD_KAFKA_EVENT_DESCRIBECLUSTER_RESULT,
                                       false,
                                       BuildDescribeCluster,
                                       ReadDescribeCluster};
const AdminRequest kElectLeaders = {
    "electLeaders",  RD_KAFKA_ADMIN_OP_ELECTLEADERS, RD_KAFKA_EVENT_ELECTLEADERS_RESULT, true, BuildElectLeaders,
    ReadElectLeaders};

}  // namespace seekafka
