// Whether messages are there and do not come, although the loop asks for them. It looks at what is known; only where a
// partition is silent for half of the time limit, it asks for the end of its log, on the handle of the look-ups.

import type { TopicPartition } from '../arguments/options.js';
import type { Partition } from '../assignment/partition.js';
import { clearInterval, now, whileAlive } from '../client/timers.js';

/** Messages are there, the loop asks, nothing is paused, and nothing comes. */
export interface Stall {
  /** The partitions whose log is known to go on behind the position. */
  partitions: TopicPartition[];
  /** For how many milliseconds nothing has come of the one that is silent longest. */
  sinceMs: number;
}

interface Surroundings {
  /** The assignment. */
  held(): readonly Partition[];
  /** Whether a loop waits for messages of the partition. */
  asksFor(p: Partition): boolean;
  /** The ends of the logs; undefined where there is no answer in time. */
  ends(partitions: readonly Partition[], timeoutMs: number): Promise<(number | undefined)[]>;
  stalled(stall: Stall): void;
}

interface Watched {
  /** What it was as it was looked at last; whatever changes it is a sign of life. */
  seen: string;
  /** The time of now() from which on nothing has come. */
  since: number;
  /** The end of the log, as far as it is known. */
  end: number;
  /** It was asked for the end at that time. */
  asked: number;
}

const LOOKS = 8;
const LONGEST_LOOK_MS = 2_000;

export class StallMonitor {
  readonly #around: Surroundings;
  readonly #stalledAfterMs: number;
  readonly #watched = new Map<Partition, Watched>();
  readonly #timer: NodeJS.Timeout;
  #asking = false;
  #since: number | null = null;

  constructor(surroundings: Surroundings, stalledAfterMs: number) {
    this.#around = surroundings;
    this.#stalledAfterMs = stalledAfterMs;
    const every = Math.max(10, Math.min(LONGEST_LOOK_MS, stalledAfterMs / LOOKS));
    this.#timer = whileAlive(this, every, (monitor) => monitor.#look());
  }

  /** The time of now() at which it came to be stalled; null: it is not. */
  get stalledSince(): number | null {
    return this.#since;
  }

  /** Somebody has asked for the end of the log. */
  knows(p: Partition, end: number): void {
    const watched = this.#watched.get(p);
    if (watched) watched.end = Math.max(watched.end, end);
    else this.#watched.set(p, { seen: '', since: now(), end, asked: -Infinity });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const time = now();
    const held = this.#around.held();
    const silent: Partition[] = [];
    for (const p of this.#watched.keys()) if (!held.includes(p)) this.#watched.delete(p);
    for (const p of held) if (this.#isSilent(p, time)) silent.push(p);
    const stalled = silent.filter((p) => {
      const { since, end } = this.#watched.get(p)!;
      return time - since >= this.#stalledAfterMs && end > p.position!;
    });
    if (stalled.length === 0) {
      this.#since = null;
      void this.#ask(silent, time);
    } else if (this.#since === null) {
      this.#since = time;
      const longest = Math.min(...stalled.map((p) => this.#watched.get(p)!.since));
      this.#around.stalled({ partitions: stalled.map((p) => p.row()), sinceMs: Math.round(time - longest) });
    }
  }

  /** Whether nothing has come of the partition since the last look, although it was asked for. */
  #isSilent(p: Partition, time: number): boolean {
    const seen = `${p.lineage} ${p.fetchEra} ${p.position} ${p.arrivals}`;
    const watched = this.#watched.get(p) ?? { seen: '', since: time, end: 0, asked: -Infinity };
    this.#watched.set(p, watched);
    const silent = watched.seen === seen && p.delivers && p.position !== null && this.#around.asksFor(p);
    watched.seen = seen;
    if (!silent) watched.since = time;
    return silent;
  }

  async #ask(silent: readonly Partition[], time: number): Promise<void> {
    const half = this.#stalledAfterMs / 2;
    const open = silent.filter((p) => {
      const { since, end, asked } = this.#watched.get(p)!;
      return time - since >= half && end <= p.position! && time - asked >= this.#stalledAfterMs;
    });
    if (this.#asking || open.length === 0) return;
    this.#asking = true;
    for (const p of open) this.#watched.get(p)!.asked = time;
    try {
      const ends = await this.#around.ends(open, Math.max(1000, half));
      ends.forEach((end, i) => {
        if (end !== undefined) this.knows(open[i]!, end);
      });
    } catch {
      // The end of the client, or nobody answers: then the end is not known.
    } finally {
      this.#asking = false;
    }
  }
}
