// The typed surface of the addon, one to one. Beside each entry stands the C function behind it. No policy lives here
// or below: which offset to seek to, when to assign and what to commit is decided in lib/.
//
// Calls take an id and return at once; the answer comes as a record `reply` with that id, when the addon has called
// `onWake` and drain() is called. Lists of partitions go in flat: [topic, partition, offset, topic, partition, offset, ...].
// A call throws a TypeError or RangeError for an argument that is not what is declared here.

import { loadAddon } from './load.js';
import type { NativeAdmin, NativeAdminReply } from './native-admin.js';

export * from './native-admin.js';

/** An error of librdkafka as plain data. `code` is `ERR_` and the name that rd_kafka_err2name gives. */
export interface NativeError {
  errno: number;
  code: string;
  message: string;
  fatal: boolean;
  retriable: boolean;
  txnRequiresAbort: boolean;
}

/** A row of an rd_kafka_topic_partition_list_t. */
export interface NativeRow {
  topic: string;
  partition: number;
  offset: number;
  error?: NativeError;
}

/** A row of a request about topics. */
export interface NativeTopicRow {
  topic: string;
  error?: NativeError;
}

/**
 * Answers the call `id`. `rows` are those that the call is about: topics for createTopics, deleteTopics, createPartitions
 * and listTopics, partitions for all others. Calls whose reply has not come when the record `closed` does get none.
 */
export interface ReplyRecord<Row = NativeRow> extends NativeAdminReply {
  type: 'reply';
  id: number;
  error: NativeError | undefined;
  rows: Row[];
  /** Of member. */
  member?: NativeMember;
}

/** An rd_kafka_TopicDescription_t. Brokers are numbers; `leader` is -1 where there is none. */
export interface NativeTopicDescription extends NativeTopicRow {
  topicId: string;
  internal: boolean;
  partitions: { partition: number; leader: number; replicas: number[]; isr: number[] }[];
  operations?: number[];
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
  /** Laid out as batch-layout.ts says: what is known of each message, and of the runs. */
  tables: ArrayBuffer;
  /** Headers, keys and values. */
  payload: ArrayBuffer;
  /** The payload is memory of the addon's, and none of Node.js's. */
  external: boolean;
  count: number;
  runs: number;
}

/** Messages of these partitions were polled, and lost for want of memory: they have to be fetched again. Uses no credit. */
export interface DroppedRecord {
  type: 'dropped';
  /** The ids given to assign(). */
  ids: number[];
  error: NativeError;
}

/**
 * RD_KAFKA_RESP_ERR__PARTITION_EOF: everything before `offset` that the consumer may read of the partition has come with the
 * batches before this record. What else lies before it are markers, messages of aborted transactions, and holes.
 */
export interface LogEndRecord {
  type: 'logEnd';
  /** The id given to assign(); -1 for a partition that is not assigned any more. */
  id: number;
  offset: number;
}

/** RD_KAFKA_EVENT_REBALANCE. To be answered with assign or unassign. */
export interface RebalanceRecord {
  type: 'rebalance';
  error: NativeError | undefined;
  rows: NativeRow[];
  /** Rows of the event with a partition number below 0, which a broken leader of the group assigns. Not in `rows`. */
  refused: NativeRow[];
  /** RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS; otherwise __REVOKE_PARTITIONS. */
  assign: boolean;
  /** rd_kafka_assignment_lost */
  lost: boolean;
  /** rd_kafka_rebalance_protocol */
  protocol: 'EAGER' | 'COOPERATIVE' | 'NONE';
  /** rd_kafka_consumer_group_metadata, when the event was polled. Absent where there is no group, or the consumer closes. */
  member?: NativeMember;
}

/**
 * RD_KAFKA_EVENT_ERROR, an error pseudo-message of a partition (one row; its offset is the one asked for), a message that
 * cannot be handed over (one row; its offset), or a failure of the addon itself.
 */
export interface ErrorRecord {
  type: 'error';
  error: NativeError;
  rows?: NativeRow[];
}

/**
 * A line of librdkafka's log. The addon keeps the last 10,000 until they are drained; of more, the oldest are dropped, and
 * a line of the facility DROPPED tells how many.
 */
export interface LogRecord {
  type: 'log';
  /** As of syslog: 3 error, 4 warning, 6 information, 7 debug. */
  level: number;
  facility: string;
  message: string;
}

/** RD_KAFKA_EVENT_STATS */
export interface StatsRecord {
  type: 'stats';
  json: string;
}

/** RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: a token is needed, at the beginning and when 80 % of the last one's life are over. */
export interface TokenRefreshRecord {
  type: 'tokenRefresh';
}

/** Delivery reports of several messages. */
export interface DeliveryRecord {
  type: 'delivery';
  /** [batch id, index, partition, error code] for each. */
  fields: Int32Array;
  /** [offset, timestamp] for each. */
  numbers: Float64Array;
}

/** The thread of the handle is at its end: join() takes no time. It is the last record. */
export interface ClosedRecord {
  type: 'closed';
}

export type ConsumerRecord =
  | ReplyRecord
  | BatchRecord
  | DroppedRecord
  | LogEndRecord
  | RebalanceRecord
  | ErrorRecord
  | LogRecord
  | StatsRecord
  | TokenRefreshRecord
  | ClosedRecord;
export type ClientRecord =
  ReplyRecord | DeliveryRecord | ErrorRecord | LogRecord | StatsRecord | TokenRefreshRecord | ClosedRecord;

export type FlatPartitions = readonly (string | number)[];

export interface Handle<Record> {
  drain(): Record[];
  /** Keeps the process alive, until unref. Handles start unreferenced. */
  ref(): void;
  unref(): void;
  /**
   * rd_kafka_oauthbearer_set_token. The text of an error does not have the token in it, as librdkafka's own may.
   *
   * @param expiresAt milliseconds since the Unix epoch
   * @param extensions name, value, name, value, ...
   */
  setToken(id: number, value: string, expiresAt: number, principal: string, extensions: readonly string[]): void;
  /** rd_kafka_sasl_set_credentials: for the next connections. Has no reply; where it fails, the record `error` tells. */
  setSaslCredentials(username: string, password: string): void;
  /**
   * rd_kafka_brokers_up (cmake/deps/patches/up-brokers.patch): how many brokers are connected, and for how many
   * milliseconds there has been one, or none any more; -1: there has never been one. After close() or abort(): [0, 0].
   */
  brokersUp(): [count: number, sinceMs: number];
  /** Begins the orderly end; the record `closed` tells when it is over. */
  close(): void;
  /** Ends the handle as soon as possible; a consumer does not leave its group. Returns at once, `closed` comes. */
  abort(): void;
  /**
   * Waits up to so long for the end of the handle's thread, which close() or abort() has brought about; after the record
   * `closed` that takes no time. Then lets go of the thread and of `onWake`: the object does nothing any more. False: the
   * thread has not ended. It is left to itself, and ends (as by abort()) when librdkafka does.
   */
  join(waitMs: number): boolean;
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
  /** How many more batches may come. More than granted may come, where messages suddenly are larger than before. */
  grant(batches: number): void;
  /** rd_kafka_consume_batch_queue of no messages: sets max.poll.interval.ms back. */
  alive(): void;
  /** rd_kafka_consumer_close_queue, then rd_kafka_destroy. Rebalances come until the record `closed`. */
  close(): void;
}

export interface NativeClient extends Handle<ClientRecord>, NativeAdmin {
  /**
   * rd_kafka_produceva for each message from `first` on, until one is refused: `error` is that of the message
   * `first + accepted`. The layout is in src-native/produce.h; a RangeError tells that it was violated, and nothing taken.
   */
  produce(
    topics: readonly string[],
    fields: Int32Array,
    timestamps: Float64Array,
    payload: Uint8Array,
    batchId: number,
    first: number,
  ): { accepted: number; error: NativeError | undefined };
  /** rd_kafka_flush, on the client's thread; until now + timeoutMs, or until all is delivered. */
  flush(timeoutMs: number): void;
  /** rd_kafka_send_now (cmake/deps/patches/send-now.patch): what is queued does not wait for `linger.ms`. */
  sendNow(): void;
  /** rd_kafka_purge of everything, without waiting (RD_KAFKA_PURGE_F_NON_BLOCKING) */
  purge(): NativeError | undefined;
  /**
   * Nobody waits any more for the reply to connect, listTopics, partitionsOf or transact. A call that has not begun never does, one that is
   * repeated is not repeated again. The reply of one that is under way may come nevertheless.
   */
  cancel(id: number): void;
  /** rd_kafka_metadata of no topic, on the client's thread: answers as soon as there is a connection. */
  connect(id: number, timeoutMs: number): NativeError | undefined;
  /** rd_kafka_metadata of all topics, on the client's thread. Rows: NativeTopicRow. */
  listTopics(id: number, timeoutMs: number): NativeError | undefined;
  /** rd_kafka_metadata of all topics, on the client's thread. Rows: one for each partition of `topic`. */
  partitionsOf(id: number, timeoutMs: number, topic: string): NativeError | undefined;
  /**
   * rd_kafka_init_transactions, _begin_transaction, _send_offsets_to_transaction, _commit_transaction and
   * _abort_transaction, on the client's thread. The last two go on in librdkafka when their time is over (ERR__TIMED_OUT): the same
   * step again waits on. `failure`, within a transaction, begins nothing (rd_kafka_begin_transaction): the error of its reply is why
   * the transaction has failed, or ERR__STATE.
   */
  transact(id: number, what: 'init' | 'commit' | 'abort', timeoutMs: number): NativeError | undefined;
  transact(id: number, what: 'begin' | 'failure'): NativeError | undefined;
  transact(
    id: number,
    what: 'offsets',
    timeoutMs: number,
    partitions: FlatPartitions,
    ...member: [group: string, generation: number, id: string, instance: string]
  ): NativeError | undefined;
  /** rd_kafka_mock_cluster_new and _bootstraps */
  mockStart(brokers: number): string | undefined;
  /** rd_kafka_mock_topic_create, _broker_set_down and so on: see src-native/mock_cluster.cc */
  mock(operation: string, ...args: (string | number)[]): NativeError | undefined;
  /** rd_kafka_destroy, on the client's thread. From here on every other call is refused with ERR__DESTROY. */
  close(): void;
}

export interface Addon {
  /** What lib/client/open-handles.ts keeps here, for all copies of the package in an environment. */
  openHandles?: Set<{ abort(): void; join(waitMs: number): boolean }>;
  Consumer: new (config: readonly [string, string][], onWake: () => void) => NativeConsumer;
  Client: new (config: readonly [string, string][], onWake: () => void) => NativeClient;
  /** rd_kafka_version_str */
  version(): string;
  /** builtin.features */
  features(): string;
  /** rd_kafka_err2name and rd_kafka_err2str of a code */
  errorCode(errno: number): NativeError | undefined;
}

/** Logical offsets of librdkafka (rdkafka.h). seek and assign take them; ListOffsets has its own. */
export const OFFSET_BEGINNING = -2;
export const OFFSET_END = -1;
export const OFFSET_INVALID = -1001;

export const native = loadAddon() as Addon;
