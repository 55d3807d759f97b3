// The truth about the logs, as the independent reader has written it into the history.

import type { Line, Place } from './history.js';

interface Log {
  readonly offsets: number[];
  readonly values: string[];
  readonly timestamps: number[];
  readonly end: number;
}

export class Truth {
  readonly #logs = new Map<Place, Log>();

  constructor(lines: readonly Line[]) {
    for (const line of lines) {
      if (line.k !== 'log') continue;
      this.#logs.set(line.p, {
        offsets: line.rows.map(([offset]) => offset),
        values: line.rows.map(([, value]) => value),
        timestamps: line.rows.map(([, , timestamp]) => timestamp),
        end: line.end,
      });
    }
  }

  get places(): Place[] {
    return [...this.#logs.keys()];
  }

  /** All that `read_committed` shows of the place, in order. */
  offsets(p: Place): readonly number[] {
    return this.#logs.get(p)?.offsets ?? [];
  }

  values(p: Place): readonly string[] {
    return this.#logs.get(p)?.values ?? [];
  }

  end(p: Place): number {
    return this.#logs.get(p)?.end ?? 0;
  }

  valueAt(p: Place, offset: number): string | undefined {
    const log = this.#logs.get(p);
    if (!log) return undefined;
    const i = lowerBound(log.offsets, offset);
    return log.offsets[i] === offset ? log.values[i] : undefined;
  }

  /** The first message at or after the offset; Infinity: there is none. */
  next(p: Place, offset: number): number {
    const offsets = this.offsets(p);
    return offsets[lowerBound(offsets, offset)] ?? Infinity;
  }

  /** The last message before the offset; -1: there is none. */
  before(p: Place, offset: number): number {
    const offsets = this.offsets(p);
    return offsets[lowerBound(offsets, offset) - 1] ?? -1;
  }

  /** The first message at or after a time; Infinity: there is none. */
  atTime(p: Place, timestamp: number): number {
    const log = this.#logs.get(p);
    const i = log ? log.timestamps.findIndex((one) => one >= timestamp) : -1;
    return i < 0 ? Infinity : log!.offsets[i]!;
  }
}

/** The index of the first element that is not smaller. */
function lowerBound(sorted: readonly number[], wanted: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < wanted) from = middle + 1;
    else to = middle;
  }
  return from;
}
