// Who asked for which seek, what of it waits for an assignment, and whose turn it is on a partition. A pure state
// machine: it looks nothing up, moves nothing and knows no clock.
//
// A request is split into one entry a partition as soon as the partitions are known: at once where the assignment is
// settled, else when the next one comes (`bind`). The entries of a partition stand in the order of their calls; the
// last is in charge. When it takes effect all of them end, with the position that took effect. When it fails or is
// withdrawn, the one before it is in charge again. When the partition is taken away, its entries wait for the next
// assignment and end there.

import type { PartitionKey } from './partition.js';

export type SeekTarget =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'beginning' | 'end' | 'committed' }
  | { readonly kind: 'timestamp'; readonly timestamp: number };

/** Each partition with its target (the named form), or one target for the whole assignment. */
export type SeekWish =
  | { readonly whole: false; readonly targets: ReadonlyMap<PartitionKey, SeekTarget> }
  | { readonly whole: true; readonly target: SeekTarget };

export interface SeekOutcome<E> {
  /** In the order asked for (named), or of the assignment (whole). */
  readonly positions: readonly { readonly key: PartitionKey; readonly offset: number }[];
  readonly failed: readonly { readonly key: PartitionKey; readonly error: E }[];
}

export interface SeekEntry<E> {
  readonly key: PartitionKey;
  readonly request: SeekRequest<E>;
  readonly target: SeekTarget;
}

export class SeekRequest<E> {
  readonly wish: SeekWish;
  readonly #done: (outcome: SeekOutcome<E>) => void;
  /** Null: settled. An entry's place is kept from the time that its partition is known. */
  #results: Map<PartitionKey, { offset: number } | { error: E } | 'dropped' | 'open'> | null = new Map();
  /** How many results are open: to look at all of them each time that one comes takes long with a thousand. */
  #open = 0;

  constructor(wish: SeekWish, done: (outcome: SeekOutcome<E>) => void) {
    this.wish = wish;
    this.#done = done;
    if (!wish.whole) for (const key of wish.targets.keys()) this.expect(key);
  }

  get settled(): boolean {
    return this.#results === null;
  }

  targetOf(key: PartitionKey): SeekTarget {
    return this.wish.whole ? this.wish.target : this.wish.targets.get(key)!;
  }

  expect(key: PartitionKey): void {
    if (!this.#results || this.#results.has(key)) return;
    this.#results.set(key, 'open');
    this.#open++;
  }

  end(key: PartitionKey, result: { offset: number } | { error: E } | 'dropped'): void {
    if (!this.#results) return;
    if (this.#results.get(key) === 'open') this.#open--;
    this.#results.set(key, result);
  }

  abandon(): void {
    this.#results = null;
  }

  finishIfComplete(): void {
    if (!this.#results || this.#open > 0) return;
    const positions: { key: PartitionKey; offset: number }[] = [];
    const failed: { key: PartitionKey; error: E }[] = [];
    for (const [key, result] of this.#results) {
      if (typeof result === 'string') continue; // dropped, for none is open
      if ('error' in result) failed.push({ key, error: result.error });
      else positions.push({ key, offset: result.offset });
    }
    this.#results = null;
    this.#done({ positions, failed });
  }
}

export class SeekLedger<E> {
  /** Entries of partitions held, the oldest call first. */
  readonly #entries = new Map<PartitionKey, SeekEntry<E>[]>();
  /** Requests with partitions still to come; `keys` null: whatever comes. In the order of the calls. */
  readonly #waiting = new Map<SeekRequest<E>, Set<PartitionKey> | null>();
  readonly #order = new Map<SeekRequest<E>, number>();
  #calls = 0;

  request(wish: SeekWish, done: (outcome: SeekOutcome<E>) => void): SeekRequest<E> {
    const request = new SeekRequest<E>(wish, done);
    this.#order.set(request, this.#calls++);
    this.#waiting.set(request, wish.whole ? null : new Set(wish.targets.keys()));
    return request;
  }

  /**
   * The assignment is known: everything that waits finds its partitions in it, or ends without them (an empty one is
   * none, and everything goes on waiting). `lack` makes the error for a named partition that is not in it. Gives back
   * the partitions on which another entry than before is in charge.
   */
  bind(held: readonly PartitionKey[], lack: (key: PartitionKey) => E): PartitionKey[] {
    if (held.length === 0) return [];
    const present = new Set(held);
    const changed = new Set<PartitionKey>();
    const waiting = [...this.#waiting].sort(([a], [b]) => this.#order.get(a)! - this.#order.get(b)!);
    this.#waiting.clear();
    for (const [request, keys] of waiting) {
      for (const key of keys ?? held) {
        request.expect(key);
        if (present.has(key)) {
          this.#insert({ key, request, target: request.targetOf(key) });
          changed.add(key);
        } else {
          request.end(key, request.wish.whole ? 'dropped' : { error: lack(key) });
        }
      }
    }
    for (const [request] of waiting) this.#finish(request);
    return [...changed];
  }

  /** The entry whose target the partition is to have, if any. */
  inCharge(key: PartitionKey): SeekEntry<E> | undefined {
    return this.#entries.get(key)?.at(-1);
  }

  /** Whether a request that waits for an assignment is for this partition too. */
  isWaitedFor(key: PartitionKey): boolean {
    return [...this.#waiting.values()].some((keys) => keys === null || keys.has(key));
  }

  isOpen(entry: SeekEntry<E>): boolean {
    return this.#entries.get(entry.key)?.includes(entry) ?? false;
  }

  /** The requests of `entry` and of every earlier one of its partition: those that end there when it takes effect. */
  endingWith(entry: SeekEntry<E>): SeekRequest<E>[] {
    const entries = this.#entries.get(entry.key) ?? [];
    return entries.slice(0, entries.indexOf(entry) + 1).map(({ request }) => request);
  }

  /** `entry` took effect: it and every earlier one end there. Later ones stay. */
  applied(entry: SeekEntry<E>, offset: number): void {
    const entries = this.#entries.get(entry.key);
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index < 0) return;
    const ended = entries.splice(0, index + 1);
    if (entries.length === 0) this.#entries.delete(entry.key);
    for (const { request } of ended) {
      request.end(entry.key, { offset });
      this.#finish(request);
    }
  }

  /** `entry` cannot take effect. True: the entry before it is in charge now. */
  failed(entry: SeekEntry<E>, error: E): boolean {
    const promoted = this.#remove(entry);
    entry.request.end(entry.key, { error });
    this.#finish(entry.request);
    return promoted;
  }

  /** These partitions are taken away: what was asked for them waits for the next assignment. */
  release(keys: readonly PartitionKey[]): void {
    for (const key of keys) {
      const entries = this.#entries.get(key);
      if (!entries) continue;
      this.#entries.delete(key);
      for (const { request } of entries) {
        const waiting = this.#waiting.get(request) ?? new Set<PartitionKey>();
        waiting.add(key);
        this.#waiting.set(request, waiting);
      }
    }
  }

  /**
   * Takes a whole request back, without an outcome. Gives back the partitions that it was in charge of: another entry
   * is now, or none.
   */
  withdraw(request: SeekRequest<E>): PartitionKey[] {
    const freed: PartitionKey[] = [];
    request.abandon();
    this.#waiting.delete(request);
    this.#order.delete(request);
    for (const [key, entries] of [...this.#entries]) {
      if (entries.at(-1)?.request === request) freed.push(key);
      const rest = entries.filter((entry) => entry.request !== request);
      if (rest.length) this.#entries.set(key, rest);
      else this.#entries.delete(key);
    }
    return freed;
  }

  /** Every request that has not ended yet. */
  get unsettled(): SeekRequest<E>[] {
    return [...this.#order.keys()];
  }

  /** At the end: what waits is bound all at once and in order, so no later call stands there yet. */
  #insert(entry: SeekEntry<E>): void {
    const entries = this.#entries.get(entry.key) ?? [];
    entries.push(entry);
    this.#entries.set(entry.key, entries);
  }

  #remove(entry: SeekEntry<E>): boolean {
    const entries = this.#entries.get(entry.key);
    const index = entries?.indexOf(entry) ?? -1;
    if (!entries || index < 0) return false;
    const wasInCharge = index === entries.length - 1;
    entries.splice(index, 1);
    if (entries.length === 0) this.#entries.delete(entry.key);
    return wasInCharge && entries.length > 0;
  }

  #finish(request: SeekRequest<E>): void {
    request.finishIfComplete();
    if (request.settled) this.#order.delete(request);
  }
}
