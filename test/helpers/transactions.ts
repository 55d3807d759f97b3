import kafkajs, { type Producer } from 'kafkajs';
import { Consumer, type TopicPartition } from 'seekafka';
import { uniqueGroup } from './unique.js';
import { eventually } from './wait.js';

// Transactions, open for as long as a test likes, by another client: seekafka's own producer has none yet.

type Row = TopicPartition & { readonly value: string; readonly timestamp?: number };

export interface OpenTransaction {
  /** Resolves when its control records are in the log: Kafka answers before that. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** A producer of one transaction after the other. Nobody else may have one open in the same partitions. */
export class Transactions implements AsyncDisposable {
  readonly #producer: Producer;
  readonly #committed: Consumer;
  readonly #uncommitted: Consumer;

  private constructor(producer: Producer, bootstrapServers: string) {
    this.#producer = producer;
    const servers = { 'bootstrap.servers': bootstrapServers };
    this.#committed = new Consumer(servers);
    this.#uncommitted = new Consumer({ ...servers, 'isolation.level': 'read_uncommitted' });
  }

  static async start({ bootstrapServers }: { readonly bootstrapServers: string }): Promise<Transactions> {
    const kafka = new kafkajs.Kafka({ brokers: bootstrapServers.split(','), logLevel: kafkajs.logLevel.NOTHING });
    const producer = kafka.producer({
      transactionalId: uniqueGroup('transactions'),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      retry: { initialRetryTime: 20, retries: 20 },
    });
    await producer.connect();
    return new Transactions(producer, bootstrapServers);
  }

  /** Begins a transaction with these messages, which are in the log when it resolves. */
  async open(messages: readonly Row[]): Promise<OpenTransaction> {
    const transaction = await this.#producer.transaction();
    for (const { topic, partition, value, timestamp } of messages) {
      const time = timestamp === undefined ? {} : { timestamp: String(timestamp) };
      await transaction.send({ topic, messages: [{ partition, value, ...time }] });
    }
    const ended = async (end: Promise<void>) => {
      await end;
      await this.#hasEnded(messages);
    };
    return {
      commit: () => ended(transaction.commit()),
      abort: () => ended(transaction.abort()),
    };
  }

  async committed(messages: readonly Row[]): Promise<void> {
    await (await this.open(messages)).commit();
  }

  async aborted(messages: readonly Row[]): Promise<void> {
    await (await this.open(messages)).abort();
  }

  async #hasEnded(messages: readonly Row[]): Promise<void> {
    const key = ({ topic, partition }: TopicPartition) => `${topic}:${partition}`;
    const partitions = [...new Map(messages.map((row) => [key(row), row])).values()];
    await eventually(
      async () => {
        const [stable, all] = await Promise.all(
          [this.#committed, this.#uncommitted].map((consumer) => consumer.endOffsets(partitions)),
        );
        return stable!.every(({ offset }, i) => offset === all![i]!.offset);
      },
      { what: 'the end of the transaction is in the log' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#producer.disconnect(), this.#committed.close(), this.#uncommitted.close()]);
  }
}
