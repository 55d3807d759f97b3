import { expect } from 'chai';
import {
  Consumer,
  type KafkaError,
  type Message,
  Producer,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'seekafka';
import type { Cluster } from './clusters.js';
import { LogModel } from './log-model.js';
import type { OpenTransaction, Transactions } from './transactions.js';
import { uniqueGroup } from './unique.js';
import { inTime } from './wait.js';

// One consumer with partitions assigned by hand, and a model of its positions. The model knows the logs, where each
// partition stands, what is paused, what was processed and committed, and which seeks are under way. Whatever comes has
// to be the very message that it expects next of that partition: a stale, lost or doubled one is seen at once.

interface PartitionModel {
  readonly log: LogModel;
  held: boolean;
  position: number;
  paused: boolean;
  /** What commit() would commit; null: nothing since the last seek. */
  processed: number | null;
  committed: number;
}

/** Lowest and highest offset that a seek may resolve with, asked when it has. */
export type Bounds = (partition: number) => readonly [low: number, high: number];

interface Seek {
  readonly promise: Promise<TopicPartitionOffset[]>;
  readonly partitions: readonly number[];
  readonly bounds: Bounds;
  /** It may reject: with this reason only. */
  readonly withdrawnBy: unknown;
}

export class SingleWorld implements AsyncDisposable {
  readonly model: readonly PartitionModel[];
  readonly consumer: Consumer;
  readonly #producer: Producer;
  #pending: Seek[] = [];
  #iterator: AsyncIterator<Message>;
  #inHand: { readonly p: PartitionModel; readonly next: number } | null = null;
  #open: { readonly partitions: readonly number[]; readonly transaction: OpenTransaction } | null = null;

  private constructor(
    readonly cluster: Cluster,
    readonly topic: string,
    partitions: number,
    /** Null where the cluster cannot show them. */
    readonly transactions: Transactions | null,
  ) {
    this.model = Array.from({ length: partitions }, () => ({
      log: new LogModel(),
      held: true,
      position: 0,
      paused: false,
      processed: null,
      committed: 0,
    }));
    this.#producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'linger.ms': 0 });
    this.consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'error', // the position is never outside of the log, and where it is, it shows
      'enable.auto.commit': false,
    });
    this.#iterator = this.consumer[Symbol.asyncIterator]();
  }

  /** Each partition with so many messages, assigned and committed at its beginning. */
  static async create(
    cluster: Cluster,
    { partitions, messages, transactions }: { partitions: number; messages: number; transactions: Transactions | null },
  ): Promise<SingleWorld> {
    const topic = await cluster.createTopic(partitions);
    const world = new SingleWorld(cluster, topic, partitions, transactions);
    await Promise.all(world.numbers.map((one) => world.produce(one, messages)));
    const rows = world.numbers.map((partition) => ({ topic, partition, offset: 0 }));
    await world.consumer.assign(rows);
    await world.consumer.commit(rows);
    return world;
  }

  get numbers(): number[] {
    return [...this.model.keys()];
  }

  get held(): number[] {
    return this.numbers.filter((one) => this.model[one]!.held);
  }

  of(partitions: readonly number[]): TopicPartition[] {
    return partitions.map((partition) => ({ topic: this.topic, partition }));
  }

  async produce(partition: number, count: number): Promise<void> {
    const { log } = this.model[partition]!;
    const messages = log.append('plain', count).map((offset) => ({
      topic: this.topic,
      partition,
      value: `${partition}:${offset}`,
      timestamp: LogModel.timeOf(offset),
    }));
    await this.#producer.send(messages);
  }

  /** Begins a transaction in these partitions, unless one is open; `end()` ends it. */
  async begin(partitions: readonly number[], count: number): Promise<void> {
    if (!this.transactions || this.#open) return;
    const rows = partitions.flatMap((partition) =>
      this.model[partition]!.log.append('open', count).map((offset) => ({
        topic: this.topic,
        partition,
        value: `${partition}:${offset}`,
        timestamp: LogModel.timeOf(offset),
      })),
    );
    this.#open = { partitions, transaction: await this.transactions.open(rows) };
  }

  async end(how: 'commit' | 'abort'): Promise<void> {
    if (!this.#open) return;
    const { partitions, transaction } = this.#open;
    this.#open = null;
    await transaction[how]();
    for (const one of partitions) this.model[one]!.log.end(how === 'commit' ? 'committed' : 'aborted');
  }

  /** Calls a seek. What it may resolve with is told by `bounds`. */
  seek(
    partitions: readonly number[],
    call: () => Promise<TopicPartitionOffset[]>,
    bounds: Bounds,
    withdrawnBy: unknown = undefined,
  ): void {
    const promise = call();
    promise.catch(() => undefined);
    this.#pending.push({ promise, partitions, bounds, withdrawnBy });
  }

  /** Waits for all seeks under way. Of each partition the last that was not withdrawn decides. */
  async settle(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    /** Where each partition may be now. */
    const allowed = new Map<number, (readonly [low: number, high: number])[]>();
    for (const { promise, partitions, bounds, withdrawnBy } of pending) {
      const places = partitions.map((one) => [one, bounds(one)] as const);
      try {
        const rows = await inTime(promise, 'a seek');
        expect(rows.map(({ partition }) => partition)).to.have.members([...partitions]);
        for (const [one, place] of places) allowed.set(one, [place]);
      } catch (error) {
        if (withdrawnBy === undefined || error !== withdrawnBy) throw error;
        // Where one of several partitions had been reached already, nobody takes it back.
        for (const [one, place] of places) {
          const { position } = this.model[one]!;
          allowed.set(one, [...(allowed.get(one) ?? [[position, position]]), place]);
        }
      }
    }
    const positions = await this.consumer.position(this.of(this.held));
    for (const { partition, offset } of positions) {
      const p = this.model[partition]!;
      const places = allowed.get(partition);
      const fits = (places ?? [[p.position, p.position]]).some(
        ([low, high]) => low <= offset && (offset <= high || p.log.stepsOver(high, offset)), // as soon as the end is known
      );
      const text = JSON.stringify(places ?? p.position);
      expect(fits, `position() of ${partition} is ${offset}, and may be ${text}`).to.equal(true);
      if (!places || (places.length > 1 && p.log.stepsOver(p.position, offset))) continue;
      p.position = offset;
      p.processed = null;
      if (this.#inHand?.p === p) this.#inHand = null;
    }
  }

  get #deliverable(): number {
    const ready = this.model.filter(({ held, paused }) => held && !paused);
    return ready.reduce((sum, { log, position }) => sum + log.visibleFrom(position).length, 0);
  }

  /** Takes some of what is there. */
  async take(count: number): Promise<void> {
    await this.settle();
    for (let i = Math.min(count, this.#deliverable); i > 0; i--) await this.#next();
  }

  /** Leaves the loop and enters another. */
  async newLoop(): Promise<void> {
    await this.#iterator.return?.();
    this.#iterator = this.consumer[Symbol.asyncIterator]();
  }

  setPaused(partitions: readonly number[], paused: boolean): void {
    const some = partitions.filter((one) => this.model[one]!.held);
    if (paused) this.consumer.pause(this.of(some));
    else this.consumer.resume(this.of(some));
    for (const one of some) this.model[one]!.paused = paused;
  }

  async commit(): Promise<void> {
    await this.settle();
    await this.consumer.commit();
    for (const p of this.model) if (p.held && p.processed !== null) p.committed = p.processed;
  }

  /** Others instead of those assigned; what is new begins where it was committed, unless an offset is given. */
  async assign(partitions: readonly number[], offset: number | null): Promise<void> {
    await this.settle();
    const to = partitions.map((one) => ({ one, offset: offset === null ? null : this.model[one]!.log.at(offset) }));
    await this.consumer.assign(
      to.map(({ one, offset: start }) => ({
        topic: this.topic,
        partition: one,
        ...(start === null ? {} : { offset: start }),
      })),
    );
    for (const [one, p] of this.model.entries()) {
      const target = to.find((row) => row.one === one);
      if (target && p.held && target.offset === null) continue;
      if (!target || !p.held) p.paused = false;
      p.processed = null;
      if (this.#inHand?.p === p) this.#inHand = null;
      if (target) p.position = target.offset ?? p.committed;
      p.held = target !== undefined;
    }
  }

  async deleteRecords(partition: number, before: number): Promise<void> {
    await this.settle();
    const { log, held, position, committed } = this.model[partition]!;
    // A position that is deleted is reset, which is another test's; here the log start stays at or below it.
    const offset = Math.min(before, committed, held ? position : Infinity, log.stableEnd);
    if (offset <= log.start) return;
    log.start = offset;
    await this.cluster.deleteRecordsBefore(this.topic, partition, offset);
  }

  /** Closes in the middle of whatever is under way: all of it ends. */
  async close(): Promise<void> {
    const waiting = this.#iterator.next();
    const closed = this.consumer.close();
    for (const { promise, withdrawnBy } of this.#pending.splice(0)) {
      const error = await inTime(
        promise.then(
          () => null,
          (reason: unknown) => reason,
        ),
        'a seek at the end',
      );
      const fits = error === null || error === withdrawnBy || (error as KafkaError).code === 'ERR__DESTROY';
      expect(fits, `a seek ended with ${String(error)}`).to.equal(true);
    }
    await inTime(closed, 'close()');
    const { done } = await inTime(waiting, 'the step of a loop that waits at the end');
    if (!done) expect((await this.#iterator.next()).done).to.equal(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('abort');
    await Promise.all([this.consumer.close(), this.#producer.close()]);
  }

  async #next(): Promise<void> {
    // What was in hand is processed as soon as the next is asked for.
    if (this.#inHand) this.#inHand.p.processed = this.#inHand.next;
    this.#inHand = null;
    const text = () => this.model.map((p) => `${p.held ? '' : 'not '}held at ${p.position} of ${p.log.stableEnd}`);
    const step = await inTime(this.#iterator.next(), `the next message: ${text().join(', ')}`);
    const { partition, offset, value } = step.value as Message;
    const p = this.model[partition]!;
    expect(p.held, `partition ${partition} is held`).to.equal(true);
    expect(p.paused, `partition ${partition} is paused`).to.equal(false);
    expect(offset, `next offset of partition ${partition}`).to.equal(p.log.visibleFrom(p.position)[0]);
    expect(String(value)).to.equal(`${partition}:${offset}`);
    p.position = offset + 1;
    this.#inHand = { p, next: offset + 1 };
  }
}
