// What the checker knows of a reader while it goes through a history.

import type { ActorKind, Place } from './history.js';
import type { Truth } from './truth.js';

/** Where a reader stands in one partition. */
export class Spot {
  /** The offset from which the next message is looked for; null: it is not known (a partition that has just come). */
  expected: number | null = null;
  /** Where it may stand instead: after a call that may have had its effect or not. `any`: anywhere. */
  instead: number[] | 'any' = [];
  /** Seeks that have been called and have not ended. */
  pending = 0;
  /** A seek has resolved and nothing was delivered since: where it had stood before. */
  sought: { readonly call: string; readonly before: number | null; waited: boolean } | null = null;
  /** The last message that was delivered. */
  last = -1;
  /** A stale message came: if the next one follows it, the seek was forgotten. */
  stale: number | null = null;
  /** Where the present stretch began: what is not done comes again from here after a rebalance. */
  base: number | null = null;
  held = false;
  /** When it was taken away, and whether another member had it since. */
  leftAt: number | null = null;
  /** Of a reader by keys: the last offset of each key. */
  readonly keys = new Map<string, number>();
}

export class ReaderState {
  readonly spots = new Map<Place, Spot>();
  /** Delivered to a loop, and not done yet. */
  inHand: { p: Place; o: number }[] = [];
  /** A commit of its may have failed since: what it knows of commits may be wrong. */
  trouble = false;

  constructor(
    readonly name: string,
    readonly kind: ActorKind,
    readonly group: GroupState | null,
  ) {}

  spot(p: Place): Spot {
    let spot = this.spots.get(p);
    if (!spot) this.spots.set(p, (spot = new Spot()));
    return spot;
  }

  get byLoop(): boolean {
    return this.kind.reads === 'messages' || this.kind.reads === 'batches';
  }
}

export class GroupState {
  readonly done = new Map<Place, Set<number>>();
  /** Who was the last to get the partition. */
  readonly lastHolder = new Map<Place, string>();
  /** The first message that is not done, as an index in the truth. */
  readonly #contiguous = new Map<Place, number>();

  constructor(
    readonly name: string,
    /** A member of it seeks. */
    readonly seeks: boolean,
    private readonly truth: Truth,
  ) {}

  markDone(p: Place, o: number): void {
    let done = this.done.get(p);
    if (!done) this.done.set(p, (done = new Set()));
    done.add(o);
  }

  isDone(p: Place, o: number): boolean {
    return this.done.get(p)?.has(o) ?? false;
  }

  /** The first message of the log that no member has done. */
  firstNotDone(p: Place): number {
    const offsets = this.truth.offsets(p);
    let i = this.#contiguous.get(p) ?? 0;
    while (i < offsets.length && this.isDone(p, offsets[i]!)) i++;
    this.#contiguous.set(p, i);
    return offsets[i] ?? Infinity;
  }

  /** Why the group cannot have committed this offset; null: it can. */
  whyNotCommitted(p: Place, offset: number): string | null {
    if (offset > this.truth.end(p)) return `the log ends at ${this.truth.end(p)}`;
    const before = this.truth.before(p, offset);
    if (before >= 0 && !this.isDone(p, before)) return `${before} is not done`;
    if (!this.seeks && this.firstNotDone(p) < offset) return `${this.firstNotDone(p)} is not done`;
    return null;
  }
}

/** What was acknowledged, and what the storm does, while the checker goes through a history. */
export class Circumstances {
  readonly acknowledged = new Map<Place, number>();
  #lastBlow = -Infinity;
  readonly #thaws: { from: number; to: number }[] = [];

  /** The offset behind the last message that was acknowledged. */
  ackedEnd(p: Place): number {
    return (this.acknowledged.get(p) ?? -1) + 1;
  }

  blow(f: string, t: number): void {
    this.#lastBlow = t;
    if (f === 'freeze') this.#thaws.push({ from: t, to: Infinity });
    const frozen = this.#thaws.at(-1);
    if (f === 'thaw' && frozen?.to === Infinity) frozen.to = t;
  }

  /** Nothing has blown for a while. */
  isQuiet(t: number): boolean {
    return t - this.#lastBlow > QUIET_MS;
  }

  /**
   * A leader that was frozen and thaws does not know yet that there is another one: for a moment it may answer with an old end of the log.
   * No client can tell.
   */
  nearThaw(from: number, to: number): boolean {
    return this.#thaws.some((frozen) => from < frozen.to + THAW_MS && to > frozen.from);
  }
}

const QUIET_MS = 15_000;
const THAW_MS = 10_000;
