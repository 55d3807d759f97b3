// Who asked for which seek, what of it waits for an assignment, and whose turn it is on a partition. A pure state
// machine: it looks nothing up, moves nothing, calls nobody back and knows no clock. What ends by a step is what the
// step returns.
//
// A request is split into one entry a partition as soon as the partitions are known: at once where the assignment is
// settled, else when the next one comes (`bind`). The entries of a partition stand in the order of their calls; the
// last is in charge. When it takes effect all of them end, with the position that took effect. When it fails or is
// withdrawn, the one before it is in charge again. When the partition is taken away, its entries wait for the next
// assignment and end there (`unbind`).
//
// A request holds partitions back until it has ended: those of its entries, and those where it took effect already.

import type { PartitionKey } from '../arguments/partitions.js';
import type { SeekTarget as PlaceTarget } from '../lookups/targets.js';

/** A place in the log, or so many offsets on from where the partition stands when the seek takes effect. */
export type SeekTarget = PlaceTarget | { readonly kind: 'relative'; readonly delta: number };

/** Each partition with its target (the named form), or one target for the whole assignment. */
export type SeekWish =
  | { readonly whole: false; readonly targets: ReadonlyMap<PartitionKey, SeekTarget> }
  | { readonly whole: true; readonly target: SeekTarget };

export interface SeekOutcome<E> {
  /** In the order asked for (named), or of the assignment (whole). */
  readonly positions: readonly { readonly key: PartitionKey; readonly offset: number }[];
  readonly failed: readonly { readonly key: PartitionKey; readonly error: E }[];
}

export interface SeekEntry {
  readonly key: PartitionKey;
  readonly request: SeekRequest;
  readonly target: SeekTarget;
}

/** One call of a seek. Only the ledger knows what has become of the call. */
export class SeekRequest {
  constructor(readonly wish: SeekWish) {}
}

/** A request that has ended. */
export interface EndedSeek<E> {
  readonly request: SeekRequest;
  readonly outcome: SeekOutcome<E>;
  /** The partitions in which it took effect: the request holds them back no more. */
  readonly admitted: readonly PartitionKey[];
}

type Result<E> = { readonly offset: number } | { readonly error: E } | 'left out' | 'open';

/** What is known of a request that has not ended. */
interface Course<E> {
  readonly order: number;
  /** A partition's place is kept from the time that it is known. */
  readonly results: Map<PartitionKey, Result<E>>;
  /** How many results are open: to look at all of them each time that one comes takes long with a thousand. */
  open: number;
  /** Where it took effect, if the partition was not taken away since. */
  readonly effective: Set<PartitionKey>;
  /** Its entries that have not ended. */
  readonly places: Map<PartitionKey, Place>;
}

/** Where an entry stands among those of its partition: linked, so that whichever of thousands ends is taken out at once. */
interface Place {
  readonly entry: SeekEntry;
  before: Place | null;
  after: Place | null;
}

export class SeekLedger<E> {
  /** Of the entries of a partition that is held, the last one: that of the newest call. */
  readonly #last = new Map<PartitionKey, Place>();
  /** Requests with partitions still to come; `keys` null: whatever comes. In the order of the calls. */
  readonly #waiting = new Map<SeekRequest, Set<PartitionKey> | null>();
  /** How many requests wait for whatever comes, and for each partition by its name. */
  #waitingForAll = 0;
  readonly #waitingFor = new Map<PartitionKey, number>();
  readonly #courses = new Map<SeekRequest, Course<E>>();
  /** How many requests that have not ended took effect in a partition. */
  readonly #effective = new Map<PartitionKey, number>();
  #calls = 0;

  request(wish: SeekWish): SeekRequest {
    const request = new SeekRequest(wish);
    const course: Course<E> = {
      order: this.#calls++,
      results: new Map(),
      open: 0,
      effective: new Set(),
      places: new Map(),
    };
    this.#courses.set(request, course);
    if (!wish.whole) for (const key of wish.targets.keys()) expectResult(course, key);
    if (wish.whole) {
      this.#waiting.set(request, null);
      this.#waitingForAll++;
    } else {
      this.#waitFor(request, wish.targets.keys());
    }
    return request;
  }

  /**
   * The assignment is known: everything that waits finds its partitions in it, or ends without them (an empty one is
   * none, and everything goes on waiting). `lack` makes the error for a named partition that is not in it. `begun`: the
   * partitions on which another entry than before is in charge.
   */
  bind(
    held: readonly PartitionKey[],
    lack: (key: PartitionKey) => E,
  ): { begun: PartitionKey[]; ended: EndedSeek<E>[] } {
    if (held.length === 0) return { begun: [], ended: [] };
    const present = new Set(held);
    const begun = new Set<PartitionKey>();
    const waiting = [...this.#waiting.keys()].sort((a, b) => this.#courses.get(a)!.order - this.#courses.get(b)!.order);
    for (const request of waiting) {
      const course = this.#courses.get(request)!;
      for (const key of this.#waiting.get(request) ?? held) {
        expectResult(course, key);
        if (present.has(key)) {
          this.#insert({ key, request, target: targetOf(request.wish, key) });
          begun.add(key);
        } else {
          putResult(course, key, request.wish.whole ? 'left out' : { error: lack(key) });
        }
      }
    }
    this.#waiting.clear();
    this.#waitingFor.clear();
    this.#waitingForAll = 0;
    return { begun: [...begun], ended: waiting.flatMap((request) => this.#endIfComplete(request)) };
  }

  /** The entry whose target the partition is to have, if any. */
  inCharge(key: PartitionKey): SeekEntry | undefined {
    return this.#last.get(key)?.entry;
  }

  isOpen(entry: SeekEntry): boolean {
    return this.#placeOf(entry) !== undefined;
  }

  hasEnded(request: SeekRequest): boolean {
    return !this.#courses.has(request);
  }

  /** Whether the request still waits for an assignment, with all that it is for. */
  isWaiting(request: SeekRequest): boolean {
    return this.#waiting.has(request);
  }

  /** Whether a request that has not ended is for this partition: nothing of it is delivered. */
  holdsBack(key: PartitionKey): boolean {
    return this.#last.has(key) || this.#effective.has(key) || this.#waitingForAll > 0 || this.#waitingFor.has(key);
  }

  /** `entry` took effect: it and every earlier one of its partition end there. Later ones stay. */
  applied(entry: SeekEntry, offset: number): EndedSeek<E>[] {
    const place = this.#placeOf(entry);
    if (!place) return [];
    const ended: SeekEntry[] = [];
    for (let each: Place | null = place; each; each = each.before) ended.push(each.entry);
    ended.reverse();
    if (place.after) place.after.before = null;
    else this.#last.delete(entry.key);
    for (const { request } of ended) this.#courses.get(request)!.places.delete(entry.key);
    for (const { request } of ended) {
      const course = this.#courses.get(request)!;
      putResult(course, entry.key, { offset });
      if (course.effective.has(entry.key)) continue;
      course.effective.add(entry.key);
      this.#effective.set(entry.key, (this.#effective.get(entry.key) ?? 0) + 1);
    }
    return ended.flatMap(({ request }) => this.#endIfComplete(request));
  }

  /** `entry` cannot take effect. `promoted`: the entry before it is in charge now. */
  failed(entry: SeekEntry, error: E): { promoted: boolean; ended: EndedSeek<E>[] } {
    const place = this.#placeOf(entry);
    if (!place) return { promoted: false, ended: [] };
    const wasInCharge = place.after === null;
    this.#take(place);
    putResult(this.#courses.get(entry.request)!, entry.key, { error });
    return { promoted: wasInCharge && this.#last.has(entry.key), ended: this.#endIfComplete(entry.request) };
  }

  /** These partitions are taken away: what was asked for them and has not ended waits for the next assignment. */
  unbind(keys: readonly PartitionKey[]): void {
    for (const key of keys) {
      if (this.#effective.delete(key)) for (const { effective } of this.#courses.values()) effective.delete(key);
      let place = this.#last.get(key) ?? null;
      this.#last.delete(key);
      for (; place; place = place.before) {
        const { request } = place.entry;
        this.#courses.get(request)!.places.delete(key);
        this.#waitFor(request, [key]);
      }
    }
  }

  /**
   * Takes a whole request back, without an outcome. `freed`: the partitions that it was in charge of (another entry is
   * now, or none); `admitted`: those where it took effect, which it holds back no more.
   */
  withdraw(request: SeekRequest): { freed: PartitionKey[]; admitted: PartitionKey[] } {
    const freed: PartitionKey[] = [];
    this.#waitNoMore(request);
    for (const [key, place] of this.#courses.get(request)?.places ?? []) {
      if (place.after === null) freed.push(key);
      this.#take(place);
    }
    return { freed, admitted: this.#forget(request) };
  }

  /** Every request that has not ended yet. */
  get open(): SeekRequest[] {
    return [...this.#courses.keys()];
  }

  /** At the end: what waits is bound all at once and in order, so no later call stands there yet. */
  #insert(entry: SeekEntry): void {
    const before = this.#last.get(entry.key) ?? null;
    const place: Place = { entry, before, after: null };
    if (before) before.after = place;
    this.#last.set(entry.key, place);
    this.#courses.get(entry.request)!.places.set(entry.key, place);
  }

  #placeOf({ request, key }: SeekEntry): Place | undefined {
    return this.#courses.get(request)?.places.get(key);
  }

  #take({ entry: { key, request }, before, after }: Place): void {
    if (before) before.after = after;
    if (after) after.before = before;
    else if (before) this.#last.set(key, before);
    else this.#last.delete(key);
    this.#courses.get(request)!.places.delete(key);
  }

  #waitFor(request: SeekRequest, keys: Iterable<PartitionKey>): void {
    const waiting = this.#waiting.get(request) ?? new Set<PartitionKey>();
    this.#waiting.set(request, waiting);
    for (const key of keys) {
      if (waiting.has(key)) continue;
      waiting.add(key);
      this.#waitingFor.set(key, (this.#waitingFor.get(key) ?? 0) + 1);
    }
  }

  #waitNoMore(request: SeekRequest): void {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return;
    this.#waiting.delete(request);
    if (waiting === null) this.#waitingForAll--;
    for (const key of waiting ?? []) takeOne(this.#waitingFor, key);
  }

  #endIfComplete(request: SeekRequest): EndedSeek<E>[] {
    const course = this.#courses.get(request);
    if (!course || course.open > 0 || this.#waiting.has(request)) return [];
    const positions: { key: PartitionKey; offset: number }[] = [];
    const failed: { key: PartitionKey; error: E }[] = [];
    for (const [key, result] of course.results) {
      if (typeof result === 'string') continue; // left out, for none is open
      if ('error' in result) failed.push({ key, error: result.error });
      else positions.push({ key, offset: result.offset });
    }
    return [{ request, outcome: { positions, failed }, admitted: this.#forget(request) }];
  }

  #forget(request: SeekRequest): PartitionKey[] {
    const admitted = [...(this.#courses.get(request)?.effective ?? [])];
    this.#courses.delete(request);
    for (const key of admitted) takeOne(this.#effective, key);
    return admitted;
  }
}

const targetOf = (wish: SeekWish, key: PartitionKey): SeekTarget => (wish.whole ? wish.target : wish.targets.get(key)!);

function expectResult<E>(course: Course<E>, key: PartitionKey): void {
  if (course.results.has(key)) return;
  course.results.set(key, 'open');
  course.open++;
}

function putResult<E>(course: Course<E>, key: PartitionKey, result: Exclude<Result<E>, 'open'>): void {
  if (course.results.get(key) === 'open') course.open--;
  course.results.set(key, result);
}

function takeOne(counts: Map<PartitionKey, number>, key: PartitionKey): void {
  const left = counts.get(key)! - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
