import { Consumer, type ConsumerConfig, type KafkaError, type OffsetReset, Producer } from 'seekafka';
import type { Message, TopicPartition, TopicPartitionOffset } from 'seekafka';
import type { Cluster } from './clusters.js';
import { uniqueGroup } from './unique.js';
import { eventually, inTime } from './wait.js';

// Topics whose messages carry their partition and a sequence number, and consumers that write down what they were
// delivered: a message that is stale, lost or doubled shows as a break in a run of numbers.

/** A message as it was delivered. */
export interface Delivered extends TopicPartition {
  readonly sequence: number;
  readonly offset: number;
  /** The number of the loop's step in which it came: that of the batch, or of the message. */
  readonly step: number;
}

export const hows = ['by message', 'by batch'] as const;
export type How = (typeof hows)[number];

/** Returned by a visitor: leaves the loop. */
export const leave = Symbol('leave');

/** `3..9 0..4`: the numbers in their order. Whatever is lost, doubled or out of place begins another run. */
export function runs(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let end = i;
    while (end + 1 < numbers.length && numbers[end + 1] === numbers[end]! + 1) end++;
    parts.push(end === i ? `${numbers[i]}` : `${numbers[i]}..${numbers[end]}`);
    i = end + 1;
  }
  return parts.join(' ');
}

/** What a seek resolved with: `0:3 1:7`, partition and offset, in the order of the rows. */
export const places = (rows: readonly TopicPartitionOffset[]): string =>
  rows.map(({ partition, offset }) => `${partition}:${offset}`).join(' ');

/** As places(), in the order of the partitions. */
export const sortedPlaces = (rows: readonly TopicPartitionOffset[]): string =>
  places([...rows].sort((a, b) => a.partition - b.partition));

/** A topic of a test's own. Sequence and offset are the same number, as long as no transaction writes to it. */
export class NumberedTopic implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #producer: Producer;
  readonly #next: number[];
  readonly topic: string;

  private constructor(cluster: Cluster, topic: string, partitions: number) {
    this.#cluster = cluster;
    this.topic = topic;
    this.#next = new Array<number>(partitions).fill(0);
    this.#producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'linger.ms': 0 });
  }

  /** `messages`: so many in each partition. */
  static async create(cluster: Cluster, { partitions = 1, messages = 0 } = {}): Promise<NumberedTopic> {
    const made = new NumberedTopic(cluster, await cluster.createTopic(partitions), partitions);
    if (messages) await made.produce(messages);
    return made;
  }

  get partitions(): number[] {
    return [...this.#next.keys()];
  }

  row(partition: number): TopicPartition {
    return { topic: this.topic, partition };
  }

  rows(partitions: readonly number[] = this.partitions): TopicPartition[] {
    return partitions.map((partition) => this.row(partition));
  }

  at(partition: number, offset: number): TopicPartitionOffset {
    return { topic: this.topic, partition, offset };
  }

  /** The sequence of the next message. */
  next(partition: number): number {
    return this.#next[partition]!;
  }

  /** Resolves when so many more are acknowledged in each of the partitions. */
  async produce(count = 1, partitions: readonly number[] = this.partitions): Promise<void> {
    const messages = partitions.flatMap((partition) => {
      const first = this.#next[partition]!;
      this.#next[partition] = first + count;
      return Array.from({ length: count }, (_, i) => ({ ...this.row(partition), value: `${partition}:${first + i}` }));
    });
    await inTime(this.#producer.send(messages), 'production');
  }

  /**
   * Produces one more in each of the partitions and waits until it has come: then everything before it has come too,
   * and all that was delivered can be compared.
   */
  async produceAndAwait(members: Member | readonly Member[], partitions = this.partitions): Promise<void> {
    await this.produce(1, partitions);
    await this.isRead(members, partitions);
  }

  /** Waits until the newest message of each partition is the last one that came of it. */
  async isRead(members: Member | readonly Member[], partitions = this.partitions): Promise<void> {
    const readers = Array.isArray(members) ? (members as readonly Member[]) : [members as Member];
    await eventually(
      () => {
        for (const member of readers) member.rethrow();
        const late = partitions.filter((p) => !readers.some((member) => (member.last(p) ?? -1) === this.next(p) - 1));
        if (late.length === 0) return true;
        const came = readers.map((member) => late.map((p) => `${p}: ${member.runs(p) || 'nothing'}`).join(', '));
        throw new Error(`delivered of the partitions that lack something: ${came.join(' | ')}`);
      },
      { timeoutMs: 15_000, what: `the newest messages of partitions ${partitions.join(', ')} have come` },
    );
  }

  /** The records before the offset are gone. */
  async deleteBefore(partition: number, offset: number): Promise<void> {
    await this.#cluster.deleteRecordsBefore(this.topic, partition, offset);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#producer.close();
  }
}

/** A consumer, in a group of its own unless told otherwise, and what it was delivered. */
export class Member implements AsyncDisposable {
  readonly consumer: Consumer;
  /** All that was delivered, in order. */
  readonly delivered: Delivered[] = [];
  /** The consumer's events `error` and `offsetReset`. */
  readonly errors: KafkaError[] = [];
  readonly resets: OffsetReset[] = [];
  #step = 0;
  #loop: Promise<void> = Promise.resolve();
  #failure: { error: unknown } | undefined;

  constructor(cluster: Cluster, config: Partial<ConsumerConfig> = {}) {
    this.consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      ...config,
    });
    this.consumer.on('error', (error) => this.errors.push(error));
    this.consumer.on('offsetReset', (reset) => this.resets.push(reset));
  }

  /** Subscribes, and waits until so many partitions are held, or all of the topic. */
  async subscribed({ topic, partitions }: NumberedTopic, count = partitions.length): Promise<void> {
    await this.consumer.subscribe(topic);
    await this.holds(count);
  }

  async holds(count: number): Promise<void> {
    await eventually(() => this.consumer.assignment.length === count, { what: `${count} partitions are assigned` });
  }

  /** The numbers of the partitions held. */
  get held(): number[] {
    return this.consumer.assignment.map(({ partition }) => partition).sort((a, b) => a - b);
  }

  /**
   * Reads in the background until the consumer is closed, or the visitor says `leave`. The visitor runs, and is awaited,
   * inside of the loop's body.
   */
  read(how: How = 'by message', visit: (message: Delivered) => unknown = () => undefined): Promise<void> {
    const loop = this.#read(how, visit).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#loop = loop;
    return loop;
  }

  /** Throws what a loop has rejected with. */
  rethrow(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** To give to `since`: what was delivered up to now is left out. */
  mark(): number {
    return this.delivered.length;
  }

  /** What was delivered of a partition, as runs(). */
  runs(partition: number, since = 0): string {
    return runs(this.sequences(partition, since));
  }

  sequences(partition: number, since = 0): number[] {
    return this.delivered.slice(since).flatMap((m) => (m.partition === partition ? [m.sequence] : []));
  }

  /** The sequence last delivered of a partition. */
  last(partition: number): number | undefined {
    return this.delivered.findLast((m) => m.partition === partition)?.sequence;
  }

  /** Closes the consumer. Throws what a loop has rejected with, so that no test passes over it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.consumer.close();
    await this.#loop;
    this.rethrow();
  }

  async #read(how: How, visit: (message: Delivered) => unknown): Promise<void> {
    if (how === 'by message') {
      for await (const message of this.consumer) {
        this.#step++;
        if ((await visit(this.#write(message))) === leave) return;
      }
      return;
    }
    for await (const batch of this.consumer.batches()) {
      this.#step++;
      for (const message of batch) {
        if ((await visit(this.#write(message))) === leave) return;
      }
    }
  }

  #write({ topic, partition, offset, value }: Message): Delivered {
    const [from, sequence] = String(value).split(':').map(Number);
    if (from !== partition) throw new Error(`${String(value)} was delivered as a message of partition ${partition}`);
    const delivered = { topic, partition, offset, sequence: sequence!, step: this.#step };
    this.delivered.push(delivered);
    return delivered;
  }
}

export type Protocol = 'range' | 'cooperative-sticky' | 'consumer';

/** A group that notices within a second who comes and goes. Give all its members the same one. */
export function quickGroup(
  { name }: Cluster,
  protocol: Protocol = 'range',
): Partial<ConsumerConfig> & { 'group.id': string } {
  const group = { 'group.id': uniqueGroup() };
  if (protocol === 'consumer') return { ...group, 'group.protocol': 'consumer' };
  return {
    ...group,
    'partition.assignment.strategy': protocol,
    'heartbeat.interval.ms': 100,
    // Heartbeats are sent when librdkafka's main thread wakes, which a timer of any kind makes it do in time.
    'statistics.interval.ms': 50,
    // The mock cluster waits for members to join again for all but a second of it, and goes on without the late ones.
    'session.timeout.ms': name === 'mock' ? 2000 : 6000,
  };
}

/** Small random numbers that are the same in every run, so that a failure comes again. */
export function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
