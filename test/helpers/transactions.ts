import { Consumer, Producer, type TopicPartition } from 'seekafka';
import { uniqueGroup } from './unique.js';
import { eventually } from './wait.js';

// Transactions, open for as long as a test likes.

type Row = TopicPartition & { readonly value: string; readonly timestamp?: number };

export interface OpenTransaction {
  /** Resolves when its control records are in the log: Kafka answers before that. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

class Aborted extends Error {}

/** A producer of one transaction after the other. Nobody else may have one open in the same partitions. */
export class Transactions implements AsyncDisposable {
  readonly #producer: Producer;
  readonly #committed: Consumer;
  readonly #uncommitted: Consumer;

  constructor({ bootstrapServers }: { readonly bootstrapServers: string }) {
    const servers = { 'bootstrap.servers': bootstrapServers };
    this.#producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('transactions') });
    this.#committed = new Consumer(servers);
    this.#uncommitted = new Consumer({ ...servers, 'isolation.level': 'read_uncommitted' });
  }

  /** Begins a transaction with these messages, which are in the log when it resolves. */
  async open(messages: readonly Row[]): Promise<OpenTransaction> {
    let decide!: (how: 'commit' | 'abort') => void;
    let decided: Promise<unknown> | undefined;
    await new Promise<void>((sent, failed) => {
      decided = this.#producer.transaction(async (tx) => {
        for (const message of messages) await tx.send(message);
        sent();
        const how = await new Promise<string>((resolve) => (decide = resolve));
        if (how === 'abort') throw new Aborted();
      });
      decided.catch(failed);
    });
    const ended = async (how: 'commit' | 'abort') => {
      decide(how);
      await decided!.catch((error: unknown) => {
        if (!(error instanceof Aborted)) throw error;
      });
      await this.#hasEnded(messages);
    };
    return { commit: () => ended('commit'), abort: () => ended('abort') };
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
    await Promise.all([this.#producer.close(), this.#committed.close(), this.#uncommitted.close()]);
  }
}
