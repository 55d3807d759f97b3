// From native batches to the iterator: what is buffered, what of it is still good, what was handed out, and when the
// native side may poll again.
//
// Runs stand in the order in which they arrived. A seek, a pause or a revocation makes the runs of its partition
// worthless by raising the partition's `fetchEra`; they are passed over when their turn comes. Nothing is put aside for
// later: whatever has to come again is fetched again from the partition's position.

import { type BatchViews, INTS_PER_RUN, RunField, viewBatch } from '../../binding/batch-layout.js';
import type { BatchRecord } from '../../binding/native.js';
import type { Decoders } from '../arguments/serdes.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type Deferred, deferred } from '../client/deferred.js';
import type { DiagnosticsEvent } from '../client/diagnostics.js';
import { clearInterval, now, queueMicrotask, whileAlive } from '../client/timers.js';
import { type KafkaError, errno, localError, refusedBy } from '../errors.js';
import { PackedBatch, type Piece } from './batch.js';
import { Decoder } from './decoder.js';
import type { DeserializationError } from './deserialization-error.js';
import { type ArrivedBatch, type Run, bytesOf, isDetached, offsetAt } from './message.js';

/** How many native batches may wait here or on their way: one being read, one behind it, one being packed. */
const CREDITS = 3;

/**
 * How often librdkafka is told that the application asks for messages. It cannot know: while a batch is read message by
 * message nothing is polled. A loop that hangs, or blocks the event loop, is not told of.
 */
const ALIVE_MS = 250;

/** A loop that waits so long on a consumer that has nothing to wait for is told so. */
const POINTLESS_MS = 10_000;

interface Surroundings {
  /** Whose it is. */
  readonly about: DiagnosticsEvent;
  /** So many more native batches may come. */
  grant(batches: number): void;
  /** Shows librdkafka that the application lives (`max.poll.interval.ms`). */
  alive(): void;
  /** Keeps the process alive while an iterator waits. */
  waitBegins(): void;
  waitEnds(): void;
  /** A rebalance listener must not wait for what comes after it. */
  waitsForRebalance(): void;
  /** Whether anything may come: the consumer has subscribed, or was assigned something. */
  expects(): boolean;
  /** A loop waits and waits, and nothing will come. */
  waitsInVain(): void;
  /** What arrived of the partition is lost, and is to be fetched again. */
  fetchAgain(p: Partition): void;
}

/** What a reader tells that is no loop; else it is told by the steps of the loop. */
export interface ReaderTells {
  /** Whether the application lives (`max.poll.interval.ms`). */
  lives(): boolean;
  /** Whether it waits for messages of the partition. */
  wants(source: Partition): boolean;
  /** The time of now() from which on the application works at what it has worked at longest; null: it only waits. */
  readonly workingSince: number | null;
}

/** What the application does. */
export interface LoopState {
  /** `none`: there is no loop. `waiting`: it asks for messages. `working`: it is busy with what it got. */
  readonly state: 'none' | 'waiting' | 'working';
  /** Milliseconds for which it has been working, else 0. Of a loop to a quarter of a second. */
  readonly forMs: number;
}

/** Who has handed something out. */
interface Reader {
  /** What it handed out last is processed. */
  markProcessed(): void;
  /** Whether what it handed out last is of this partition. */
  handedOutOf(source: Partition): boolean;
}

/** How large a batch may be. */
export interface BatchSize {
  readonly maxMessages?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** Where a read ends that does so. */
export interface RunEnds {
  /**
   * The first run with a message that the read may hand out, or null.
   *
   * @param isTaken whether something of the partition was handed out and is not processed yet
   */
  head(isTaken: (source: Partition) => boolean): Run | null;
  /** Where the read ends in the run: the index behind its last message; null where that is not known yet. */
  stopIn(run: Run): number | null;
}

export class Delivery {
  readonly #partitions: Partitions;
  readonly #surroundings: Surroundings;
  readonly #runs: Run[] = [];
  #head = 0;
  /** The iterator that is open. */
  #reader: object | null = null;
  #granted = false;
  /** How many more native batches may come now. */
  #credits = 0;
  #told: ReaderTells | null = null;
  /** The time of now() at which a loop was last seen to ask, and of Date.now() at which a message last arrived. */
  #askedAt = 0;
  #arrivedAt: number | null = null;
  #waiter: Deferred<void> | null = null;
  #failure: { error: unknown; lasting: boolean } | null = null;
  #ended = false;
  #lastReader: Reader | null = null;
  #aliveTimer: NodeJS.Timeout | undefined;
  /** The application has asked since librdkafka was told so. */
  #asked = false;
  /** For how long a loop has waited for nothing, as far as this process lived through it. */
  #pointlessMs = 0;
  /** All that has ever arrived. */
  arrivedMessages = 0;
  arrivedBytes = 0;
  /** Whether more may arrive although nothing is handed out: somebody waits for so much. */
  returnsCredits = false;
  /** Null: messages are handed out as bytes. */
  readonly decoder: Decoder | null;

  constructor(partitions: Partitions, surroundings: Surroundings, decoders: Decoders | null) {
    this.#partitions = partitions;
    this.#surroundings = surroundings;
    const decoder = (this.decoder = decoders && new Decoder(decoders, () => this.wake()));
    // What is being decoded may be worthless then, and what stands behind it good.
    if (decoder) partitions.onBufferMoved = () => decoder.waits && this.wake();
  }

  get about(): DiagnosticsEvent {
    return this.#surroundings.about;
  }

  /** A batch has arrived. */
  push(record: BatchRecord): void {
    const batch: ArrivedBatch = { ...viewBatch(record), arrived: [] };
    const credit = { runs: 0, returned: false };
    const { fields, runsStart, runs } = batch;
    for (let i = 0, at = runsStart; i < runs; i++, at += INTS_PER_RUN) {
      const source = this.#partitions.byId(fields[at + RunField.partitionId]!);
      const to = fields[at + RunField.end]!;
      if (!source?.delivers) {
        source?.miss();
        continue;
      }
      const from = skipBefore(batch, fields[at + RunField.first]!, to, source.position ?? 0);
      if (from === to) continue;
      source.arrived();
      credit.runs++;
      const { fetchEra, lineage, stint } = source;
      const run: Run = {
        batch,
        source,
        fetchEra,
        lineage,
        stint,
        start: from,
        from,
        to,
        logEnd: 0,
        decoded: null,
        credit,
      };
      batch.arrived.push(run);
      this.#runs.push(run);
    }
    this.#credits--;
    this.#arrivedAt = Date.now();
    if (credit.runs === 0) {
      this.#grant(1);
      return;
    }
    if (this.returnsCredits) this.returnCredit(batch.arrived[0]!);
    this.arrivedMessages += batch.count;
    this.arrivedBytes += batch.byteLength;
    this.wake();
  }

  /** Messages of these partitions were lost on their way. */
  lost(ids: readonly number[]): void {
    for (const id of ids) {
      const p = this.#partitions.byId(id);
      if (p?.delivers) this.#surroundings.fetchAgain(p);
      else p?.miss();
    }
  }

  /** All that may be read of a partition before `offset` has arrived: its position is there as soon as it is handed out. */
  logEnd(id: number, offset: number): void {
    const source = this.#partitions.byId(id);
    if (!source?.delivers) return source?.miss();
    for (let i = this.#runs.length - 1; i >= this.#head; i--) {
      const run = this.#runs[i]!;
      if (run.source !== source || run.fetchEra !== source.fetchEra || run.from === run.to) continue;
      run.logEnd = offset;
      return;
    }
    this.#passTo(source, offset);
  }

  /** A run was handed out to its end. */
  passed({ source, logEnd, lineage }: Run): void {
    if (logEnd > 0 && lineage === source.lineage) source.passTo(logEnd, true);
  }

  #passTo(source: Partition, offset: number): void {
    source.passTo(offset, this.#lastReader?.handedOutOf(source) ?? false);
  }

  /** The next iteration step rejects with `error`; every later one too, if it is `lasting`. */
  fail(error: unknown, lasting = false): void {
    if (!this.#failure?.lasting) this.#failure = { error, lasting };
    this.wake();
  }

  /** A loop that waits is told why nothing comes. False: none waits. */
  refuse(refusal: KafkaError): boolean {
    if (!this.#waiter) return false;
    this.fail(refusedBy('next', refusal));
    return true;
  }

  /** Iterators finish. */
  end(): void {
    this.#ended = true;
    clearInterval(this.#aliveTimer);
    this.wake();
  }

  /** The first run with a deliverable message, or null where nothing is buffered. */
  head(): Run | null {
    while (this.#head < this.#runs.length) {
      const run = this.#runs[this.#head]!;
      if (run.fetchEra === run.source.fetchEra && run.from < run.to) {
        if (!isDetached(run.batch)) return run;
        this.#surroundings.fetchAgain(run.source); // which makes all runs of that partition worthless
      }
      this.#drop();
    }
    return null;
  }

  /** The runs with deliverable messages, from the head on. */
  *buffered(): Iterable<Run> {
    for (let i = this.#head; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      if (run.fetchEra === run.source.fetchEra && run.from < run.to && !isDetached(run.batch)) yield run;
    }
  }

  /** Drops what is worthless, wherever it stands: while nothing is handed out nobody comes to it. */
  sweep(): void {
    const runs = this.#runs.splice(0).slice(this.#head);
    this.#head = 0;
    for (const run of runs) {
      if (run.fetchEra === run.source.fetchEra && run.from < run.to) this.#runs.push(run);
      else this.#letGoOf(run);
    }
  }

  /** More may arrive although nothing of this run was handed out. */
  returnCredit({ credit }: Run): void {
    if (credit.returned) return;
    credit.returned = true;
    this.#grant(1);
  }

  /** As head(), of the partitions that are wanted; what stands before it stays buffered. */
  headOf(wanted: (source: Partition) => boolean): Run | null {
    const first = this.head();
    if (!first || wanted(first.source)) return first;
    for (let i = this.#head + 1; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      if (run.fetchEra !== run.source.fetchEra || run.from === run.to || !wanted(run.source)) continue;
      if (!isDetached(run.batch)) return run;
      this.#surroundings.fetchAgain(run.source);
    }
    return null;
  }

  /** The partitions of which something is buffered, where that is all that may be: nothing else comes before it is taken. */
  get blocking(): Set<Partition> {
    const good = this.#credits > 0 ? [] : this.#runs.slice(this.#head);
    return new Set(good.flatMap(({ source, fetchEra }) => (fetchEra === source.fetchEra ? [source] : [])));
  }

  /** Whether the reader waits for messages of the partition. */
  asksFor(source: Partition): boolean {
    return this.#waits && (this.#told?.wants(source) ?? true);
  }

  /** Whether the reader waits for messages, and not for a user's deserialiser. */
  get #waits(): boolean {
    return this.#waiter !== null && !this.decoder?.waits;
  }

  /** When messages last arrived. */
  get lastMessageAt(): Date | null {
    return this.#arrivedAt === null ? null : new Date(this.#arrivedAt);
  }

  get loop(): LoopState {
    if (!this.#reader) return { state: 'none', forMs: 0 };
    const since = this.#told ? this.#told.workingSince : this.#waits || this.#asked ? null : this.#askedAt;
    return since === null ? { state: 'waiting', forMs: 0 } : { state: 'working', forMs: Math.round(now() - since) };
  }

  /** Whether delivery goes on. Throws the error that is to be told. */
  goesOn(signal?: AbortSignal): boolean {
    if (this.#failure) {
      const { error, lasting } = this.#failure;
      if (!lasting) this.#failure = null;
      throw error;
    }
    return !this.#ended && !signal?.aborted;
  }

  /** Resolves when there may be something new: messages, an error, the end, or the signal is aborted. */
  change(signal?: AbortSignal): Promise<void> {
    const onAbort = () => this.wake();
    signal?.addEventListener('abort', onAbort);
    if (!this.#waiter) {
      this.#waiter = deferred<void>();
      this.#surroundings.waitBegins();
    }
    this.#surroundings.waitsForRebalance();
    const { promise } = this.#waiter;
    return signal ? promise.finally(() => signal.removeEventListener('abort', onAbort)) : promise;
  }

  get ended(): boolean {
    return this.#ended;
  }

  get failed(): boolean {
    return this.#failure !== null || this.#ended;
  }

  /**
   * One iterator at a time: `reader` is the open one from now on. @param told what it tells, where it is no loop
   */
  attach(reader: object, told: ReaderTells | null = null): void {
    if (this.#reader && this.#reader !== reader) {
      const text = 'next: this consumer is being iterated over already: end that loop first, or share its messages';
      throw localError('next', errno.state, text);
    }
    this.#reader = reader;
    this.#told = told;
    if (!this.#granted) {
      this.#granted = true;
      this.#grant(CREDITS);
      this.#aliveTimer = whileAlive(this, ALIVE_MS, (delivery) => delivery.#tellAlive());
    }
  }

  detach(reader: object): void {
    if (this.#reader !== reader) return;
    this.#reader = null;
    this.#told = null;
    if (this.decoder) this.decoder.waits = false;
    this.wake(); // a step of it that waits
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

  /**
   * Whether take() may be called: what it would take is decoded, where that is to be done, up to the first message that cannot be.
   * Else the reader is woken when it is.
   */
  mayTake(size: BatchSize, end: RunEnds | null, across: boolean): boolean {
    return !this.decoder || this.decoder.isReady({ runs: this.buffered(), size, end, across });
  }

  /** Why the message at the head cannot be decoded; null: nothing is known of that. */
  failureAtHead(end: RunEnds | null): DeserializationError | null {
    const run = this.decoder && this.#headOf(end);
    return run ? this.decoder.failureOf(run) : null;
  }

  /** Hands the message at the head out as an error, where it cannot be decoded. */
  takeFailure(end: RunEnds | null): DeserializationError | null {
    const failure = this.failureAtHead(end);
    if (!failure) return null;
    const run = this.#headOf(end)!;
    const { batch, source, lineage } = run;
    source.handedOut(offsetAt(batch, run.from++) + 1);
    if (run.from === run.to) this.passed(run);
    this.handedOut({
      markProcessed: () => source.markProcessed(source.position, lineage),
      handedOutOf: (other) => other === source,
    });
    return failure;
  }

  /** Nothing was taken because the message at the head cannot be decoded, or was not begun with: then the reader looks again. */
  mayTakeLater(end: RunEnds | null): boolean {
    const run = this.decoder && this.#headOf(end);
    if (!run) return false;
    if (!this.decoder.hasBegun(run)) this.wakeSoon();
    return true;
  }

  #headOf(end: RunEnds | null): Run | null {
    return end ? end.head(() => false) : this.head();
  }

  /**
   * Takes messages from the head into a batch, or null where there are none.
   *
   * @param end of the read that takes them
   * @param across whether they may come from several native batches
   */
  take(
    { maxMessages = Infinity, maxBytes = Infinity }: BatchSize,
    end: RunEnds | null,
    across: boolean,
  ): PackedBatch | null {
    const pieces: Piece[] = [];
    let messages = 0;
    let bytes = 0;
    const isTaken = (source: Partition) => pieces.some(({ run }) => run.source === source);
    while (messages < maxMessages && bytes < maxBytes) {
      const run = end ? end.head(isTaken) : this.head();
      if (!run || (!across && pieces.length && run.batch !== pieces[0]!.run.batch)) break;
      const { batch, source, from } = run;
      let to = Math.min(end?.stopIn(run) ?? run.to, from + (maxMessages - messages));
      if (maxBytes !== Infinity) {
        let last = from;
        for (let size = bytes; last < to && size < maxBytes; last++) size += bytesOf(batch, last, last + 1);
        to = last;
      }
      if (this.decoder) to = this.decoder.readyTo(run, from, to);
      if (to === from) break; // what comes next is an error
      pieces.push({ run, from, to });
      messages += to - from;
      bytes += bytesOf(batch, from, to);
      run.from = to;
      source.handedOut(offsetAt(batch, to - 1) + 1);
      if (to === run.to) this.passed(run);
    }
    if (pieces.length === 0) return null;
    const taken = new PackedBatch(pieces);
    for (const { run } of pieces) run.source.handedOutIn(taken);
    return taken;
  }

  #tellAlive(): void {
    this.#pointlessMs = this.#waiter && !this.#surroundings.expects() ? this.#pointlessMs + ALIVE_MS : 0;
    if (this.#pointlessMs >= POINTLESS_MS) this.#surroundings.waitsInVain();
    if (this.#asked || this.#waits) this.#askedAt = now();
    if (this.#told ? !this.#told.lives() : !this.#asked && !this.#waits) return;
    this.#asked = false;
    this.#surroundings.alive();
  }

  #grant(batches: number): void {
    this.#credits += batches;
    this.#surroundings.grant(batches);
  }

  #drop(): void {
    const run = this.#runs[this.#head]!;
    this.#runs[this.#head++] = undefined as unknown as Run;
    if (this.#head === this.#runs.length) this.#runs.length = this.#head = 0;
    this.#letGoOf(run);
  }

  #letGoOf({ credit }: Run): void {
    if (--credit.runs === 0 && !credit.returned) this.#grant(1);
  }

  /** As wake(), for a step that is about to wait. */
  wakeSoon(): void {
    queueMicrotask(() => this.wake());
  }

  /** The step that waits, if there is one, looks again. */
  wake(): void {
    if (!this.#waiter) return;
    this.#waiter.resolve();
    this.#waiter = null;
    this.#askedAt = now();
    this.#surroundings.waitEnds();
  }
}

/** librdkafka delivers nothing below the offset that it was told; this holds even where it would. */
function skipBefore(batch: BatchViews, from: number, to: number, position: number): number {
  let i = from;
  while (i < to && offsetAt(batch, i) < position) i++;
  return i;
}
