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
  /** Where seeks of members went: from there a position may step over what is never shown, and that is committed. */
  readonly sought = new Map<Place, Set<number>>();
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

  markSought(p: Place, o: number): void {
    const sought = this.sought.get(p) ?? new Set<number>();
    this.sought.set(p, sought.add(o));
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
    const stepped = [...(this.sought.get(p) ?? [])].some((from) => from > before && from < offset);
    if (before >= 0 && !this.isDone(p, before) && !stepped) return `${before} is not done`;
    if (!this.seeks && this.firstNotDone(p) < offset) return `${this.firstNotDone(p)} is not done`;
    return null;
  }
}

/** What was acknowledged, and what the storm does, while the checker goes through a history. */
export class Circumstances {
  readonly acknowledged = new Map<Place, number>();
  #lastBlow = -Infinity;
  /** Times in which leaders may change. */
  readonly #unrest: { readonly from: number; to: number }[] = [];
  #hurt = 0;

  /** The offset behind the last message that was acknowledged. */
  ackedEnd(p: Place): number {
    return (this.acknowledged.get(p) ?? -1) + 1;
  }

  blow(f: string, t: number): void {
    this.#lastBlow = t;
    const last = this.#unrest.at(-1);
    if (HURTS.has(f)) {
      if (this.#hurt++ === 0) this.#unrest.push({ from: t, to: Infinity });
    } else if (HEALS.has(f) && --this.#hurt === 0 && last) {
      last.to = t + SETTLES_MS;
    } else if (f === STANDSTILL) {
      this.#unrest.push({ from: t - SETTLES_MS, to: t + SETTLES_MS });
    }
  }

  /** Nothing has blown for a while. */
  isQuiet(t: number): boolean {
    return t - this.#lastBlow > QUIET_MS;
  }

  /**
   * A leader that is not the leader any more may not know it yet (one that thaws, one that hands over), and answers with an old end of the
   * log. No client can tell, so no client is blamed.
   */
  leadersMove(from: number, to: number): boolean {
    return this.#unrest.some((time) => from < time.to && to > time.from);
  }
}

/** What is written where this process, and so maybe the whole machine, has stood still. */
export const STANDSTILL = 'standstill';
const HURTS = new Set(['kill', 'controller', 'freeze', 'stop']);
const HEALS = new Set(['up', 'thaw']);
const QUIET_MS = 15_000;
const SETTLES_MS = 10_000;
