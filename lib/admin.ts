import type { NativeError, NativeRow } from '../binding/native.js';
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
    return this.#request('createTopics', options, () => {
      const wanted = newTopics(topics);
      return (id, timeoutMs) => this.link.handle.createTopics(id, timeoutMs, wanted);
    });
  }

  /** Deletes topics. Brokers may still know of them for a moment. (rd_kafka_DeleteTopics) */
  deleteTopics(topics: readonly string[], options: TimeoutOptions = {}): Promise<void> {
    return this.#request('deleteTopics', options, () => {
      const names = topicNames(topics);
      return (id, timeoutMs) => this.link.handle.deleteTopics(id, timeoutMs, names);
    });
  }

  /** Raises the number of partitions of topics to `total`. (rd_kafka_CreatePartitions) */
  createPartitions(topics: readonly { topic: string; total: number }[], options: TimeoutOptions = {}): Promise<void> {
    return this.#request('createPartitions', options, () => {
      const wanted = newPartitions(topics);
      return (id, timeoutMs) => this.link.handle.createPartitions(id, timeoutMs, wanted);
    });
  }

  /** Deletes what lies before each offset: the log starts there afterwards. (rd_kafka_DeleteRecords) */
  deleteRecords(offsets: readonly TopicPartitionOffset[], options: TimeoutOptions = {}): Promise<void> {
    return this.#request('deleteRecords', options, () => {
      const before = check.topicPartitionOffsets(offsets, 'offsets');
      return (id, timeoutMs) => this.link.handle.deleteRecords(id, timeoutMs, flat(before));
    });
  }

  /** The second call waits for the first. Never rejects. */
  close(): Promise<void> {
    return call(() => this.shutDown());
  }

  #request(
    operation: string,
    options: TimeoutOptions,
    prepare: () => (id: number, timeoutMs: number) => NativeError | undefined,
  ): Promise<void> {
    return this.run(operation, async () => {
      const send = prepare();
      const { timeoutMs = this.#timeoutMs } = check.timeoutOptions(options);
      throwTopicErrors(operation, await this.link.request(operation, (id) => send(id, Math.ceil(timeoutMs))));
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
