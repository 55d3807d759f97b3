// The public surface, as programs outside of this repository are written against it: whoever takes a client by such an interface
// can be given ours. (What is more there than here is welcome; what is less, or of another type, does not compile.)

import {
  Admin,
  Consumer,
  type KafkaError,
  MockCluster,
  Producer,
  librdkafkaVersion,
  type AdminConfig,
  type ConsumerConfig,
  type ConsumerOptions,
  type Header,
  type Health,
  type KafkaErrorCode,
  type Logger,
  type Message,
  type MessageBatch,
  type OauthBearerToken,
  type ProcessOptions,
  type ProducerConfig,
  type ProducerMessage,
  type ProducerOptions,
  type Read,
  type ReadOptions,
  type RebalanceListener,
  type RecordMetadata,
  type SeekOptions,
  type TopicPartition,
  type TopicPartitionOffset,
  type Transaction,
} from 'seekafka';

type Row = { topic: string; partition: number };
type Place = Row & { offset: number };
type Limits = { timeoutMs?: number; signal?: AbortSignal };

/** Either type may stand where the other one is wanted. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const same: true[] = [
  true satisfies Same<TopicPartition, Row>,
  true satisfies Same<TopicPartitionOffset, Place>,
  true satisfies Same<Header, readonly [name: string, value: Buffer | null]>,
  true satisfies Same<Message['timestampType'], 'create' | 'append' | 'none'>,
  true satisfies Same<Health['state'], 'connecting' | 'up' | 'stalled' | 'failed' | 'closed'>,
  true satisfies Same<KafkaError['code'], KafkaErrorCode>,
  true satisfies Same<
    Message,
    Place & {
      readonly key: Buffer | null;
      readonly value: Buffer | null;
      readonly headers: readonly Header[];
      readonly timestamp: number;
      readonly timestampType: 'create' | 'append' | 'none';
      readonly leaderEpoch: number;
    }
  >,
];
export const codes: KafkaErrorCode[] = ['ERR__STATE', 'ERR__DESTROY', 'ERR__TIMED_OUT', 'ERR_UNKNOWN_TOPIC_OR_PART'];

interface AnyClient extends AsyncDisposable {
  connect(options?: Limits): Promise<void>;
  health(): { state: string; since: Date; lastError?: KafkaError; brokersUp: number };
  setSaslCredentials(username: string, password: string): void;
  close(options?: { timeoutMs?: number }): Promise<void>;
}

interface AnyConsumer extends AnyClient, AsyncIterable<Message> {
  subscribe(topics: string | RegExp | readonly (string | RegExp)[], listener?: RebalanceListener): Promise<void>;
  unsubscribe(): Promise<void>;
  assign(partitions: readonly (Row | Place)[]): Promise<void>;
  readonly assignment: readonly Row[];
  messages(options?: ReadOptions): Read<Message>;
  batches(
    options?: ReadOptions & { maxMessages?: number; maxBytes?: number; maxWaitMs?: number; minMessages?: number },
  ): Read<MessageBatch>;
  process(
    handler: (message: Message, context: { signal: AbortSignal }) => unknown,
    options?: ProcessOptions,
  ): Promise<void>;
  seek(to: Place | readonly Place[], options?: SeekOptions): Promise<Place[]>;
  seekToBeginning(partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  seekToEnd(partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  seekToTimestamp(timestamp: number | Date, partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  seekToCommitted(partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  seekBy(delta: number, partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  seekToLast(count: number, partitions?: readonly Row[], options?: SeekOptions): Promise<Place[]>;
  position(partitions?: readonly Row[], options?: Limits): Promise<Place[]>;
  commit(what?: Message | MessageBatch | readonly Place[], options?: Limits): Promise<void>;
  committed(partitions?: readonly Row[], options?: Limits): Promise<Place[]>;
  beginningOffsets(partitions?: readonly Row[], options?: Limits): Promise<Place[]>;
  endOffsets(partitions?: readonly Row[], options?: Limits): Promise<Place[]>;
  offsetsForTimes(query: readonly (Row & { timestamp: number })[], options?: Limits): Promise<Place[]>;
  lag(options?: Limits): Promise<(Row & { lag: number })[]>;
  pause(partitions?: readonly Row[]): void;
  resume(partitions?: readonly Row[]): void;
  readonly paused: readonly Row[];
  health(): Health & { joined: boolean; assignment: readonly Row[]; lastMessageAt: Date | null };
  on(event: 'stalled', listener: (stalled: { partitions: Row[]; sinceMs: number }) => void): unknown;
}

interface AnyProducer extends AnyClient {
  send(message: ProducerMessage): Promise<RecordMetadata>;
  send(messages: readonly ProducerMessage[]): Promise<RecordMetadata[]>;
  flush(options?: Limits): Promise<void>;
  initTransactions(options?: Limits): Promise<void>;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
}

type AdminRequest =
  | 'createTopics'
  | 'deleteTopics'
  | 'listTopics'
  | 'describeTopics'
  | 'createPartitions'
  | 'deleteRecords'
  | 'listOffsets'
  | 'describeConfigs'
  | 'alterConfigs'
  | 'listGroups'
  | 'describeGroups'
  | 'deleteGroups'
  | 'listGroupOffsets'
  | 'alterGroupOffsets'
  | 'deleteGroupOffsets'
  | 'describeCluster'
  | 'createAcls'
  | 'describeAcls'
  | 'deleteAcls'
  | 'describeScramUsers'
  | 'alterScramUsers'
  | 'electLeaders';
type AnyAdmin = AnyClient & Record<AdminRequest, (...args: never[]) => Promise<unknown>>;

interface AnyMockCluster extends AsyncDisposable {
  readonly bootstrapServers: string;
  createTopic(topic: string, partitions?: number, replicationFactor?: number): void;
}

interface AnyError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly fatal: boolean;
  readonly retriable: boolean;
  readonly txnRequiresAbort: boolean;
  readonly operation: string;
  readonly partitions?: readonly (Row & { error: KafkaError })[];
  readonly results?: readonly (RecordMetadata | KafkaError)[];
  readonly cause?: unknown;
}

declare const consumer: Consumer;
declare const producer: Producer;
declare const admin: Admin;
declare const mock: MockCluster;
declare const error: KafkaError;
export const clients: [AnyConsumer, AnyProducer, AnyAdmin, AnyMockCluster, AnyError] = [
  consumer,
  producer,
  admin,
  mock,
  error,
];
export const constructors: [
  new (config: ConsumerConfig, options?: ConsumerOptions) => AnyConsumer,
  new (config: ProducerConfig, options?: ProducerOptions) => AnyProducer,
  new (config: AdminConfig) => AnyAdmin,
  { start(options?: { brokers?: number }): Promise<AnyMockCluster> },
] = [Consumer, Producer, Admin, MockCluster];

export const read = (one: Read<Message>): AsyncIterableIterator<Message> & AsyncDisposable & { remaining: number } =>
  one;
export const batch = (
  one: MessageBatch,
): Iterable<Message> & { length: number; byteLength: number; topicPartitions: readonly Row[] } => one;

export const listeners: RebalanceListener[] = [
  {},
  { onAssigned: (rows: readonly Row[]) => console.log(rows), onRevoked: async () => {}, onLost() {} },
];
export const reads: ReadOptions[] = [
  {},
  { until: 'end' },
  { until: [{ topic: 't', partition: 0, offset: 1 }] as const },
  { until: new Date(), signal: AbortSignal.abort() },
];
export const processing: ProcessOptions[] = [
  { concurrency: 2, orderBy: 'partition', retry: { attempts: 3, backoffMs: 100 }, drainTimeoutMs: 1 },
  { orderBy: 'key', retry: { attempts: 3, backoffMs: (attempt: number) => attempt * 100 } },
  { onFailure: async (reason: unknown, message: Message) => console.log(reason, message.offset) },
];
export const sent: ProducerMessage[] = [
  { topic: 't', value: null },
  { topic: 't', partition: 0, key: 'k', value: Buffer.alloc(1), timestamp: 0 },
  { topic: 't', key: Buffer.alloc(1), value: 'v', headers: { a: 'x', b: Buffer.alloc(1), c: null } },
  { topic: 't', key: null, value: 'v', headers: [['a', 'x']], timestamp: new Date() },
  { topic: 't', value: 'v', headers: [['a', Buffer.alloc(1)]] as readonly Header[] },
];
export const token: OauthBearerToken[] = [
  { value: 'v', expiresAt: 1, principal: 'p' },
  { value: 'v', expiresAt: new Date(), principal: 'p', extensions: { a: 'b' } },
];
export const options = (logger: Logger): ConsumerOptions => ({
  logger,
  oauthBearerToken: async ({ signal }: { signal: AbortSignal }) => {
    signal.throwIfAborted();
    return await Promise.resolve(token[0]!);
  },
});
export const version: string = librdkafkaVersion;
export const metadata = (one: RecordMetadata): Place & { timestamp: number } => one;
