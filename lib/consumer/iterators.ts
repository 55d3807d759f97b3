// The two ways to read: message by message, and by batches.

import type { BatchLimits, ReadLimits } from '../arguments/consumer.js';
import type { Partition } from '../assignment/partition.js';
import { now } from '../client/timers.js';
import type { PackedBatch } from './batch.js';
import type { Delivery } from './delivery.js';
import type { DeserializationError } from './deserialization-error.js';
import { Consumed, consumes } from './diagnostics.js';
import { Gathering } from './gathering.js';
import { type Message, PackedMessage, type Run, isDetached, offsetAt, passed } from './message.js';
import type { Read } from './read.js';
import type { ReadEnd } from './read-end.js';
import { takeBatch, takeFailure } from './taking.js';

const done = { value: undefined, done: true } as const;

/** What a read needs to know of its options. */
export interface Course<Limits extends ReadLimits> {
  /** The options, checked with the first step, which is where a caller sees an error. */
  readonly limits: () => Limits;
  /** Where the read ends, if it does. */
  readonly end: (limits: Limits) => ReadEnd | null;
}

/** What the two iterators share: who is open, one step after the other, and the end. */
abstract class DeliveryIterator<T, Limits extends ReadLimits> implements Read<T> {
  protected readonly delivery: Delivery;
  readonly #course: Course<Limits> | null;
  protected limits: Limits | null = null;
  protected end: ReadEnd | null = null;
  /** The time of now() from which on a step waits, where somebody wants to know. */
  #askedAt: number | null = null;
  #signal: AbortSignal | undefined;
  #state: 'new' | 'open' | 'done' = 'new';
  /** Steps that wait, and the last of them. */
  #waiting = 0;
  #lastStep: Promise<unknown> | null = null;

  /** @param course null: without options */
  constructor(delivery: Delivery, course: Course<Limits> | null = null) {
    this.delivery = delivery;
    this.#course = course;
  }

  /** What can be handed out now, or undefined. */
  protected abstract ready(): T | undefined;

  get remaining(): number {
    return this.end?.remaining ?? NaN;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#state === 'open' && this.#waiting === 0 && !this.delivery.failed && !this.#signal?.aborted) {
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
    this.#askedAt = consumes.active ? now() : null;
    try {
      if (this.#state === 'done' || !this.#begin()) return done;
      this.delivery.processed();
      while (this.#state === 'open' && this.delivery.goesOn(this.#signal)) {
        const value = this.ready();
        if (value !== undefined) return { value, done: false };
        const failure = takeFailure(this.delivery, this.end);
        if (failure) {
          await this.#tell(failure);
          continue;
        }
        if (this.end?.reached) break;
        await this.delivery.change(this.#signal);
      }
    } catch (error) {
      this.finish();
      throw error;
    } finally {
      this.#askedAt = null;
      // Before the caller goes on, so that its next step may be a quick one.
      if (--this.#waiting === 0) this.#lastStep = null;
    }
    this.finish();
    return done;
  }

  /** A message that cannot be decoded, and was handed out as this error: it is processed when the user's `onError` is done with it. */
  async #tell(failure: DeserializationError): Promise<void> {
    const { onError } = this.delivery.decoder!;
    if (!onError) throw failure;
    await onError(failure);
    this.delivery.processed();
  }

  /** With the first step. Gives back false where the signal is aborted already: then nothing has begun. */
  #begin(): boolean {
    if (this.#state === 'open') {
      this.delivery.attach(this);
      return true;
    }
    const limits = (this.limits = this.#course?.limits() ?? null);
    this.#signal = limits?.signal;
    if (this.#signal?.aborted) {
      this.#state = 'done';
      return false;
    }
    this.delivery.attach(this);
    this.#state = 'open';
    this.end = limits && this.#course!.end(limits);
    this.end?.begin();
    return true;
  }

  /** Tells what is handed out. Called only where somebody subscribes. */
  protected tell(message: PackedMessage | null, batch: PackedBatch | null): void {
    const waitedMs = this.#askedAt === null ? 0 : now() - this.#askedAt;
    consumes.publish(new Consumed(this.delivery.about, message, batch, waitedMs));
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.finish();
    return Promise.resolve(done);
  }

  protected finish(): void {
    this.#state = 'done';
    this.end?.end();
    this.delivery.detach(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

export class MessageIterator extends DeliveryIterator<Message, ReadLimits> {
  #run: Run | null = null;
  /** The index at which it stops in that run. */
  #stop = 0;

  protected ready(): Message | undefined {
    let run = this.#run;
    if (!run || run.from === this.#stop || run.fetchEra !== run.source.fetchEra || isDetached(run.batch)) {
      run = this.end ? this.end.head() : this.delivery.buffer.head();
      if (!run) return undefined;
      this.#run = run;
      this.#stop = this.end?.stopIn(run) ?? run.to;
    }
    const { batch, source } = run;
    const decoded = this.delivery.decoder ? this.#decoded(run) : null;
    if (decoded === undefined) return undefined;
    const index = run.from++;
    source.handedOut(offsetAt(batch, index) + 1);
    if (run.from === run.to) passed(run);
    this.delivery.handedOut(this);
    const message = decoded ?? new PackedMessage(batch, index, source);
    if (consumes.active) this.tell(message, null);
    return message;
  }

  /** Undefined: it is being decoded, or cannot be, or its deserialiser has moved the partition. */
  #decoded(run: Run): PackedMessage | undefined {
    const { delivery } = this;
    const index = run.from;
    const decoded = delivery.decoder!.head(run, this.#stop, () => delivery.buffer.buffered());
    if (!(decoded instanceof PackedMessage)) return undefined;
    if (run.fetchEra !== run.source.fetchEra || run.from !== index) {
      delivery.wakeSoon();
      return undefined;
    }
    delivery.decoder!.forget(run, index);
    return decoded;
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

export class BatchIterator extends DeliveryIterator<PackedBatch, BatchLimits> {
  #last: PackedBatch | null = null;
  /** Undefined: not looked yet whether it is needed. */
  #gathering: Gathering | null | undefined;

  protected ready(): PackedBatch | undefined {
    const limits = this.limits ?? {};
    this.#gathering ??= Gathering.isNeeded(limits) ? new Gathering(this.delivery, limits, this.end) : null;
    const gathering = this.#gathering;
    if (gathering && !gathering.isComplete()) return undefined;
    const size = gathering?.size ?? limits;
    const batch = takeBatch(this.delivery, { size, end: this.end, across: gathering !== null });
    if (batch === 'later') return undefined;
    gathering?.restart();
    if (!batch) return undefined;
    this.#last = batch;
    this.delivery.handedOut(this);
    if (consumes.active) this.tell(null, batch);
    return batch;
  }

  protected override finish(): void {
    this.#gathering?.restart();
    super.finish();
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
