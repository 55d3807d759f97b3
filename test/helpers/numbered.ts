import { Consumer, type ConsumerConfig, type Message, Producer, type RecordMetadata } from 'seekafka';
import type { Cluster } from './clusters.js';
import { uniqueGroup } from './unique.js';
import { eventually, inTime } from './wait.js';

// Messages that say where they belong, so that a stale, lost or doubled one is seen: the value is
// `<partition>:<sequence>`, and in a topic that fill() alone wrote, the sequence is the offset.

export interface Numbered {
  readonly partition: number;
  readonly sequence: number;
}

/** Longer than a test may take: a consumer that is open then belongs to one that failed by its time limit. */
const LIFE_MS = 60_000;

/** A consumer with a group of its own that starts at the beginning, unless `config` says otherwise. */
export function consumerOn(cluster: Pick<Cluster, 'bootstrapServers'>, config: Partial<ConsumerConfig> = {}): Consumer {
  const consumer = new Consumer({
    'bootstrap.servers': cluster.bootstrapServers,
    'group.id': uniqueGroup(),
    'auto.offset.reset': 'earliest',
    ...config,
  });
  // Such a test never reaches its `finally`; its consumer must not keep the run alive.
  setTimeout(() => void consumer.close({ timeoutMs: 1000 }), LIFE_MS).unref();
  return consumer;
}

/**
 * For groups whose members come and go within a test. When a member joins, the mock cluster goes on after the session
 * time-out less a second, whoever has joined by then; and members learn of it with their next heartbeat.
 */
export const quickGroup = ({ name }: Pick<Cluster, 'name'>): Partial<ConsumerConfig> => ({
  'session.timeout.ms': name === 'mock' ? 1500 : 6000,
  'heartbeat.interval.ms': 100,
});

/**
 * Sends `count` messages to each of `partitions`, with sequences from `from` on. Resolves when all are stored: those of
 * a partition as one record batch, so that a consumer gets them at once.
 */
export async function fill(
  cluster: Pick<Cluster, 'bootstrapServers'>,
  topic: string,
  { partitions = 1, count, from = 0 }: { partitions?: number; count: number; from?: number },
): Promise<RecordMetadata[]> {
  await using producer = new Producer({
    'bootstrap.servers': cluster.bootstrapServers,
    // A record batch goes when it is complete. With less patience a busy machine makes two of it.
    'linger.ms': 10_000,
    'batch.num.messages': count,
  });
  return await producer.send(
    Array.from({ length: partitions * count }, (_, i) => {
      const partition = i % partitions;
      return { topic, partition, value: `${partition}:${from + Math.floor(i / partitions)}` };
    }),
  );
}

export function numberOf(message: Message): Numbered {
  const [partition, sequence] = message.value!.toString().split(':').map(Number);
  if (partition !== message.partition) throw new Error(`a message of partition ${partition} in ${message.partition}`);
  if (sequence !== message.offset) throw new Error(`message ${sequence} at offset ${message.offset}`);
  return { partition, sequence };
}

/** The next `count` messages. The last of them counts as processed when the next one is asked for. */
export async function take(consumer: Consumer, count: number, timeoutMs = 10_000): Promise<Numbered[]> {
  const taken: Numbered[] = [];
  const text = () => `${taken.length} of ${count} messages: ${JSON.stringify(taken)}`;
  const iterator = consumer[Symbol.asyncIterator]();
  try {
    await inTime(
      (async () => {
        while (taken.length < count) {
          const step = await iterator.next();
          if (step.done) throw new Error(`the iterator ended after ${taken.length} of ${count} messages`);
          taken.push(numberOf(step.value));
        }
      })(),
      text,
      timeoutMs,
    );
  } finally {
    await iterator.return?.();
  }
  return taken;
}

/** As take(), of a topic with one partition: the sequences alone. */
export async function takeSequences(consumer: Consumer, count: number): Promise<number[]> {
  return (await take(consumer, count)).map(({ sequence }) => sequence);
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

export const at = (topic: string, offset: number, partition = 0) => ({ topic, partition, offset });

/** Iterates over a consumer in the background. */
export class Reader {
  readonly seen: Numbered[] = [];
  /** Settles with the loop: resolves when the consumer is closed, rejects with what the iterator throws. */
  readonly done: Promise<void>;

  constructor(consumer: Consumer, onMessage: (message: Message, seen: Numbered) => void | Promise<void> = () => {}) {
    this.done = (async () => {
      for await (const message of consumer) {
        const numbered = numberOf(message);
        this.seen.push(numbered);
        await onMessage(message, numbered);
      }
    })();
    this.done.catch(() => {}); // who awaits it sees it
  }

  sequences(partition = 0): number[] {
    return this.seen.filter((seen) => seen.partition === partition).map(({ sequence }) => sequence);
  }

  /** Waits until so many messages have come. Rejects if the loop ends before. */
  async until(count: number): Promise<void> {
    const ended = this.done.then(() => {
      throw new Error(`the loop ended after ${this.seen.length} of ${count} messages`);
    });
    ended.catch(() => {});
    await Promise.race([eventually(() => this.seen.length >= count, { what: `${count} messages` }), ended]);
  }
}

/** Commits an offset for a group that has no members. */
export async function commitAt(
  cluster: Pick<Cluster, 'bootstrapServers'>,
  group: string,
  topic: string,
  offset: number,
  partition = 0,
): Promise<void> {
  await using consumer = consumerOn(cluster, { 'group.id': group });
  await consumer.commit([at(topic, offset, partition)]);
}

/** What a group has committed of one partition, asked by a consumer that is no member. */
export async function committedOf(
  cluster: Pick<Cluster, 'bootstrapServers'>,
  group: string,
  topic: string,
  partition = 0,
): Promise<number> {
  await using consumer = consumerOn(cluster, { 'group.id': group });
  const [row] = await consumer.committed([{ topic, partition }]);
  return row!.offset;
}
