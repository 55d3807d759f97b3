// What is recorded of a storm: every call with its end, every message, every rebalance, every blow of the storm, and at the end the
// truth about the log, as an independent reader found it. A history is a file of JSON lines; the checker (checker.ts) knows nothing else.
//
// All actors live in one process and on one thread, so the order of the lines is the order in which things happened.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { KafkaError, type TopicPartitionOffset } from 'seekafka';

/** `topic/partition`. */
export type Place = string;
/** `[place, offset]` */
export type Row = readonly [place: Place, offset: number];

export type Entry =
  | MetaEntry
  /** A call begins. */
  | { k: 'call'; t: number; id: number; a: string; f: string; x?: CallArguments }
  /** It has ended: with rows (or nothing), or with an error. */
  | { k: 'end'; t: number; id: number; rows?: Row[]; e?: FailedCall }
  /** A message was delivered to an actor: `o` offset, `v` value. `n`: the attempt of a handler, `key` its lane. */
  | { k: 'm'; t: number; a: string; p: Place; o: number; v: string; n?: number; key?: string }
  /** Done: this message (a handler's), or all that was delivered to the actor (a loop that asks for more). */
  | { k: 'd'; t: number; a: string; p?: Place; o?: number }
  /** Partitions come to an actor, or go. */
  | { k: 'ev'; t: number; a: string; f: 'assigned' | 'revoked' | 'lost'; ps: Place[] }
  /** Of an actor: an `error` event, an `offsetReset`, the end of a read. */
  | { k: 'note'; t: number; a: string; f: 'error' | 'offsetReset' | 'trouble'; text: string }
  /** What a group has committed, as an independent client saw it; the question was asked at `t0`. */
  | { k: 'seen'; t: number; t0: number; g: string; rows: Row[] }
  | { k: 'storm'; t: number; f: string; x: string }
  /** The storm is over and its brokers are well: from here on everything has to end. */
  | { k: 'calm'; t: number }
  /** The truth: all that `read_committed` shows of the partition, and the end of its log. */
  | { k: 'log'; p: Place; rows: [offset: number, value: string, timestamp: number][]; end: number };

export interface MetaEntry {
  k: 'meta';
  seed: number;
  topics: Record<string, { partitions: number; transactional: boolean }>;
  actors?: Record<string, ActorKind>;
  planted?: string;
}

export interface ActorKind {
  group?: string;
  protocol?: string;
  /** How it reads. */
  reads: 'messages' | 'batches' | 'process' | 'process by key' | 'none';
  /** It seeks: what it steps over is nobody's loss. */
  seeks: boolean;
}

export interface CallArguments {
  rows?: Row[];
  places?: Place[];
  value?: string;
  values?: [place: string, value: string][];
  number?: number;
  /** Of a transaction: the name of it, and whether its work gives up. */
  tx?: string;
  gives?: 'up';
  until?: 'end';
}

export interface FailedCall {
  code: string;
  text: string;
  /** The partitions that failed, where only some did. */
  places?: Place[];
}

/** An actor joins the history with the first line about it. */
export type ActorEntry = { k: 'actor'; a: string } & ActorKind;
export type Line = Entry | ActorEntry;

export class History {
  readonly #file: number;
  readonly #begun = performance.now();
  #buffer: string[] = [];
  #nextId = 1;
  #closed = false;
  readonly counts = { calls: 0, failed: 0, messages: 0, sent: 0 };
  /** Calls that have not ended, for who looks on. */
  readonly open = new Map<number, { actor: string; name: string; since: number }>();
  longest: { name: string; ms: number } = { name: 'none', ms: 0 };

  constructor(readonly path: string) {
    this.#file = openSync(path, 'w');
  }

  get now(): number {
    return Math.round(performance.now() - this.#begun);
  }

  write(entry: Line): void {
    if (this.#closed) return;
    this.#buffer.push(JSON.stringify(entry));
    if (this.#buffer.length >= 1000) this.flush();
  }

  flush(): void {
    if (this.#buffer.length) writeSync(this.#file, `${this.#buffer.join('\n')}\n`);
    this.#buffer = [];
  }

  close(): void {
    this.flush();
    this.#closed = true;
    closeSync(this.#file);
  }

  actor(a: string, kind: ActorKind): void {
    this.write({ k: 'actor', a, ...kind });
  }

  message(a: string, p: Place, o: number, v: string, more: { n?: number; key?: string } = {}): void {
    this.counts.messages++;
    this.write({ k: 'm', t: this.now, a, p, o, v, ...more });
  }

  done(a: string, p?: Place, o?: number): void {
    this.write({ k: 'd', t: this.now, a, ...(p === undefined ? {} : { p }), ...(o === undefined ? {} : { o }) });
  }

  event(a: string, f: 'assigned' | 'revoked' | 'lost', ps: Place[]): void {
    this.write({ k: 'ev', t: this.now, a, f, ps });
  }

  note(a: string, f: 'error' | 'offsetReset' | 'trouble', text: string): void {
    this.write({ k: 'note', t: this.now, a, f, text: text.slice(0, 300) });
  }

  storm(f: string, x: string): void {
    this.write({ k: 'storm', t: this.now, f, x });
  }

  /** Records a call with its end, in the turn in which it ends. `rowsOf` says what of the result is kept. */
  async call<T>(
    a: string,
    f: string,
    x: CallArguments,
    work: () => Promise<T>,
    rowsOf?: (result: T) => Row[],
  ): Promise<T> {
    const id = this.#nextId++;
    const since = performance.now();
    this.counts.calls++;
    this.open.set(id, { actor: a, name: f, since });
    this.write({ k: 'call', t: this.now, id, a, f, x });
    const ended = (): void => {
      this.open.delete(id);
      const ms = performance.now() - since;
      if (ms > this.longest.ms) this.longest = { name: `${a} ${f}`, ms };
    };
    try {
      const result = await work();
      const rows = rowsOf?.(result);
      this.write({ k: 'end', t: this.now, id, ...(rows ? { rows } : {}) });
      ended();
      return result;
    } catch (error) {
      this.counts.failed++;
      this.write({ k: 'end', t: this.now, id, e: failure(error) });
      ended();
      throw error;
    }
  }
}

function failure(error: unknown): FailedCall {
  const places = error instanceof KafkaError ? error.partitions?.map(placeOf) : undefined;
  return {
    code: error instanceof KafkaError ? error.code : error instanceof Error ? error.name : 'unknown',
    text: String(error instanceof Error ? error.message : error).slice(0, 300),
    ...(places ? { places } : {}),
  };
}

export const placeOf = ({ topic, partition }: { topic: string; partition: number }): Place => `${topic}/${partition}`;

export const rowsOf = (rows: readonly TopicPartitionOffset[]): Row[] =>
  rows.map((row): Row => [placeOf(row), row.offset]);

export function partitionOf(place: Place): { topic: string; partition: number } {
  const at = place.lastIndexOf('/');
  return { topic: place.slice(0, at), partition: Number(place.slice(at + 1)) };
}

export function readHistory(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
