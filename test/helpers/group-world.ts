import { Consumer, type ConsumerConfig, KafkaError, type Message, Producer } from 'seekafka';
import type { TopicPartition, TopicPartitionOffset } from 'seekafka';
import type { Cluster } from './clusters.js';
import { eventually, inTime } from './wait.js';

// A group whose members come and go, seek, pause and commit by chance, and a model beside it that says of every message
// whether it may come. What it holds them to:
// - while a member holds a partition, each message is the very next one, or the one that a resolved seek has named;
// - between the call of a seek and its end nothing comes of its partitions, and nothing of a paused one;
// - a member that a partition is given to begins at or before what the group has committed, or where it stood itself.

/** The time of message n is this many milliseconds after the beginning. */
export const TICK_MS = 10;

/** A seek that waits longer than this is given up by its caller. */
const SEEK_MS = 15_000;

interface Held {
  /** The only offset that may come next; undefined: the first one after the assignment, which `atMost` bounds. */
  next: number | undefined;
  atMost: number;
  /** Behind what the application was done with, since the last seek. */
  processed: number | undefined;
  inHand: number | undefined;
  /** A seek was rejected: it may have taken what was processed, or not. */
  uncertain: boolean;
}

export interface Sought {
  readonly call: () => Promise<TopicPartitionOffset[]>;
  /** The partitions named; null: all. */
  readonly named: readonly number[] | null;
  /** Lowest and highest offset that it may resolve with, asked when it resolves. */
  readonly within: (partition: number) => readonly [low: number, high: number];
}

export class GroupWorld implements AsyncDisposable {
  readonly begun = Date.now() - 3_600_000;
  /** How many messages are acknowledged, and how many were sent, of each partition. */
  readonly stored: number[];
  readonly sent: number[];
  /** What the group has committed, as far as it can be known: at most this. */
  readonly committed: number[];
  readonly members: GroupMember[] = [];
  readonly began = performance.now();
  readonly wrong: string[] = [];
  /** What happened, in its order: told with what went wrong. */
  readonly story: string[] = [];
  readonly counts = { delivered: 0, seeks: 0, rejected: 0, assigned: 0, again: 0, lost: 0 };
  readonly #producer: Producer;
  #names = 0;

  constructor(
    readonly cluster: Cluster,
    readonly topic: string,
    readonly partitions: number,
    readonly config: Partial<ConsumerConfig>,
  ) {
    this.stored = new Array<number>(partitions).fill(0);
    this.sent = [...this.stored];
    this.committed = [...this.stored];
    this.#producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'linger.ms': 0 });
  }

  get numbers(): number[] {
    return [...this.stored.keys()];
  }

  rows(partitions: readonly number[]): TopicPartition[] {
    return partitions.map((partition) => ({ topic: this.topic, partition }));
  }

  async produce(partition: number, count: number): Promise<void> {
    const first = this.sent[partition]!;
    this.sent[partition] = first + count;
    const messages = Array.from({ length: count }, (_, i) => ({
      topic: this.topic,
      partition,
      value: `${partition}:${first + i}`,
      timestamp: this.begun + (first + i) * TICK_MS,
    }));
    await inTime(this.#producer.send(messages), 'production', 20_000);
    this.stored[partition] = Math.max(this.stored[partition]!, first + count);
  }

  async addMember(byBatch: boolean): Promise<void> {
    const member = new GroupMember(this, `member ${this.#names++}`, byBatch);
    this.members.push(member);
    await member.consumer.subscribe(this.topic, member.listener);
  }

  async removeMember(index: number): Promise<void> {
    const [member] = this.members.splice(index % this.members.length, 1);
    await member?.end();
  }

  /** Every partition has a member, and everything has come to it. */
  async finish(): Promise<void> {
    for (const member of this.members) await member.settled();
    const holder = (p: number) => this.members.find((member) => member.held.has(p));
    // Shared out evenly, no rebalance follows.
    const least = Math.floor(this.partitions / this.members.length);
    const shared = () =>
      this.numbers.every((p) => holder(p)) && this.members.every((member) => member.held.size >= least);
    await eventually(shared, { timeoutMs: 30_000, what: 'the partitions are shared out' });
    for (const member of this.members) member.resume();
    await Promise.all(this.numbers.map((p) => this.produce(p, 1)));
    const missing = () => this.numbers.filter((p) => holder(p)?.held.get(p)?.next !== this.stored[p]);
    await eventually(
      () => {
        if (this.wrong.length || missing().length === 0) return true;
        for (const member of this.members) member.resume(); // what a late rebalance has given back paused
        throw new Error(
          missing()
            .map((p) => `${p}: ${holder(p)?.name} awaits ${holder(p)?.held.get(p)?.next} of ${this.stored[p]}`)
            .join(', '),
        );
      },
      { timeoutMs: 20_000, what: 'all that is stored has come' },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([...this.members.map((member) => member.end()), this.#producer.close()]);
  }
}

export class GroupMember {
  readonly consumer: Consumer;
  readonly held = new Map<number, Held>();
  readonly #paused = new Set<number>();
  /** Where it stood in partitions that it gave up. */
  readonly #left = new Map<number, number>();
  /** Seeks that have not ended, each with the partitions of which nothing may come. */
  readonly #seeks = new Map<object, { partitions: Set<number>; end: Promise<void> }>();
  readonly #last = new Map<number, object>();
  readonly #loop: Promise<void>;
  #leave = false;

  constructor(
    readonly world: GroupWorld,
    readonly name: string,
    readonly byBatch: boolean,
  ) {
    const { cluster, config } = world;
    this.consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, ...config });
    this.consumer.on('error', (error) => {
      // What was not committed may be more or less than what is.
      if (error.operation === 'commit') world.committed.fill(Infinity);
    });
    this.consumer.on('offsetReset', ({ partition, askedOffset }) =>
      this.#wrong(`${partition} was reset at ${askedOffset}`),
    );
    this.#loop = this.#read().catch((error: unknown) => this.#wrong(`its loop ended with ${String(error)}`));
  }

  readonly listener = {
    onAssigned: (rows: readonly TopicPartition[]) => {
      for (const { partition } of rows) {
        this.world.counts.assigned++;
        const atMost = Math.max(this.world.committed[partition]!, this.#left.get(partition) ?? 0);
        this.held.set(partition, {
          next: undefined,
          atMost,
          processed: undefined,
          inHand: undefined,
          uncertain: false,
        });
      }
      this.#tell(`assigned ${[...this.held].map(([p, { atMost }]) => `${p}<=${atMost}`).join()}`);
      this.#left.clear();
      for (const { partition } of this.consumer.paused) this.#paused.add(partition);
    },
    onRevoked: (rows: readonly TopicPartition[]) => this.#release(rows, true),
    onLost: (rows: readonly TopicPartition[]) => {
      this.world.counts.lost += rows.length;
      this.#release(rows, false);
    },
  };

  /** Begins a seek. The promise resolves when it has ended, one way or the other. */
  seek({ call, named, within }: Sought): Promise<void> {
    const { counts } = this.world;
    const key = {};
    const asked = named ?? [...this.held.keys()];
    const partitions = new Set(asked.filter((p) => this.held.has(p)));
    // Of all: also of what it does not hold yet, and of which something else may be waiting.
    for (const p of named ?? this.world.numbers) this.#last.set(p, key);
    const which = `seek of ${named?.join() ?? 'all'}`;
    this.#tell(`${which} called, of ${[...partitions].join()}`);
    counts.seeks++;
    const ended = (async () => {
      try {
        const rows = await inTime(call(), `a seek of ${this.name}`, SEEK_MS);
        this.#tell(`${which} gave ${rows.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`);
        for (const { partition, offset } of rows) {
          const held = this.held.get(partition);
          if (!held) continue; // taken away since
          Object.assign(held, { next: offset, processed: undefined, inHand: undefined, uncertain: false });
          const [low, high] = within(partition);
          if (named && this.#last.get(partition) === key && (offset < low || offset > high)) {
            this.#wrong(`a seek of ${partition} went to ${offset}, not ${low} to ${high}`);
          }
        }
      } catch (error) {
        counts.rejected++;
        this.#tell(`${which} rejected: ${String(error)}`);
        if (!(error instanceof KafkaError)) this.#wrong(`a seek ended with ${String(error)}`);
        // Some of its partitions may have been sought.
        for (const p of asked) {
          const held = this.held.get(p);
          if (held) Object.assign(held, { next: undefined, atMost: Infinity, uncertain: true });
        }
      } finally {
        this.#seeks.delete(key);
      }
    })();
    this.#seeks.set(key, { partitions, end: ended });
    return ended;
  }

  async settled(): Promise<void> {
    await Promise.all([...this.#seeks.values()].map(({ end }) => end));
  }

  pause(partitions: readonly number[]): void {
    const some = this.consumer.assignment.filter(({ partition }) => partitions.includes(partition));
    this.consumer.pause(some);
    for (const { partition } of some) this.#paused.add(partition);
  }

  resume(): void {
    this.#paused.clear();
    this.consumer.resume();
  }

  /** Leaves the loop at its next message and enters another. */
  newLoop(): void {
    this.#leave = true;
  }

  async commit(): Promise<void> {
    const processed = [...this.held].flatMap(([p, { processed: to }]) => (to === undefined ? [] : [[p, to] as const]));
    for (const [p, to] of processed) this.world.committed[p] = Math.max(this.world.committed[p]!, to);
    this.#tell(`commits ${processed.map(([p, to]) => `${p}:${to}`).join(' ')}`);
    try {
      await inTime(this.consumer.commit(), `a commit of ${this.name}`);
    } catch (error) {
      if (!(error instanceof KafkaError)) this.#wrong(`a commit ended with ${String(error)}`);
    }
  }

  async end(): Promise<void> {
    await inTime(this.consumer.close(), `the end of ${this.name}`, 35_000);
    await this.settled();
    await this.#loop;
  }

  #release(rows: readonly TopicPartition[], commits: boolean): void {
    for (const { partition } of rows) {
      const held = this.held.get(partition);
      if (!held) continue;
      this.held.delete(partition);
      this.#paused.delete(partition);
      const before = this.world.committed[partition]!;
      const seeking = [...this.#seeks.values()].some(({ partitions }) => partitions.delete(partition));
      if (commits && held.processed !== undefined) {
        // A seek that has just taken effect, and has not been told yet, leaves nothing to commit.
        this.world.committed[partition] = seeking || held.uncertain ? Math.max(before, held.processed) : held.processed;
      }
      const at = held.next ?? held.atMost;
      this.#tell(
        `${commits ? 'revoked' : 'lost'} ${partition} at ${at}, committed <= ${this.world.committed[partition]}`,
      );
      if (commits) this.#left.set(partition, seeking ? Infinity : at);
    }
  }

  async #read(): Promise<void> {
    for (let open = true; open;) {
      this.#leave = false;
      open = this.byBatch ? await this.#readBatches() : await this.#readMessages();
    }
  }

  /** False: the consumer is closed. */
  async #readMessages(): Promise<boolean> {
    const iterator = this.consumer[Symbol.asyncIterator]();
    for (;;) {
      this.#processed();
      const step = await iterator.next();
      if (step.done) return false;
      this.#check(step.value);
      if (this.#leave) break;
      if (this.world.counts.delivered % 50 === 0) await new Promise(setImmediate);
    }
    await iterator.return?.();
    return true;
  }

  async #readBatches(): Promise<boolean> {
    const iterator = this.consumer.batches({ maxMessages: 25 });
    for (;;) {
      this.#processed();
      const step = await iterator.next();
      if (step.done) return false;
      for (const message of step.value) this.#check(message);
      if (this.#leave) break;
    }
    await iterator.return?.();
    return true;
  }

  #processed(): void {
    for (const held of this.held.values()) {
      held.processed = held.inHand ?? held.processed;
      held.inHand = undefined;
    }
  }

  #check({ partition, offset, value }: Message): void {
    const held = this.held.get(partition);
    this.world.counts.delivered++;
    if (String(value) !== `${partition}:${offset}`) this.#wrong(`${String(value)} came as ${partition}:${offset}`);
    if (!held) return this.#wrong(`${partition}:${offset} came, which it does not hold`);
    if (this.#paused.has(partition)) this.#wrong(`${partition}:${offset} came, which is paused`);
    if ([...this.#seeks.values()].some(({ partitions }) => partitions.has(partition))) {
      this.#wrong(`${partition}:${offset} came while a seek of it is under way`);
    }
    if (offset !== held.next) this.#tell(`${partition}:${offset} came`);
    if (held.next === undefined) {
      if (offset > held.atMost) this.#wrong(`${partition} begins at ${offset}, and not before ${held.atMost}`);
      if (offset < held.atMost) this.world.counts.again++;
    } else if (offset !== held.next) {
      this.#wrong(`${partition}:${offset} came instead of ${held.next}`);
    }
    held.next = offset + 1;
    held.inHand = offset + 1;
  }

  #tell(what: string): void {
    const { story, began } = this.world;
    story.push(`${Math.round(performance.now() - began)} ms, ${this.name}: ${what}`);
  }

  #wrong(what: string): void {
    this.#tell(`WRONG: ${what}`);
    this.world.wrong.push(`${this.name}: ${what}`);
  }
}
