// The only door of the package.

import { native } from '../binding/native.js';

export { Admin, type NewTopic, type PartitionDescription, type TopicDescription } from './admin.js';
export { type AdminConfig, type ConsumerConfig, type ProducerConfig } from './config.js';
export { Consumer, type ConsumerEvents, type ConsumerOptions } from './consumer.js';
export { type ClientEvents } from './client.js';
export { KafkaError } from './errors.js';
export { type LogLine } from './log.js';
export { type Message, type MessageBatch } from './message.js';
export { MockCluster, type MockClusterOptions } from './mock-cluster.js';
export { type OffsetReset } from './offset-resetter.js';
export {
  type BatchOptions,
  type Header,
  type ProducerMessage,
  type RebalanceListener,
  type SeekOptions,
  type TimeoutOptions,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionTimestamp,
} from './options.js';
export { Producer, type ProducerOptions } from './producer.js';
export type { RecordMetadata } from './sending.js';
export type { Transaction } from './transaction.js';

/** The version of librdkafka that is linked in. (rd_kafka_version_str) */
export const librdkafkaVersion: string = native.version();
