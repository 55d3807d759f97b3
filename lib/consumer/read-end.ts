// Where a read with `until` ends: the offset up to which each partition is delivered, and whether all of them are there.
//
// A partition that is there, while others are not, is held back as soon as something comes that lies behind the end: what has
// arrived from there on is dropped, librdkafka fetches no more of it, and when the read is over it goes on from its position.
// So what is in excess of one partition takes no room from the others. Where the read is over first, what has arrived stays
// for the next loop.

import type { Until } from '../arguments/consumer.js';
import type { TopicPartition } from '../arguments/options.js';
import { type PartitionKey, keyOf } from '../arguments/partitions.js';
import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { queueMicrotask } from '../client/timers.js';
import { type KafkaError, isDestroyed, partitionsError } from '../errors.js';
import type { Targets } from '../lookups/targets.js';
import type { Delivery } from './delivery.js';
import { type Run, offsetAt } from './message.js';
import type { RunEnds } from './run-buffer.js';

export interface ReadSurroundings {
  readonly partitions: Partitions;
  readonly assignment: Assignment;
  readonly targets: Targets;
  readonly delivery: Delivery;
  readonly lookupMs: number;
  /** Whether it is known which partitions are held, and no others are about to come. */
  isSettled(): boolean;
  /** Whether they were assigned by hand: then none is an assignment too. */
  isByHand(): boolean;
  report(error: unknown): void;
}

/** An end that was asked for. It counts for one stint of the partition: later, others may have held it. */
interface Asked {
  readonly stint: number;
  offset: number | null;
}

export class ReadEnd implements RunEnds {
  readonly #around: ReadSurroundings;
  readonly #operation: string;
  readonly #until: Until;
  readonly #rows: ReadonlyMap<PartitionKey, number> | null;
  readonly #asked = new Map<Partition, Asked>();
  readonly #over = new AbortController();
  /** Something was held since the read began. */
  #hadSome = false;
  #looks = false;
  /** What was left when the read was over; undefined before. */
  #left: number | undefined;
  /** Null: the read has not begun. */
  #stopListening: (() => void) | null = null;

  constructor(operation: string, until: Until, around: ReadSurroundings) {
    this.#around = around;
    this.#operation = operation;
    this.#until = until;
    const rows = typeof until === 'object' && 'offsets' in until ? until.offsets : null;
    this.#rows = rows && new Map(rows.map(({ topic, partition, offset }) => [keyOf(topic, partition), offset]));
  }

  begin(): void {
    this.#stopListening = this.#around.partitions.onMoved(() => this.#lookSoon());
    this.#look();
  }

  /** The read is over, or was left: everything goes on from where it is. */
  end(): void {
    if (this.#left !== undefined) return;
    const { partitions, assignment, delivery } = this.#around;
    this.#left = this.remaining;
    this.#over.abort();
    if (!this.#stopListening) return;
    this.#stopListening();
    const back = partitions.held.filter((p) => p.heldBack);
    if (back.length && !delivery.ended) this.#do(assignment.letGo(back));
  }

  get remaining(): number {
    if (this.#left !== undefined) return this.#left;
    let sum = 0;
    for (const p of this.#around.partitions.held) {
      const until = this.#of(p);
      if (until === 0) continue;
      if (until === null || p.position === null) return NaN;
      sum += Math.max(0, until - p.position);
    }
    return this.#hadSome || this.#around.isByHand() ? sum : NaN;
  }

  /** Whether every partition is there. */
  get reached(): boolean {
    return this.reachedWith(() => null);
  }

  /** As `reached`, once those messages are handed out by which partitions come to `reach`. */
  reachedWith(reach: (p: Partition) => number | null): boolean {
    const around = this.#around;
    if (!around.isSettled() || !(this.#hadSome || around.isByHand())) return false;
    return around.partitions.held.every((p) => {
      const until = this.#of(p);
      if (until === null || until === 0) return until === 0;
      // A seek that has not taken effect yet may lead back.
      return !p.withheld && p.position !== null && Math.max(p.position, reach(p) ?? 0) >= until;
    });
  }

  head(isTaken: (source: Partition) => boolean = () => false): Run | null {
    const { buffer } = this.#around.delivery;
    for (let run = buffer.head(); run; run = buffer.head()) {
      const stop = this.stopIn(run);
      if (stop === null || stop > run.from) return stop === null ? null : run;
      this.pass(run.source, isTaken(run.source));
      if (this.reached) return null;
      this.cut(run, stop);
    }
    this.release(() => false);
    return null;
  }

  stopIn(run: Run): number | null {
    const until = this.#of(run.source);
    if (until === null) return null;
    let low = run.from;
    let high = run.to;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (offsetAt(run.batch, middle) < until) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whatever else lies before the end is never delivered: something has come from behind it. */
  pass(source: Partition, isTaken: boolean): void {
    source.passTo(this.#of(source)!, isTaken);
  }

  /** Drops what lies behind the end, and holds its partition back. */
  cut(run: Run, stop: number): void {
    run.to = stop;
    run.logEnd = this.#of(run.source)!; // not what was told behind what is dropped
    if (!run.source.heldBack) this.#do(this.#around.assignment.holdBack(run.source, 'good'));
  }

  /** The end in a partition; null: not known yet. */
  #of(p: Partition): number | null {
    if (this.#rows) return this.#rows.get(p.key) ?? 0;
    const asked = this.#asked.get(p);
    return asked?.stint === p.stint ? asked.offset : null;
  }

  /** Not at once: a partition moves in the midst of other steps. */
  #lookSoon(): void {
    if (this.#looks) return;
    this.#looks = true;
    queueMicrotask(() => {
      this.#looks = false;
      if (this.#left === undefined) this.#look();
    });
  }

  #look(): void {
    const { partitions, delivery } = this.#around;
    const { held } = partitions;
    if (held.length) this.#hadSome = true;
    if (!this.#rows) this.#ask(held.filter((p) => this.#asked.get(p)?.stint !== p.stint));
    const buffered = new Set(
      held.some((p) => p.heldBack) ? [...delivery.buffer.buffered()].map(({ source }) => source) : [],
    );
    this.release((p) => buffered.has(p));
    delivery.wake();
  }

  /** Partitions that are held back and not there (any more: they were sought back, say) go on, unless what they need is buffered. */
  release(isBuffered: (p: Partition) => boolean): void {
    const { partitions, assignment } = this.#around;
    const isThere = (p: Partition) => (p.position ?? 0) >= (this.#of(p) ?? Infinity);
    const back = partitions.held.filter((p) => p.heldBack && !isThere(p) && !isBuffered(p));
    if (back.length) this.#do(assignment.letGo(back));
  }

  #ask(partitions: readonly Partition[]): void {
    if (partitions.length === 0) return;
    const { targets, lookupMs, delivery } = this.#around;
    const target =
      typeof this.#until === 'object' && 'timestamp' in this.#until
        ? ({ kind: 'timestamp', timestamp: this.#until.timestamp } as const)
        : ({ kind: 'end' } as const);
    const asked = partitions.map((p): Asked => ({ stint: p.stint, offset: null }));
    partitions.forEach((p, i) => this.#asked.set(p, asked[i]!));
    const places = partitions.map((p) => ({ ...p.row(), target }));
    const limits = { timeoutMs: lookupMs, signal: this.#over.signal };
    const answered = targets.find(this.#operation, places, limits).then((found) => {
      if (this.#left !== undefined) return;
      const failed: (TopicPartition & { error: KafkaError })[] = [];
      partitions.forEach((p, i) => {
        const answer = found[i]!;
        if ('offset' in answer) asked[i]!.offset = answer.offset;
        else if (this.#asked.get(p) === asked[i]) {
          this.#asked.delete(p);
          if (p.held) failed.push({ ...p.row(), error: answer.error });
        }
      });
      if (failed.length) delivery.fail(partitionsError(this.#operation, failed));
      delivery.wake();
    });
    this.#do(answered);
  }

  /** What rejects at the end of the read or of the client is nobody's error. */
  #do(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#over.signal.aborted && !isDestroyed(error)) this.#around.report(error);
    });
  }
}
