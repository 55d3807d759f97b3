import type { NativeError, NativeRow, ReplyRecord } from '../binding/native.js';
import { Client } from './client.js';
import { type AdminConfig, normalizeConfig } from './config.js';
import { call, partitionsError, throwRowErrors, KafkaError } from './errors.js';
import type { TimeoutOptions, TopicPartitionOffset } from './options.js';
import { flat } from './partition.js';
import { newPartitions, newTopics, topicNames } from './validate-admin.js';
import * as check from './validate.js';

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

type Send = (id: number, timeoutMs: number) => NativeError | undefined;

/** The administration of a cluster. */
export class Admin extends Client {
  readonly #timeoutMs: number;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, ...
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: AdminConfig) {
    const { native: pairs, settings } = normalizeConfig('admin', config);
    super(pairs);
    this.#timeoutMs = settings.socketTimeoutMs;
  }

  /**
   * Creates topics, each for itself. (rd_kafka_CreateTopics)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`
   * @throws KafkaError ERR_TOPIC_ALREADY_EXISTS, ...: the first topic's, with all that failed in `partitions`
   */
  createTopics(topics: readonly NewTopic[], options: TimeoutOptions = {}): Promise<void> {
    return this.#order('createTopics', options, () => {
      const wanted = newTopics(topics);
      return (id, timeoutMs) => this.link.handle.createTopics(id, timeoutMs, wanted);
    });
  }

  /** Deletes topics. Brokers may still know of them for a moment. (rd_kafka_DeleteTopics) */
  deleteTopics(topics: readonly string[], options: TimeoutOptions = {}): Promise<void> {
    return this.#order('deleteTopics', options, () => {
      const names = topicNames(topics);
      return (id, timeoutMs) => this.link.handle.deleteTopics(id, timeoutMs, names);
    });
  }

  /**
   * The names of all topics that the client may see, Kafka's own among them, in order. (rd_kafka_metadata)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`
   * @throws KafkaError ERR__TIMED_OUT, ERR__TRANSPORT where no broker answers
   */
  async listTopics(options: TimeoutOptions = {}): Promise<string[]> {
    const { rows } = await this.#request(
      'listTopics',
      options,
      () => (id, timeoutMs) => this.link.handle.listTopics(id, timeoutMs),
    );
    return rows.map(({ topic }) => topic).sort();
  }

  /**
   * The partitions of topics, and where they are. (rd_kafka_DescribeTopics)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`
   * @returns the topics in the order given
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ...: the first topic's, with all that failed in `partitions`
   */
  async describeTopics(topics: readonly string[], options: TimeoutOptions = {}): Promise<TopicDescription[]> {
    let names: string[] = [];
    const reply = await this.#request('describeTopics', options, () => {
      names = topicNames(topics);
      return (id, timeoutMs) => this.link.handle.describeTopics(id, timeoutMs, names);
    });
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
  createPartitions(topics: readonly { topic: string; total: number }[], options: TimeoutOptions = {}): Promise<void> {
    return this.#order('createPartitions', options, () => {
      const wanted = newPartitions(topics);
      return (id, timeoutMs) => this.link.handle.createPartitions(id, timeoutMs, wanted);
    });
  }

  /** Deletes what lies before each offset: the log starts there afterwards. (rd_kafka_DeleteRecords) */
  deleteRecords(offsets: readonly TopicPartitionOffset[], options: TimeoutOptions = {}): Promise<void> {
    return this.#order('deleteRecords', options, () => {
      const before = check.topicPartitionOffsets(offsets, 'offsets');
      return (id, timeoutMs) => this.link.handle.deleteRecords(id, timeoutMs, flat(before));
    });
  }

  /** The second call waits for the first. Never rejects. */
  close(): Promise<void> {
    return call(() => this.shutDown());
  }

  /** For requests that answer with no more than whether they were carried out. */
  async #order(operation: string, options: TimeoutOptions, prepare: () => Send): Promise<void> {
    await this.#request(operation, options, prepare);
  }

  #request(operation: string, options: TimeoutOptions, prepare: () => Send): Promise<ReplyRecord> {
    return this.run(operation, async () => {
      const send = prepare();
      const { timeoutMs = this.#timeoutMs } = check.timeoutOptions(options);
      const reply = await this.link.ask(operation, (id) => send(id, Math.ceil(timeoutMs)));
      throwTopicErrors(operation, reply.rows);
      return reply;
    });
  }
}

function throwTopicErrors(operation: string, rows: readonly NativeRow[]): void {
  if (rows.every(({ partition }) => partition >= 0)) return throwRowErrors(operation, rows);
  const failed = rows.flatMap(({ topic, partition, error }) =>
    error ? [{ topic, partition, error: new KafkaError(operation, error) }] : [],
  );
  if (failed.length) throw partitionsError(operation, failed);
}
