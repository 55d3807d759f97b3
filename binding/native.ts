// The typed surface of the addon, one to one. Beside each entry stands the C function behind it. No policy lives here
// or below: which offset to seek to, when to assign and what to commit is decided in lib/.
//
// Calls take an id and return at once; the answer comes as a record `reply` with that id, when the addon has called
// `onWake` and drain() is called. Lists of partitions go in flat: [topic, partition, offset, topic, partition, offset, ...].

import { loadAddon } from './load.js';

/** An error of librdkafka as plain data. `code` is `ERR_` and the name that rd_kafka_err2name gives. */
export interface NativeError {
  errno: number;
  code: string;
  message: string;
  fatal: boolean;
  retriable: boolean;
  txnRequiresAbort: boolean;
}

/** A row of an rd_kafka_topic_partition_list_t. For requests about topics `partition` is -1. */
export interface NativeRow {
  topic: string;
  partition: number;
  offset: number;
  error?: NativeError;
}

export interface ReplyRecord {
  type: 'reply';
  id: number;
  error: NativeError | undefined;
  rows: NativeRow[];
  /** Of describeTopics. */
  topics?: NativeTopicDescription[];
  /** Of member. */
  member?: NativeMember;
}

/** An rd_kafka_TopicDescription_t. Brokers are numbers; `leader` is -1 where there is none. */
export interface NativeTopicDescription {
  topic: string;
  topicId: string;
  internal: boolean;
  partitions: { partition: number; leader: number; replicas: number[]; isr: number[] }[];
}

/** An rd_kafka_consumer_group_metadata_t. `instance` is '' where there is none. */
export interface NativeMember {
  group: string;
  generation: number;
  id: string;
  instance: string;
}

export interface BatchRecord {
  type: 'batch';
  /** Laid out as batch-layout.ts says. */
  buffer: ArrayBuffer;
  count: number;
  runs: number;
}

/** RD_KAFKA_EVENT_REBALANCE. To be answered with assign or unassign. */
export interface RebalanceRecord {
  type: 'rebalance';
  error: NativeError | undefined;
  rows: NativeRow[];
  /** RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS; otherwise __REVOKE_PARTITIONS. */
  assign: boolean;
  /** rd_kafka_assignment_lost */
  lost: boolean;
  /** rd_kafka_rebalance_protocol: EAGER, COOPERATIVE or NONE. */
  text: string;
}

/** RD_KAFKA_EVENT_ERROR, or an error pseudo-message of a partition (one row; its offset is the one asked for). */
export interface ErrorRecord {
  type: 'error';
  error: NativeError;
  rows?: NativeRow[];
}

export interface TextRecord {
  /** `log`: "level facility text"; `stats`: librdkafka's JSON. */
  type: 'log' | 'stats';
  text: string;
}

/** Delivery reports of several messages. */
export interface DeliveryRecord {
  type: 'delivery';
  /** [batch id, index, partition, error code] for each. */
  fields: Int32Array;
  /** [offset, timestamp] for each. */
  numbers: Float64Array;
}

export interface ClosedRecord {
  type: 'closed';
}

export type ConsumerRecord = ReplyRecord | BatchRecord | RebalanceRecord | ErrorRecord | TextRecord | ClosedRecord;
export type ClientRecord = ReplyRecord | DeliveryRecord | ErrorRecord | TextRecord | ClosedRecord;

export type FlatPartitions = readonly (string | number)[];

interface Handle<Record> {
  drain(): Record[];
  /** Keeps the process alive, until unref. Handles start unreferenced. */
  ref(): void;
  unref(): void;
  /**
   * Lets go of the threads and of the callback. After the record `closed` that takes no time; before, it ends the handle
   * at once, and waits for that so many milliseconds.
   */
  release(waitMs: number): void;
}

export type AssignHow = 'incremental' | 'all' | 'anew';

export interface NativeConsumer extends Handle<ConsumerRecord> {
  /** rd_kafka_subscribe */
  subscribe(id: number, topics: readonly string[]): void;
  /** rd_kafka_unsubscribe */
  unsubscribe(id: number): void;
  /**
   * rd_kafka_incremental_assign; rd_kafka_assign where nothing is held (`all`); or instead of what is held, which is
   * unassigned first and started anew (`anew`). `ids` name the partitions in batches. An offset of
   * RD_KAFKA_OFFSET_INVALID starts its partition paused (rd_kafka_pause_partitions), fetching nothing.
   */
  assign(id: number, partitions: FlatPartitions, ids: readonly number[], how: AssignHow): void;
  /** rd_kafka_incremental_unassign, or, of all, rd_kafka_assign(NULL) */
  unassign(id: number, partitions: FlatPartitions | null): void;
  /** rd_kafka_seek_partitions, which takes RD_KAFKA_OFFSET_BEGINNING and RD_KAFKA_OFFSET_END too. */
  seek(id: number, partitions: FlatPartitions, timeoutMs: number): void;
  /** rd_kafka_pause_partitions */
  pause(id: number, partitions: FlatPartitions): void;
  /** rd_kafka_resume_partitions */
  resume(id: number, partitions: FlatPartitions): void;
  /** rd_kafka_commit_queue */
  commit(id: number, partitions: FlatPartitions): void;
  /** rd_kafka_consumer_group_metadata */
  member(id: number): void;
  /** How many more batches may come. */
  grant(batches: number): void;
  /** rd_kafka_consume_batch_queue of no messages: sets max.poll.interval.ms back. */
  alive(): void;
  /** rd_kafka_consumer_close_queue, then rd_kafka_destroy. Rebalances come until the record `closed`. */
  close(): void;
  /** rd_kafka_destroy at once, without leaving the group. */
  abort(): void;
}

export interface NativeClient extends Handle<ClientRecord> {
  /** rd_kafka_produceva for each message from `first` on. The layout is in src-native/produce.h. */
  produce(
    topics: readonly string[],
    fields: Int32Array,
    timestamps: Float64Array,
    payload: Uint8Array,
    batchId: number,
    first: number,
  ): { accepted: number; error: NativeError | undefined };
  /** rd_kafka_flush, on a thread of the client */
  flush(timeoutMs: number): void;
  /** rd_kafka_purge of everything */
  purge(): NativeError | undefined;
  /** rd_kafka_ListOffsets; the offset of a row is -2 (earliest), -1 (latest) or a timestamp. */
  listOffsets(
    id: number,
    timeoutMs: number,
    partitions: FlatPartitions,
    readCommitted: boolean,
  ): NativeError | undefined;
  /** rd_kafka_ListConsumerGroupOffsets */
  listConsumerGroupOffsets(
    id: number,
    timeoutMs: number,
    partitions: FlatPartitions,
    group: string,
    requireStable: boolean,
  ): NativeError | undefined;
  /** rd_kafka_metadata of no topic, on a thread of the client: answers as soon as there is a connection. */
  connect(id: number, timeoutMs: number): NativeError | undefined;
  /** rd_kafka_metadata of all topics, on a thread of the client */
  listTopics(id: number, timeoutMs: number): NativeError | undefined;
  /** rd_kafka_DescribeTopics */
  describeTopics(id: number, timeoutMs: number, topics: readonly string[]): NativeError | undefined;
  /**
   * rd_kafka_init_transactions, _begin_transaction, _send_offsets_to_transaction, _commit_transaction and
   * _abort_transaction, one after the other on a thread of the client. The last two go on until they are decided.
   */
  transact(id: number, what: 'init', timeoutMs: number): NativeError | undefined;
  transact(id: number, what: 'begin' | 'commit' | 'abort'): NativeError | undefined;
  transact(
    id: number,
    what: 'offsets',
    timeoutMs: number,
    partitions: FlatPartitions,
    ...member: [group: string, generation: number, id: string, instance: string]
  ): NativeError | undefined;
  /** rd_kafka_CreateTopics */
  createTopics(id: number, timeoutMs: number, topics: readonly NativeNewTopic[]): NativeError | undefined;
  /** rd_kafka_DeleteTopics */
  deleteTopics(id: number, timeoutMs: number, topics: readonly string[]): NativeError | undefined;
  /** rd_kafka_CreatePartitions */
  createPartitions(
    id: number,
    timeoutMs: number,
    topics: readonly { topic: string; total: number }[],
  ): NativeError | undefined;
  /** rd_kafka_DeleteRecords */
  deleteRecords(id: number, timeoutMs: number, partitions: FlatPartitions): NativeError | undefined;
  /** rd_kafka_mock_cluster_new and _bootstraps */
  mockStart(brokers: number): string | undefined;
  /** rd_kafka_mock_topic_create, _broker_set_down and so on: see src-native/mock_cluster.cc */
  mock(operation: string, ...args: (string | number)[]): NativeError | undefined;
  /** rd_kafka_destroy, on a thread of the client */
  close(): void;
}

export interface NativeNewTopic {
  topic: string;
  numPartitions: number;
  replicationFactor: number;
  config: readonly (readonly [key: string, value: string])[];
}

export interface Addon {
  Consumer: new (config: readonly [string, string][], onWake: () => void) => NativeConsumer;
  Client: new (config: readonly [string, string][], onWake: () => void) => NativeClient;
  /** rd_kafka_version_str */
  version(): string;
  /** builtin.features */
  features(): string;
  /** rd_kafka_err2name and rd_kafka_err2str of a code */
  errorCode(errno: number): NativeError | undefined;
}

/** Logical offsets of librdkafka (rdkafka.h). seek and assign take them; ListOffsets has its own two. */
export const OFFSET_BEGINNING = -2;
export const OFFSET_END = -1;
export const OFFSET_INVALID = -1001;
export const LIST_EARLIEST = -2;
export const LIST_LATEST = -1;

export const native = loadAddon() as Addon;
