import type { Findings } from './checker.js';
import type { Line, Place, Row } from './history.js';
import type { Circumstances, ReaderState, Spot } from './reader-state.js';
import type { Truth } from './truth.js';

type Call = Extract<Line, { k: 'call' }>;
type End = Extract<Line, { k: 'end' }>;

/** What a seek resolved with is what was asked for, and where its reader stands from then on. */
export class SeekChecker {
  /** What was acknowledged when a call began. */
  readonly #ackedAt = new Map<number, ReadonlyMap<Place, number>>();
  /** Calls during which another seek of the same reader was open. */
  readonly #overlapped = new Set<number>();
  readonly #openOf = new Map<string, Set<number>>();

  constructor(
    private readonly truth: Truth,
    private readonly findings: Findings,
    private readonly circumstances: Circumstances,
    private readonly isPlain: (p: Place) => boolean,
  ) {}

  called(call: Call, reader: ReaderState): void {
    const asksForEnd = call.f === 'endOffsets' || call.f === 'read';
    if (!isSeek(call) && !asksForEnd) return;
    this.#ackedAt.set(call.id, new Map(this.circumstances.acknowledged));
    if (!isSeek(call)) return;
    const open = this.#openOf.get(call.a) ?? new Set<number>();
    this.#openOf.set(call.a, open);
    if (open.size) for (const id of [...open, call.id]) this.#overlapped.add(id);
    open.add(call.id);
    for (const p of named(call) ?? reader.spots.keys()) reader.spot(p).pending++;
  }

  ended(call: Call, end: End, reader: ReaderState): void {
    const acked = this.#ackedAt.get(call.id);
    if (!acked) {
      if (call.f === 'position' && end.rows) this.#position(call, end.rows, reader);
      return;
    }
    this.#ackedAt.delete(call.id);
    if (call.f === 'endOffsets') {
      for (const [p, offset] of end.rows ?? []) this.#notEarly(call, end, p, offset, acked);
    } else if (call.f === 'read') {
      if (!end.e && call.x?.until === 'end') this.#readToEnd(call, end, reader, acked);
    } else {
      this.#openOf.get(call.a)!.delete(call.id);
      if (end.e) this.#failed(call, end, reader);
      else for (const [p, offset] of end.rows ?? []) this.#resolved(call, end, p, offset, reader, acked);
      this.#overlapped.delete(call.id);
    }
  }

  #resolved(
    call: Call,
    end: End,
    p: Place,
    offset: number,
    reader: ReaderState,
    acked: ReadonlyMap<Place, number>,
  ): void {
    const spot = reader.spot(p);
    spot.pending = Math.max(0, spot.pending - 1);
    if (!this.#overlapped.has(call.id)) this.#isAsAsked(call, end, p, offset, spot, reader, acked);
    const before = spot.sought?.before ?? spot.expected;
    spot.sought = { call: `${call.f} (call ${call.id})`, before, waited: !spot.held };
    reader.group?.markSought(p, offset);
    spot.expected = spot.base = offset;
    spot.instead = [];
    spot.stale = null;
  }

  /** It may have taken effect in some of its partitions. */
  #failed(call: Call, end: End, reader: ReaderState): void {
    const targets = new Map(call.f === 'seek' ? (call.x?.rows ?? []) : []);
    for (const p of named(call) ?? reader.spots.keys()) {
      const spot = reader.spot(p);
      spot.pending = Math.max(0, spot.pending - 1);
      if (end.e!.code === 'ERR__STATE' && end.e!.places?.includes(p)) continue;
      const target = targets.get(p);
      if (target === undefined) spot.instead = 'any';
      else if (spot.instead !== 'any') spot.instead.push(target);
    }
  }

  #isAsAsked(
    call: Call,
    end: End,
    p: Place,
    offset: number,
    spot: Spot,
    reader: ReaderState,
    acked: ReadonlyMap<Place, number>,
  ): void {
    const wrong = (expected: string) =>
      this.findings.add(
        'seek-wrong',
        `${call.f} of ${call.a} at ${end.t}: ${p}:${offset}, expected ${expected}`,
        ASKS_FOR_END.has(call.f) && this.circumstances.leadersMove(call.t, end.t),
      );
    const plain = this.isPlain(p);
    const ackedEnd = (acked.get(p) ?? -1) + 1;
    const number = call.x?.number ?? 0;
    switch (call.f) {
      case 'seek': {
        const asked = call.x?.rows?.find(([place]) => place === p)?.[1];
        if (asked !== offset) wrong(`${asked}`);
        break;
      }
      case 'seekToBeginning':
        if (offset !== 0) wrong('0');
        break;
      case 'seekToEnd':
        this.#notEarly(call, end, p, offset, acked);
        break;
      case 'seekToLast':
        if (plain && offset < Math.max(0, ackedEnd - number)) wrong(`${ackedEnd - number} or later`);
        if (offset > Math.max(0, this.truth.end(p) - number)) wrong(`${this.truth.end(p) - number} or earlier`);
        break;
      case 'seekToTimestamp': {
        const first = this.truth.atTime(p, number);
        if (offset > first) wrong(`${first} or earlier`);
        if (plain && offset < Math.min(first, ackedEnd)) wrong(`${Math.min(first, ackedEnd)} or later`);
        break;
      }
      case 'seekToCommitted': {
        const why = offset === 0 ? null : reader.group?.whyNotCommitted(p, offset);
        if (why) wrong(`something committed, but ${why}`);
        break;
      }
      case 'seekBy': {
        if (!plain || !reader.byLoop || spot.expected === null || spot.instead.length || !spot.held) break;
        const aim = Math.max(0, spot.expected + number);
        if (offset > aim || offset < Math.min(aim, ackedEnd)) wrong(`${aim} (${spot.expected} and ${number} more)`);
        break;
      }
      default:
    }
  }

  #notEarly(call: Call, end: End, p: Place, offset: number, acked: ReadonlyMap<Place, number>): void {
    const last = acked.get(p) ?? -1;
    if (!this.isPlain(p) || offset > last) return;
    const text = `${call.f} of ${call.a} at ${end.t}: ${p}:${offset}, and ${last} was acknowledged before the call`;
    this.findings.add('early-end', text, this.circumstances.leadersMove(call.t, end.t));
  }

  /** A read up to the end has delivered what was acknowledged before it began. */
  #readToEnd(call: Call, end: End, reader: ReaderState, acked: ReadonlyMap<Place, number>): void {
    for (const [p, spot] of reader.spots) {
      const last = acked.get(p) ?? -1;
      if (!this.isPlain(p) || spot.expected === null || spot.instead.length || spot.pending || spot.expected > last)
        continue;
      const text = `a read of ${call.a} ended at ${end.t} at ${p}:${spot.expected}, and ${last} was acknowledged before it`;
      this.findings.add('early-end', text, this.circumstances.leadersMove(call.t, end.t));
    }
  }

  /** position() tells the same as the seek, until something is delivered. */
  #position(call: Call, rows: readonly Row[], reader: ReaderState): void {
    for (const [p, offset] of rows) {
      const { sought, expected, pending } = reader.spot(p);
      if (!sought || pending || expected === null) continue;
      if (this.truth.next(p, offset) === this.truth.next(p, expected)) continue;
      this.findings.add('seek-forgotten', `position() of ${call.a} is ${p}:${offset}, ${sought.call} gave ${expected}`);
    }
  }
}

/** Where they go depends on the end of the log. */
const ASKS_FOR_END = new Set(['seekToEnd', 'seekToLast', 'seekToTimestamp', 'seekBy']);

const isSeek = ({ f }: Call): boolean => f.startsWith('seek');

/** The partitions that a seek names; undefined: the whole assignment. */
const named = ({ x }: Call): readonly Place[] | undefined => x?.rows?.map(([p]) => p) ?? x?.places;
