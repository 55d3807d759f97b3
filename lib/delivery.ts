// From native batches to the iterator: what is buffered, what of it is still good, what was handed out, and when the
// native side may poll again.
//
// Runs stand in the order in which they arrived. A seek, a pause or a revocation invalidates the runs of its
// partition by raising the partition's epoch; they are passed over when their turn comes. Nothing is put aside for
// later: whatever has to come again is fetched again from the partition's position.

import { type BatchViews, INTS_PER_RUN, RunField, viewBatch } from '../binding/batch-layout.js';
import type { BatchRecord } from '../binding/native.js';
import { type Deferred, deferred } from './deferred.js';
import { type Message, PackedBatch, PackedMessage, type Piece, type Run, bytesOf, offsetAt } from './message.js';
import type { BatchOptions } from './options.js';
import type { Partitions } from './partition.js';

/** How many native batches may wait here or on their way: one being read, one behind it, one being packed. */
const CREDITS = 3;

/**
 * How often librdkafka is told that the application asks for messages. It cannot know: while a batch is read message by
 * message nothing is polled. A loop that hangs, or blocks the event loop, is not told of.
 */
const ALIVE_MS = 250;

interface NativeSide {
  grant(batches: number): void;
  /** Shows librdkafka that the application lives (`max.poll.interval.ms`). */
  alive(): void;
  /** Keeps the process alive while an iterator waits. */
  hold(): void;
  release(): void;
}

/** Who has handed something out. */
interface Reader {
  /** What it handed out last is processed. */
  markProcessed(): void;
}

export class Delivery {
  readonly #partitions: Partitions;
  readonly #native: NativeSide;
  readonly #runs: Run[] = [];
  #head = 0;
  #open: object | null = null;
  #granted = false;
  #waiter: Deferred<void> | null = null;
  #failure: { error: unknown; lasting: boolean } | null = null;
  #ended = false;
  #lastReader: Reader | null = null;
  #aliveTimer: NodeJS.Timeout | undefined;
  /** The application has asked since librdkafka was told so. */
  #asked = false;

  constructor(partitions: Partitions, nativeSide: NativeSide) {
    this.#partitions = partitions;
    this.#native = nativeSide;
  }

  /** A batch has arrived. */
  push(record: BatchRecord): void {
    const batch = viewBatch(record);
    const credit = { runs: 0 };
    const { fields, runsStart, runs } = batch;
    for (let i = 0, at = runsStart; i < runs; i++, at += INTS_PER_RUN) {
      const source = this.#partitions.byId(fields[at + RunField.partitionId]!);
      const to = fields[at + RunField.end]!;
      if (!source?.open) {
        if (source) source.missed = true;
        continue;
      }
      const from = skipBefore(batch, fields[at + RunField.first]!, to, source.position ?? 0);
      if (from === to) continue;
      source.atBeginning = false;
      credit.runs++;
      this.#runs.push({ batch, source, epoch: source.epoch, lineage: source.lineage, from, to, credit });
    }
    if (credit.runs === 0) this.#native.grant(1);
    else this.#wake();
  }

  /** The next iteration step rejects with `error`; every later one too, if it is `lasting`. */
  fail(error: unknown, lasting = false): void {
    if (!this.#failure?.lasting) this.#failure = { error, lasting };
    this.#wake();
  }

  /** Iterators finish. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#aliveTimer);
    this.#wake();
  }

  /** The first run with a deliverable message, or null where nothing is buffered. */
  head(): Run | null {
    while (this.#head < this.#runs.length) {
      const run = this.#runs[this.#head]!;
      if (run.epoch === run.source.epoch && run.from < run.to) return run;
      this.#drop();
    }
    return null;
  }

  /** Whether delivery goes on. Throws the error that is to be told. */
  goesOn(signal?: AbortSignal): boolean {
    if (this.#failure) {
      const { error, lasting } = this.#failure;
      if (!lasting) this.#failure = null;
      throw error;
    }
    if (this.#ended) return false;
    signal?.throwIfAborted();
    return true;
  }

  /** Resolves when there may be something new: messages, an error, the end, or the signal is aborted. */
  change(signal?: AbortSignal): Promise<void> {
    if (!this.#waiter) {
      this.#waiter = deferred<void>();
      this.#native.hold();
    }
    const { promise } = this.#waiter;
    if (!signal) return promise;
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    return promise.finally(() => signal.removeEventListener('abort', onAbort));
  }

  get failed(): boolean {
    return this.#failure !== null || this.#ended;
  }

  /** One iterator at a time: `owner` is the open one from now on. */
  open(owner: object): void {
    if (this.#open && this.#open !== owner) {
      throw new Error('This consumer is being iterated over already: end that loop first, or share its messages');
    }
    this.#open = owner;
    if (!this.#granted) {
      this.#granted = true;
      this.#native.grant(CREDITS);
      this.#aliveTimer = setInterval(() => this.#tellAlive(), ALIVE_MS).unref();
    }
  }

  close(owner: object): void {
    if (this.#open !== owner) return;
    this.#open = null;
    this.#wake(); // a step of it that waits
  }

  /** What was handed out last counts as processed: the application asks for what comes after it. */
  processed(): void {
    this.#asked = true;
    this.#lastReader?.markProcessed();
    this.#lastReader = null;
  }

  handedOut(reader: Reader): void {
    this.#lastReader = reader;
  }

  /** Takes messages from the head into a batch, or null where nothing is buffered. */
  take({ maxMessages = Infinity, maxBytes = Infinity }: BatchOptions): PackedBatch | null {
    const pieces: Piece[] = [];
    let messages = 0;
    let bytes = 0;
    let first: BatchViews | null = null;
    for (let run = this.head(); run && messages < maxMessages && bytes < maxBytes; run = this.head()) {
      if (first && run.batch !== first) break; // a batch of the user's is a part of one native batch
      first = run.batch;
      const { batch, source, lineage, from } = run;
      let to = Math.min(run.to, from + (maxMessages - messages));
      if (maxBytes !== Infinity) {
        let end = from;
        for (let size = bytes; end < to && size < maxBytes; end++) size += bytesOf(batch, end, end + 1);
        to = end;
      }
      pieces.push({ batch, source, lineage, from, to });
      messages += to - from;
      bytes += bytesOf(batch, from, to);
      run.from = to;
      source.position = offsetAt(batch, to - 1) + 1;
    }
    if (pieces.length === 0) return null;
    const taken = new PackedBatch(pieces);
    for (const { source } of pieces) source.inHand = taken;
    return taken;
  }

  #tellAlive(): void {
    if (!this.#asked && !this.#waiter) return;
    this.#asked = false;
    this.#native.alive();
  }

  #drop(): void {
    const run = this.#runs[this.#head]!;
    this.#runs[this.#head++] = undefined as unknown as Run;
    if (this.#head === this.#runs.length) this.#runs.length = this.#head = 0;
    if (--run.credit.runs === 0) this.#native.grant(1);
  }

  #wake(): void {
    if (!this.#waiter) return;
    this.#waiter.resolve();
    this.#waiter = null;
    this.#native.release();
  }
}

/** librdkafka delivers nothing below the offset that it was told; this holds even where it would. */
function skipBefore(batch: BatchViews, from: number, to: number, position: number): number {
  let i = from;
  while (i < to && offsetAt(batch, i) < position) i++;
  return i;
}

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
      this.delivery.open(this);
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
    this.delivery.close(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

export class MessageIterator extends DeliveryIterator<Message> implements Reader {
  #run: Run | null = null;
  /**
   * Of the message handed out last, in the batch of #run. Not its offset: a number that comes out of a Float64Array, kept
   * in a field, made the compiler of Node.js 24 give up its code for each message, time and again: half the speed.
   */
  #index = 0;

  protected ready(): Message | undefined {
    let run = this.#run;
    if (!run || run.from === run.to || run.epoch !== run.source.epoch) {
      run = this.delivery.head();
      if (!run) return undefined;
      this.#run = run;
    }
    const { batch, source } = run;
    const index = run.from++;
    this.#index = index;
    source.position = offsetAt(batch, index) + 1;
    this.delivery.handedOut(this);
    return new PackedMessage(batch, index, source);
  }

  markProcessed(): void {
    const run = this.#run!;
    if (run.lineage === run.source.lineage) run.source.processed = offsetAt(run.batch, this.#index) + 1;
  }
}

export class BatchIterator extends DeliveryIterator<PackedBatch> implements Reader {
  #last: PackedBatch | null = null;

  protected ready(): PackedBatch | undefined {
    const batch = this.delivery.take(this.options);
    if (!batch) return undefined;
    this.#last = batch;
    this.delivery.handedOut(this);
    return batch;
  }

  markProcessed(): void {
    for (const { source, lineage, offset } of this.#last!.ends()) {
      if (source.lineage === lineage) source.processed = offset;
      if (source.inHand === this.#last) source.inHand = null;
    }
    this.#last = null; // or it would be kept from the garbage collector for as long as nothing comes
  }
}
