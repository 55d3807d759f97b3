import type { Findings } from './checker.js';
import { SeekChecker } from './check-seeks.js';
import { isOutput } from './check-writers.js';
import type { ActorKind, Line, Place } from './history.js';
import { Circumstances, GroupState, ReaderState, type Spot } from './reader-state.js';
import type { Truth } from './truth.js';

/** Goes through the history once and holds each delivery, seek and commit to what had happened before it. */
export function checkReaders(lines: readonly Line[], truth: Truth, findings: Findings): void {
  const pass = new Pass(lines, truth, findings);
  for (const line of lines) pass.take(line);
  pass.finish();
}

type Call = Extract<Line, { k: 'call' }>;
type End = Extract<Line, { k: 'end' }>;

class Pass {
  readonly #circumstances = new Circumstances();
  readonly #groups = new Map<string, GroupState>();
  readonly #readers = new Map<string, ReaderState>();
  readonly #calls = new Map<number, Call>();
  readonly #seeks: SeekChecker;
  /** Topics that only idempotent producers write to. */
  readonly #plain = new Set<string>();
  readonly #drained = new Map<string, { group: string; topics: string[] }>();

  constructor(
    lines: readonly Line[],
    private readonly truth: Truth,
    private readonly findings: Findings,
  ) {
    for (const line of lines) {
      if (line.k !== 'meta') continue;
      for (const [topic, { transactional }] of Object.entries(line.topics)) if (!transactional) this.#plain.add(topic);
    }
    const kinds = lines.filter((line) => line.k === 'actor');
    for (const { group } of kinds) {
      if (group === undefined || this.#groups.has(group)) continue;
      const seeks = kinds.some((kind) => kind.group === group && kind.seeks);
      this.#groups.set(group, new GroupState(group, seeks, truth));
    }
    this.#seeks = new SeekChecker(truth, findings, this.#circumstances, (p) => this.#plain.has(topicOf(p)));
  }

  take(line: Line): void {
    switch (line.k) {
      case 'actor':
        this.#readers.set(line.a, new ReaderState(line.a, line, this.#group(line)));
        break;
      case 'call':
        this.#called(line);
        break;
      case 'end':
        this.#ended(line);
        break;
      case 'm':
        this.#delivered(line);
        break;
      case 'd':
        this.#done(line);
        break;
      case 'ev':
        this.#rebalanced(line);
        break;
      case 'note':
        if (line.f === 'error') this.#reader(line.a).trouble = true;
        break;
      case 'seen':
        for (const [p, offset] of line.rows) this.#committed(line.g, p, offset, `at ${line.t}`);
        break;
      case 'storm':
        this.#circumstances.blow(line.f, line.t);
        break;
      default:
    }
  }

  /** Groups that read to the end have had every message; pipelines have made one of each. */
  finish(): void {
    for (const { group, topics } of this.#drained.values()) {
      const state = this.#groups.get(group);
      if (!state || state.seeks) continue;
      for (const p of this.truth.places.filter((place) => topics.includes(topicOf(place)))) {
        const missing = this.truth.offsets(p).filter((o) => !state.isDone(p, o));
        if (missing.length) this.findings.add('unseen', `${group} never had ${p}:${missing.slice(0, 5).join()}`);
      }
    }
    this.#checkOutputs();
  }

  #checkOutputs(): void {
    const made = new Map<string, number>();
    for (const p of this.truth.places) {
      for (const value of this.truth.values(p)) if (isOutput(value)) made.set(value, (made.get(value) ?? 0) + 1);
    }
    for (const [value, times] of made) if (times > 1) this.findings.add('doubled-output', `${value}, ${times} times`);
    for (const { group, topics } of this.#drained.values()) {
      if (!group.startsWith('pipeline')) continue;
      for (const p of this.truth.places.filter((place) => topics.includes(topicOf(place)))) {
        const missing = this.truth.offsets(p).filter((o) => !made.has(`${p}@${o}`));
        if (missing.length) this.findings.add('lost-output', `of ${p}:${missing.slice(0, 5).join()}`);
      }
    }
  }

  #group({ group }: ActorKind): GroupState | null {
    return group === undefined ? null : this.#groups.get(group)!;
  }

  #reader(name: string): ReaderState {
    let reader = this.#readers.get(name);
    if (!reader) this.#readers.set(name, (reader = new ReaderState(name, { reads: 'none', seeks: false }, null)));
    return reader;
  }

  #called(call: Call): void {
    this.#calls.set(call.id, call);
    this.#seeks.called(call, this.#reader(call.a));
  }

  #ended(end: End): void {
    const call = this.#calls.get(end.id);
    if (!call) return;
    this.#calls.delete(end.id);
    const reader = this.#reader(call.a);
    if (call.f === 'send' && call.x?.tx === undefined) {
      for (const [p, offset] of end.rows ?? []) {
        this.#circumstances.acknowledged.set(p, Math.max(offset, this.#circumstances.acknowledged.get(p) ?? -1));
      }
    }
    if (call.f === 'assign' && !end.e)
      for (const [p, offset] of call.x?.rows ?? []) this.#placed(reader.spot(p), offset);
    if ((call.f === 'commit' || call.f === 'transaction') && end.e) reader.trouble = true;
    if (call.f === 'committed' && reader.group) {
      for (const [p, offset] of end.rows ?? []) {
        if (offset >= 0) this.#committed(reader.group.name, p, offset, `as committed() of ${call.a} says at ${end.t}`);
      }
    }
    if (call.f === 'drain' && !end.e && call.x?.places) {
      this.#drained.set(call.a, { group: call.a, topics: call.x.places });
    }
    this.#seeks.ended(call, end, reader);
  }

  #placed(spot: Spot, offset: number): void {
    spot.expected = spot.base = offset;
    spot.instead = [];
    spot.sought = spot.stale = null;
    spot.held = true;
  }

  #committed(group: string, p: Place, offset: number, where: string): void {
    const why = this.#groups.get(group)?.whyNotCommitted(p, offset);
    if (why) this.findings.add('commit-beyond', `${group} has committed ${offset} of ${p} ${where}, and ${why}`);
  }

  #done({ a, p, o }: Extract<Line, { k: 'd' }>): void {
    const reader = this.#reader(a);
    if (p !== undefined && o !== undefined) return reader.group?.markDone(p, o);
    for (const one of reader.inHand) reader.group?.markDone(one.p, one.o);
    reader.inHand = [];
  }

  #rebalanced({ a, f, ps, t }: Extract<Line, { k: 'ev' }>): void {
    const reader = this.#reader(a);
    for (const p of ps) {
      const spot = reader.spot(p);
      spot.keys.clear();
      if (f !== 'assigned') {
        if (spot.sought) spot.sought.waited = false;
        spot.held = false;
        spot.leftAt = t;
        if (f === 'lost') reader.trouble = true;
        continue;
      }
      const { group } = reader;
      const alone = group?.lastHolder.get(p) === a;
      group?.lastHolder.set(p, a);
      spot.held = true;
      if (spot.sought?.waited) continue; // a seek that waited for it, and has resolved
      // It goes on where it was: in a storm a commit that nobody knows of may say otherwise.
      const certain = alone && !reader.trouble && this.#circumstances.isQuiet(spot.leftAt ?? t) && reader.byLoop;
      if (certain) continue;
      if (spot.instead !== 'any') {
        if (spot.expected !== null) spot.instead.push(spot.expected);
        if (spot.base !== null && !reader.byLoop) spot.instead.push(spot.base);
      }
      spot.expected = null;
    }
    if (f === 'assigned') reader.trouble = false;
  }

  #delivered(message: Extract<Line, { k: 'm' }>): void {
    const { a, p, o, v, t, n = 1 } = message;
    const reader = this.#reader(a);
    const spot = reader.spot(p);
    const where = `${a} at ${t}: ${p}:${o}`;
    const value = this.truth.valueAt(p, o);
    if (value === undefined) this.findings.add('aborted-read', `${where} (${v})`);
    else if (value !== v) this.findings.add('wrong-message', `${where} is ${v}, and ${value} in the log`);
    if (reader.byLoop) reader.inHand.push({ p, o });
    if (reader.kind.reads === 'process by key') return this.#byKey(spot, message, where);
    if (n > 1) {
      // A handler's next attempt: of the message that it had last.
      if (spot.expected !== o + 1) this.findings.add(spot.sought ? 'stale' : 'reordered', `${where}, attempt ${n}`);
      return;
    }
    this.#next(reader, spot, p, o, where);
  }

  #byKey(spot: Spot, { o, n = 1, key = '' }: Extract<Line, { k: 'm' }>, where: string): void {
    const last = spot.keys.get(key);
    spot.keys.set(key, o);
    if (last === undefined) return;
    if (n === 1 ? o <= last : o !== last) this.findings.add('reordered', `${where} after ${last} in lane ${key}`);
  }

  /** Holds the message to where the reader stands. */
  #next(reader: ReaderState, spot: Spot, p: Place, o: number, where: string): void {
    const { truth } = this;
    const { expected, instead, sought, stale } = spot;
    const wanted = expected === null ? null : truth.next(p, expected);
    const other = instead === 'any' || instead.some((offset) => truth.next(p, offset) === o);
    if (wanted !== o && !other) {
      if (wanted === null) {
        const { group } = reader;
        const why = group ? group.whyNotCommitted(p, o) : o === truth.next(p, 0) ? null : 'it has no group';
        if (why) this.findings.add('start-wrong', `${where} is the first message after it came, and ${why}`);
      } else if (sought) {
        const before = sought.before === null ? null : truth.next(p, sought.before);
        if (stale !== null && o === truth.next(p, stale)) {
          this.findings.add('seek-forgotten', `${where}, ${sought.call} has resolved with ${expected}`);
        } else if (o === before || o === spot.last || o < wanted) {
          this.findings.add('stale', `${where}, ${sought.call} has resolved with ${expected}`);
          spot.stale = o + 1;
          return; // the next one may follow the seek
        } else this.findings.add('skipped', `${where}, ${sought.call} has resolved with ${expected}`);
      } else if (o > wanted) {
        this.findings.add('skipped', `${where}, ${wanted} would be next`);
      } else {
        this.findings.add(truth.before(p, wanted) === o ? 'doubled' : 'reordered', `${where}, ${wanted} would be next`);
      }
    }
    if (expected === null || (wanted !== o && other)) spot.base = o;
    spot.expected = o + 1;
    spot.last = o;
    spot.instead = [];
    spot.sought = spot.stale = null;
  }
}

const topicOf = (p: Place): string => p.slice(0, p.lastIndexOf('/'));
