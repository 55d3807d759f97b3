import { type ClientRecord, type NativeClient, type NativeError, native } from '../../binding/native.js';
import { type Logger, loggerOption } from '../arguments/logger.js';
import { topicName } from '../arguments/admin-topics.js';
import type { TimeoutOptions } from '../arguments/options.js';
import { knownKeys, timeoutOptions, wholeNumber } from '../arguments/values.js';
import { Client, type ClientEvents } from '../client/client.js';
import { CLOSE_TIMEOUT_MS, ClientCore } from '../client/client-core.js';
import { KafkaError, call, destroyed } from '../errors.js';

/** The mock cluster makes all partitions of a topic at once. */
const MOST_PARTITIONS = 10_000;
/** Nor are there more brokers. */
const MOST_BROKERS = 100;

const maxInt16 = 2 ** 15 - 1;

const brokerNumber = (value: unknown): number => wholeNumber(value, 'broker', 1);

/** Options of MockCluster.start(). */
export interface MockClusterOptions {
  /** Default 1. Brokers are numbered from 1. */
  brokers?: number | undefined;
  /** As of the clients. */
  logger?: Logger | undefined;
}

/**
 * librdkafka's in-process brokers, for tests: consumer groups (classic and KIP-848), transactions without isolation,
 * retention by hand, look-up of times (in compressed batches: by the batch), faults on demand. Of admin requests it knows
 * listTopics(), listOffsets(), alterGroupOffsets() and listGroupOffsets() of named partitions; no SASL, TLS or
 * `group.instance.id`. (rd_kafka_mock_cluster_new)
 *
 * A mock cluster does not keep the process alive. `close()` it.
 */
export class MockCluster extends Client<ClientEvents> {
  readonly #core: ClientCore<ClientRecord, NativeClient>;
  /** For `bootstrap.servers`. */
  readonly bootstrapServers: string;

  private constructor(brokers: number, logger: Logger | undefined) {
    super();
    // Null: who keeps no more than `bootstrapServers` goes on using the cluster.
    this.#core = new ClientCore(null, native.Client, [['client.id', 'seekafka-mock']], { logger });
    this.#core.attach(this);
    const servers = this.#core.link.handle.mockStart(brokers);
    if (!servers) throw new Error(`MockCluster.start: ${brokers} mock brokers could not be started`);
    this.bootstrapServers = servers;
    // A group's first rebalance would wait three seconds for other members.
    this.#mock('start', 'groupInitialRebalanceDelay', 0);
  }

  /** Starts brokers inside this process, which takes milliseconds. */
  static start(options: MockClusterOptions = {}): Promise<MockCluster> {
    return call(async () => {
      const { brokers = 1, logger } = knownKeys(options, 'options', ['brokers', 'logger']);
      return new this(wholeNumber(brokers, 'options.brokers', 1, MOST_BROKERS), loggerOption(logger));
    });
  }

  /** Topics that are asked for come into being by themselves too, with 4 partitions. (rd_kafka_mock_topic_create) */
  createTopic(topic: string, partitions = 1, replicationFactor = 1): void {
    topicName(topic);
    wholeNumber(partitions, 'partitions', 1, MOST_PARTITIONS);
    wholeNumber(replicationFactor, 'replicationFactor', 1, MOST_BROKERS);
    this.#mock('createTopic', 'topicCreate', topic, partitions, replicationFactor);
  }

  /** Everything before the offset is gone. (rd_kafka_mock_partition_delete_records) */
  deleteRecords(topic: string, partition: number, beforeOffset: number): void {
    topicName(topic);
    wholeNumber(partition, 'partition', 0);
    wholeNumber(beforeOffset, 'beforeOffset', 0, Number.MAX_SAFE_INTEGER);
    this.#mock('deleteRecords', 'partitionDeleteRecords', topic, partition, beforeOffset);
  }

  /** (rd_kafka_mock_partition_set_leader) */
  setLeader(topic: string, partition: number, broker: number): void {
    topicName(topic);
    wholeNumber(partition, 'partition', 0);
    this.#mock('setLeader', 'partitionSetLeader', topic, partition, brokerNumber(broker));
  }

  /** Ends the broker's connections and takes no new ones. (rd_kafka_mock_broker_set_down) */
  brokerDown(broker: number): void {
    this.#mock('brokerDown', 'brokerSetDown', brokerNumber(broker));
  }

  /** (rd_kafka_mock_broker_set_up) */
  brokerUp(broker: number): void {
    this.#mock('brokerUp', 'brokerSetUp', brokerNumber(broker));
  }

  /** The broker answers each request after so many milliseconds. (rd_kafka_mock_broker_set_rtt) */
  setRoundTripTime(broker: number, milliseconds: number): void {
    brokerNumber(broker);
    this.#mock('setRoundTripTime', 'brokerSetRtt', broker, wholeNumber(milliseconds, 'milliseconds', 0));
  }

  /**
   * The broker answers its next request of a kind (`apiKey`, Kafka's number of it) with an error (0: none; -195,
   * ERR__TRANSPORT: it ends the connection instead) after so many milliseconds. (rd_kafka_mock_broker_push_request_error_rtts)
   */
  pushRequestError(broker: number, apiKey: number, errno: number, delayMs = 0): void {
    brokerNumber(broker);
    wholeNumber(apiKey, 'apiKey', 0, maxInt16);
    wholeNumber(errno, 'errno', -200, maxInt16); // librdkafka's own are negative
    this.#mock('pushRequestError', 'pushRequestError', broker, apiKey, errno, wholeNumber(delayMs, 'delayMs', 0));
  }

  /** (rd_kafka_mock_group_initial_rebalance_delay_ms) */
  setGroupInitialRebalanceDelay(milliseconds: number): void {
    wholeNumber(milliseconds, 'milliseconds', 0);
    this.#mock('setGroupInitialRebalanceDelay', 'groupInitialRebalanceDelay', milliseconds);
  }

  /**
   * Ends the brokers. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.shutDown(timeoutMs);
    });
  }

  #mock(operation: string, name: string, ...args: (string | number)[]): void {
    if (this.#core.closing) throw destroyed(operation);
    const error: NativeError | undefined = this.#core.link.handle.mock(name, ...args);
    if (error) throw new KafkaError(operation, error);
  }
}
