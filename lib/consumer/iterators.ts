// The two ways to read: message by message, and by batches.

import type { BatchOptions } from '../arguments/options.js';
import type { Partition } from '../assignment/partition.js';
import type { PackedBatch } from './batch.js';
import type { Delivery } from './delivery.js';
import { type Message, PackedMessage, type Run, isDetached, offsetAt } from './message.js';

const done = { value: undefined, done: true } as const;

/** What the two iterators share: who is open, one step after the other, and the end. */
abstract class DeliveryIterator<T> implements AsyncIterableIterator<T> {
  protected readonly delivery: Delivery;
  /** Checked with the first step, which is where a caller sees an error. */
  readonly #check: () => BatchOptions;
  protected options: BatchOptions = {};
  #state: 'new' | 'open' | 'done' = 'new';
  /** Steps that wait, and the last of them. */
  #waiting = 0;
  #lastStep: Promise<unknown> | null = null;

  constructor(delivery: Delivery, options: () => BatchOptions = () => ({})) {
    this.delivery = delivery;
    this.#check = options;
  }

  /** What can be handed out now, or undefined. */
  protected abstract ready(): T | undefined;

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#state === 'open' && this.#waiting === 0 && !this.delivery.failed && !this.options.signal?.aborted) {
      this.delivery.processed();
      const value = this.ready();
      if (value !== undefined) return Promise.resolve({ value, done: false });
    }
    // Steps that are asked for before the last one has ended stand in line.
    this.#waiting++;
    const go = () => this.#step();
    const step = this.#lastStep ? this.#lastStep.then(go, go) : go();
    if (this.#waiting > 0) this.#lastStep = step;
    return step;
  }

  async #step(): Promise<IteratorResult<T, undefined>> {
    try {
      if (this.#state === 'done') return done;
      if (this.#state === 'new') this.options = this.#check();
      this.delivery.attach(this);
      this.#state = 'open';
      this.delivery.processed();
      while (this.#state === 'open' && this.delivery.goesOn(this.options.signal)) {
        const value = this.ready();
        if (value !== undefined) return { value, done: false };
        await this.delivery.change(this.options.signal);
      }
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      // Before the caller goes on, so that its next step may be a quick one.
      if (--this.#waiting === 0) this.#lastStep = null;
    }
    this.#end();
    return done;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#end();
    return Promise.resolve(done);
  }

  #end(): void {
    this.#state = 'done';
    this.delivery.detach(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

export class MessageIterator extends DeliveryIterator<Message> {
  #run: Run | null = null;

  protected ready(): Message | undefined {
    let run = this.#run;
    if (!run || run.from === run.to || run.fetchEra !== run.source.fetchEra || isDetached(run.batch)) {
      run = this.delivery.head();
      if (!run) return undefined;
      this.#run = run;
    }
    const { batch, source } = run;
    const index = run.from++;
    source.handedOut(offsetAt(batch, index) + 1);
    if (run.from === run.to) this.delivery.passed(run);
    this.delivery.handedOut(this);
    return new PackedMessage(batch, index, source);
  }

  /** The position is behind the message handed out last, as long as nothing else has moved it (which the lineage tells). */
  markProcessed(): void {
    const { source, lineage } = this.#run!;
    source.markProcessed(source.position, lineage);
  }

  handedOutOf(source: Partition): boolean {
    return this.#run?.source === source;
  }
}

export class BatchIterator extends DeliveryIterator<PackedBatch> {
  #last: PackedBatch | null = null;

  protected ready(): PackedBatch | undefined {
    const batch = this.delivery.take(this.options);
    if (!batch) return undefined;
    this.#last = batch;
    this.delivery.handedOut(this);
    return batch;
  }

  markProcessed(): void {
    const last = this.#last!;
    for (const { source, lineage } of last.ends()) {
      source.markProcessed(source.position, lineage); // as of a single message
      source.doneWith(last);
    }
    this.#last = null; // or it would be kept from the garbage collector for as long as nothing comes
  }

  handedOutOf(source: Partition): boolean {
    return this.#last?.ends().some((end) => end.source === source) ?? false;
  }
}
