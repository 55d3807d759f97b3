// When a batch that waits for more messages is complete. What it waits with stays buffered, in order, and is good or
// worthless as everything that is buffered: nothing is handed out, and no position moves, before the batch comes.

import type { BatchLimits } from '../arguments/consumer.js';
import type { Partition } from '../assignment/partition.js';
import { alarm } from '../client/timers.js';
import type { Delivery } from './delivery.js';
import { type Run, bytesOf, offsetAt } from './message.js';
import type { ReadEnd } from './read-end.js';
import type { BatchSize, RunBuffer } from './run-buffer.js';

/** Where only the time limits a batch, it is closed at so many bytes. */
const MOST_BYTES = 16 * 1024 * 1024;

export class Gathering {
  readonly #buffer: RunBuffer;
  /** The reader looks again. */
  readonly #wake: () => void;
  readonly #end: ReadEnd | null;
  readonly #minMessages: number;
  readonly #maxWaitMs: number | undefined;
  readonly size: BatchSize;
  /** What was there when it was counted last, and had arrived until then. */
  #counted = { messages: 0, bytes: 0, arrivedMessages: 0, arrivedBytes: 0 };
  #timer: { stop(): void } | null = null;
  #late = false;

  constructor(delivery: Delivery, limits: BatchLimits, end: ReadEnd | null) {
    const { minMessages, maxWaitMs, maxMessages, maxBytes } = limits;
    this.#buffer = delivery.buffer;
    this.#wake = () => delivery.wake();
    this.#end = end;
    this.#minMessages = minMessages ?? maxMessages ?? Infinity;
    this.#maxWaitMs = maxWaitMs;
    this.size = { maxMessages, maxBytes: maxBytes ?? (minMessages === undefined ? MOST_BYTES : undefined) };
  }

  static isNeeded({ minMessages, maxWaitMs }: BatchLimits): boolean {
    return minMessages === undefined ? maxWaitMs !== undefined : minMessages > 1;
  }

  /** Whether the batch comes now. */
  isComplete(): boolean {
    if (this.#late) return true;
    const { messages, bytes, arrivedMessages, arrivedBytes } = this.#counted;
    const { maxBytes = Infinity } = this.size;
    const tooFew =
      messages > 0 &&
      messages + this.#buffer.arrivedMessages - arrivedMessages < this.#minMessages &&
      bytes + this.#buffer.arrivedBytes - arrivedBytes < maxBytes;
    if (tooFew && !this.#end) return false;
    return this.#count(maxBytes);
  }

  /** The batch has come, or nobody waits for it any more. */
  restart(): void {
    this.#timer?.stop();
    this.#timer = null;
    this.#late = false;
    this.#buffer.returnsCredits = false;
    this.#counted = { messages: 0, bytes: 0, arrivedMessages: 0, arrivedBytes: 0 };
  }

  #count(maxBytes: number): boolean {
    const { arrivedMessages, arrivedBytes } = this.#buffer;
    let messages = 0;
    let bytes = 0;
    const reach = new Map<Partition, number>();
    const counted: Run[] = [];
    const excess: { run: Run; stop: number; before: Run | undefined }[] = [];
    const last = new Map<Partition, Run>();
    for (const run of this.#buffer.buffered()) {
      const stop = this.#end ? this.#end.stopIn(run) : run.to;
      if (stop === null) continue; // it is not known yet whether it is part of the read
      if (stop < run.to) {
        excess.push({ run, stop, before: last.get(run.source) });
        reach.set(run.source, Infinity);
      }
      if (stop === run.from) {
        if (!last.has(run.source)) this.#end!.pass(run.source, false);
        continue;
      }
      messages += stop - run.from;
      bytes += bytesOf(run.batch, run.from, stop);
      counted.push(run);
      last.set(run.source, run);
      if (!reach.has(run.source) || stop === run.to) {
        const end = Math.max(offsetAt(run.batch, stop - 1) + 1, run.logEnd);
        reach.set(run.source, Math.max(reach.get(run.source) ?? 0, end));
      }
      if (messages >= this.#minMessages || bytes >= maxBytes) return true;
    }
    this.#counted = { messages, bytes, arrivedMessages, arrivedBytes };
    if (this.#end?.reachedWith((p) => reach.get(p) ?? null)) return messages > 0;
    // What lies behind the end of the read takes no room from what is waited for.
    for (const { run, stop, before } of excess) {
      this.#end!.cut(run, stop);
      if (before && stop === run.from) before.logEnd = run.logEnd;
    }
    this.#end?.release((p) => last.has(p));
    for (const run of counted) this.#buffer.returnCredit(run);
    this.#buffer.sweep();
    this.#buffer.returnsCredits = !this.#end && messages > 0; // then it is not counted again before there may be enough
    if (messages > 0 && !this.#timer && this.#maxWaitMs !== undefined) this.#start(this.#maxWaitMs);
    return false;
  }

  #start(maxWaitMs: number): void {
    const timer = alarm(maxWaitMs);
    this.#timer = timer;
    void timer.rung.then(() => {
      if (this.#timer !== timer) return;
      this.#late = true;
      this.#wake();
    });
  }
}
