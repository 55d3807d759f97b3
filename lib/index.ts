// The only door of the package.

import { native } from '../binding/native.js';

export { type AclBinding, type AclFilter, type AclResourceType, type NewAcl } from './admin/acls.js';
export { Admin, type AdminOptions } from './admin/admin.js';
export { type ClusterDescription, type ElectLeadersOptions, type Election } from './admin/cluster.js';
export {
  type ConfigChanges,
  type ConfigDescription,
  type ConfigEntry,
  type ConfigResource,
  type ConfigResourceType,
  type ConfigSynonym,
  type DescribeConfigsQuery,
} from './admin/configs.js';
export {
  type GroupDescription,
  type GroupListing,
  type GroupMember,
  type GroupState,
  type GroupType,
  type ListGroupsOptions,
} from './admin/groups.js';
export { type AclOperation, type BrokerNode, type DescribeOptions } from './admin/nodes.js';
export {
  type GroupOffset,
  type ListGroupOffsetsOptions,
  type ListOffsetsOptions,
  type ListOffsetsQuery,
  type ListedOffset,
} from './admin/offsets.js';
export { type ScramAlteration, type ScramMechanism, type ScramUser } from './admin/scram.js';
export {
  type NewPartitions,
  type NewTopic,
  type PartitionDescription,
  type TopicDescription,
  type ValidateOptions,
} from './admin/topics.js';
export { type AdminConfig, type ConsumerConfig, type ProducerConfig } from './config/config.js';
export { Consumer } from './consumer/consumer.js';
export type {
  ConsumerDeserializer,
  ConsumerEvents,
  ConsumerHealth,
  ConsumerOptions,
} from './consumer/consumer-options.js';
export { type ClientCredentialsOptions, clientCredentials } from './client/client-credentials.js';
export { TokenRefusedError } from './client/token-refused-error.js';
export { type Health, type HealthState } from './client/health.js';
export { type LogFields, type Logger } from './arguments/logger.js';
export { type ClientEvents, type LogLine } from './client/client.js';
export type {
  BrokerPartition,
  BrokerStatistics,
  GroupStatistics,
  IdempotenceStatistics,
  PartitionStatistics,
  Statistics,
  TopicStatistics,
  WindowStatistics,
} from './client/statistics.js';
export type {
  Deserializer,
  DeserializerContext,
  Encoded,
  HeadersByName,
  Serde,
  Serializer,
  SerializerContext,
} from './arguments/serdes.js';
export { DeserializationError } from './consumer/deserialization-error.js';
export { SerializationError } from './producer/serialization-error.js';
export { ValidationError, serde } from './serde/serde.js';
export type { InputOf, OutputOf, StandardIssue, StandardResult, StandardSchema } from './serde/standard-schema.js';
export type {
  AdminEvent,
  CommitEvent,
  ConnectEvent,
  DeliverEvent,
  DiagnosticsEvent,
  RebalanceEvent,
  SeekEvent,
  SendEvent,
  TracedEvent,
  TransactionEvent,
} from './client/diagnostics.js';
export type { ConsumeEvent, ProcessEvent } from './consumer/diagnostics.js';
export { KafkaError, type KafkaErrorItem } from './errors.js';
export { type KafkaErrorCode, kafkaErrorCodes } from './error-codes.js';
export { type MessageBatch, type PartitionBatch } from './consumer/batch.js';
export { type Message } from './consumer/message.js';
export { MockCluster, type MockClusterOptions } from './testing/mock-cluster.js';
export { type Read } from './consumer/read.js';
export {
  type FailureContext,
  type FailureHandler,
  type MessageHandler,
  type ProcessContext,
  type ProcessOptions,
  type RetryOptions,
} from './consumer/process-options.js';
export { type Stall } from './consumer/stall-monitor.js';
export { type OffsetReset } from './consumer/offset-resetter.js';
export {
  type BatchOptions,
  type ClientOptions,
  type EndOptions,
  type Header,
  type OauthBearerToken,
  type OauthBearerTokenCallback,
  type ProducerMessage,
  type ReadOptions,
  type RebalanceListener,
  type RecordMetadata,
  type SeekOptions,
  type TimeoutOptions,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTimestamp,
  type WaitOptions,
} from './arguments/options.js';
export { type DeadLetterOptions, deadLetters } from './producer/dead-letters.js';
export { Producer, type ProducerOptions, type ProducerSerializer } from './producer/producer.js';
export type { Transaction } from './producer/transaction.js';

/** The version of librdkafka that is linked in. (rd_kafka_version_str) */
export const librdkafkaVersion: string = native.version();
