import {
  type ClientRecord,
  type NativeClient,
  type NativeError,
  type ReplyRecord,
  native,
} from '../../binding/native.js';
import { clientOptions } from '../arguments/login.js';
import { newPartitions, newTopics, topicNames } from '../arguments/admin.js';
import type { ClientOptions, TimeoutOptions, TopicPartitionOffset, WaitOptions } from '../arguments/options.js';
import { flat, topicPartitionOffsets } from '../arguments/partitions.js';
import { timeoutOptions, waitOptions } from '../arguments/values.js';
import { Client, type ClientEvents } from '../client/client.js';
import { CLOSE_TIMEOUT_MS, ClientCore } from '../client/client-core.js';
import { type AdminConfig, normalizeConfig } from '../config/config.js';
import { call, throwRowErrors } from '../errors.js';

export interface NewTopic {
  topic: string;
  /** Default: the broker's `num.partitions`. */
  partitions?: number | undefined;
  /** Default: the broker's `default.replication.factor`. */
  replicationFactor?: number | undefined;
  /** Kafka's topic configuration: `'retention.ms'`, `'cleanup.policy'`, ... */
  config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

export interface TopicDescription {
  topic: string;
  /** Kafka's own identifier, which a topic of the same name that is created anew does not have. */
  topicId: string;
  /** Kafka's own topic, as `__consumer_offsets`. */
  internal: boolean;
  partitions: PartitionDescription[];
}

export interface PartitionDescription {
  partition: number;
  /** The number of the broker; null where there is none at the moment. */
  leader: number | null;
  /** The numbers of all brokers that are to hold it, the preferred leader first. */
  replicas: number[];
  /** Of those, the ones that are in sync. */
  isr: number[];
}

export type AdminOptions = ClientOptions;

type Send = (id: number, timeoutMs: number) => NativeError | undefined;

/** The longest time limit that librdkafka takes for a request. */
const LONGEST_MS = 3_600_000;
/** librdkafka's limit comes after ours, so that what is late is a time-out, and not what went wrong last. */
const LATER_MS = 1_000;

/** The administration of a cluster. */
export class Admin extends Client<ClientEvents> {
  readonly #core: ClientCore<ClientRecord, NativeClient>;
  readonly #timeoutMs: number;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, ...
   * @param options `oauthBearerToken`
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: AdminConfig, options: AdminOptions = {}) {
    const { oauthBearerToken } = clientOptions(options);
    const { native: pairs, settings } = normalizeConfig('admin', config, oauthBearerToken !== undefined);
    super();
    this.#core = new ClientCore('Admin', native.Client, pairs, oauthBearerToken);
    this.#core.attach(this);
    this.#timeoutMs = settings.socketTimeoutMs;
  }

  /**
   * Creates topics, each for itself. (rd_kafka_CreateTopics)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR_TOPIC_ALREADY_EXISTS, ...: the first topic's, with all that failed in `partitions`
   */
  createTopics(topics: readonly NewTopic[], options: WaitOptions = {}): Promise<void> {
    return this.#order('createTopics', options, () => {
      const wanted = newTopics(topics);
      return (id, timeoutMs) => this.#core.link.handle.createTopics(id, timeoutMs, wanted);
    });
  }

  /** Deletes topics. Brokers may still know of them for a moment. (rd_kafka_DeleteTopics) */
  deleteTopics(topics: readonly string[], options: WaitOptions = {}): Promise<void> {
    return this.#order('deleteTopics', options, () => {
      const names = topicNames(topics);
      return (id, timeoutMs) => this.#core.link.handle.deleteTopics(id, timeoutMs, names);
    });
  }

  /**
   * The names of all topics that the client may see, Kafka's own among them, in order. (rd_kafka_metadata)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__TIMED_OUT, ERR__TRANSPORT where no broker answers
   */
  async listTopics(options: WaitOptions = {}): Promise<string[]> {
    const { rows } = await this.#request(
      'listTopics',
      options,
      () => (id, timeoutMs) => this.#core.link.handle.listTopics(id, timeoutMs),
    );
    return rows.map(({ topic }) => topic).sort();
  }

  /**
   * The partitions of topics, and where they are. (rd_kafka_DescribeTopics)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @returns the topics in the order given
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ...: the first topic's, with all that failed in `partitions`
   */
  async describeTopics(topics: readonly string[], options: WaitOptions = {}): Promise<TopicDescription[]> {
    let names: string[] = [];
    const reply = await this.#request('describeTopics', options, () => {
      names = topicNames(topics);
      return (id, timeoutMs) => this.#core.link.handle.describeTopics(id, timeoutMs, names);
    });
    throwRowErrors('describeTopics', reply.topics!);
    const described = new Map(reply.topics!.map((topic) => [topic.topic, topic]));
    return names.map((name) => {
      const { topic, topicId, internal, partitions } = described.get(name)!;
      return {
        topic,
        topicId,
        internal,
        partitions: partitions.map((row) => ({ ...row, leader: row.leader < 0 ? null : row.leader })),
      };
    });
  }

  /** Raises the number of partitions of topics to `total`. (rd_kafka_CreatePartitions) */
  createPartitions(topics: readonly { topic: string; total: number }[], options: WaitOptions = {}): Promise<void> {
    return this.#order('createPartitions', options, () => {
      const wanted = newPartitions(topics);
      return (id, timeoutMs) => this.#core.link.handle.createPartitions(id, timeoutMs, wanted);
    });
  }

  /** Deletes what lies before each offset: the log starts there afterwards. (rd_kafka_DeleteRecords) */
  deleteRecords(offsets: readonly TopicPartitionOffset[], options: WaitOptions = {}): Promise<void> {
    return this.#order('deleteRecords', options, () => {
      const before = topicPartitionOffsets(offsets, 'offsets');
      return (id, timeoutMs) => this.#core.link.handle.deleteRecords(id, timeoutMs, flat(before));
    });
  }

  /**
   * Ends what waits, and lets go of everything. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.shutDown(timeoutMs);
    });
  }

  /** For requests that answer with no more than whether they were carried out. */
  async #order(operation: string, options: WaitOptions, prepare: () => Send): Promise<void> {
    await this.#request(operation, options, prepare);
  }

  #request(operation: string, options: WaitOptions, prepare: () => Send): Promise<ReplyRecord> {
    return this.#core.run(operation, async () => {
      const send = prepare();
      const { timeoutMs = this.#timeoutMs, signal } = waitOptions(options);
      const nativeMs = Math.min(Math.ceil(timeoutMs) + LATER_MS, LONGEST_MS);
      const asked = this.#core.link.ask(operation, (id) => send(id, nativeMs), { timeoutMs, signal });
      const reply = await this.#core.over.race(operation, asked);
      throwRowErrors(operation, reply.rows);
      return reply;
    });
  }
}
