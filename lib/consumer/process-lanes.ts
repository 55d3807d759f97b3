// What process() has taken of a partition: its messages in the order of their offsets, and the lanes in which they wait for
// a handler. It runs no handler itself, and knows no clock but the timers of lanes that wait to try again.

import type { InHand, Partition } from '../assignment/partition.js';
import { clearTimeout } from '../client/timers.js';
import type { Decoder } from './decoder.js';
import { type ArrivedBatch, type PackedMessage, isDetached } from './message.js';
import type { FailureContext, ProcessContext } from './process-options.js';

/** A message that was taken. */
export class Work {
  done = false;
  /** What becomes of it does not count any more. */
  stale = false;
  attempts = 0;
  /** The time of now() at which the attempt that runs has begun. */
  begun = 0;
  #controller: AbortController | null = null;
  #decoding: Promise<PackedMessage> | PackedMessage | null = null;

  constructor(
    readonly message: PackedMessage,
    readonly lane: Lane,
    readonly batch: ArrivedBatch,
  ) {}

  /** A handler has transferred the memory of the batch away. */
  get vanished(): boolean {
    return isDetached(this.batch);
  }

  /**
   * Decodes the message, once it could be: what failed is tried again. @throws (or rejects with) DeserializationError
   */
  decode(decoder: Decoder): Promise<PackedMessage> | PackedMessage {
    if (this.#decoding) return this.#decoding;
    const decoding = (this.#decoding = decoder.decode(this.message));
    if (decoding instanceof Promise) decoding.catch(() => (this.#decoding = null));
    return decoding;
  }

  /** As decode(), before the turn of the message: what fails is tried again then. */
  decodeAhead(decoder: Decoder): void {
    try {
      void this.decode(decoder);
    } catch {
      this.#decoding = null;
    }
  }

  /** Made when somebody asks for it: most handlers do not. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.stale) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  /** Its signal is aborted in a moment: listeners of a signal are a user's code, and this may be within a protocol step. */
  giveUp(): void {
    if (this.stale) return;
    this.stale = true;
    void Promise.resolve().then(() => this.#controller?.abort());
  }
}

/** What a handler is given, or `onFailure`. */
export class Context implements ProcessContext, FailureContext {
  readonly #work: Work;
  readonly attempt: number;

  constructor(work: Work) {
    this.#work = work;
    this.attempt = work.attempts;
  }

  get attempts(): number {
    return this.attempt;
  }

  get signal(): AbortSignal {
    return this.#work.signal;
  }
}

/**
 * - `idle`: nothing is there to do.
 * - `ready`: waits for a slot.
 * - `busy`: its message is being handled.
 * - `backoff`: its message failed and waits for the next attempt.
 * - `kept`: its partition is paused, or is being sought.
 */
type LaneState = 'idle' | 'ready' | 'busy' | 'backoff' | 'kept';

export class Lane {
  state: LaneState = 'idle';
  current: Work | null = null;
  timer: NodeJS.Timeout | undefined;
  #waiting: Work[] = [];
  #next = 0;

  constructor(
    readonly owner: PartitionWork,
    /** Undefined: a lane for one message. */
    readonly key: string | undefined,
  ) {}

  push(work: Work): void {
    this.#waiting.push(work);
  }

  get empty(): boolean {
    return this.current === null && this.#next === this.#waiting.length;
  }

  /** The message whose turn it is, or null. */
  take(): Work | null {
    if (this.current) return this.current;
    if (this.#next === this.#waiting.length) return null;
    this.current = this.#waiting[this.#next]!;
    this.#waiting[this.#next++] = undefined as unknown as Work;
    if (this.#next === this.#waiting.length) this.clear();
    return this.current;
  }

  /** Those that wait behind it, so many at most. */
  upcoming(most: number): readonly Work[] {
    return this.#waiting.slice(this.#next, this.#next + most);
  }

  clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }

  /** Nothing of it is begun any more; a handler that runs goes on. */
  quit(): void {
    this.clear();
    clearTimeout(this.timer);
    if (this.state !== 'busy') this.current = null;
    if (this.state === 'backoff' || this.state === 'kept') this.state = 'idle';
  }
}

/** What the work of a partition asks for. It is called within protocol steps: what it does comes later. */
export interface WorkEvents {
  /** There may be something to take, or to begin. */
  changed(): void;
}

export class PartitionWork implements InHand {
  readonly source: Partition;
  readonly #lanes = new Map<string, Lane>();
  readonly #events: WorkEvents;
  /** Lanes of one message each, that is of those without a key. */
  readonly #single = new Set<Lane>();
  /** That of the partition when the messages were taken. */
  #lineage: number;
  /** What is not committable: from the first message that is not done, up to the last that was taken. */
  #open: Work[] = [];
  #first = 0;
  /** Of the batches that these messages keep in memory. */
  #bytes = 0;
  /** So many messages were taken that nothing more is, until half of them are done. */
  crowded = false;
  /** They keep so much in memory that no other batch is begun with, until half of it is free. */
  heavy = false;
  /** The partition goes: nothing is taken or begun any more. */
  closing = false;

  constructor(source: Partition, events: WorkEvents) {
    this.source = source;
    this.#events = events;
    this.#lineage = source.lineage;
  }

  get full(): boolean {
    return this.crowded || this.heavy;
  }

  get pending(): number {
    return this.#open.length - this.#first;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  /** Whether a handler runs whose outcome counts. */
  get running(): boolean {
    for (const lane of this.#allLanes()) if (lane.state === 'busy' && !lane.current!.stale) return true;
    return false;
  }

  /** Nothing is left of it, not even a handler that runs in vain. */
  get over(): boolean {
    return this.pending === 0 && this.#lanes.size === 0 && this.#single.size === 0;
  }

  /** Whether a message of it may be begun now. */
  get mayBegin(): boolean {
    return !this.closing && !this.source.paused && !this.source.withheld;
  }

  /** Takes a message into its lane, and gives that back. @param key undefined: into a lane of its own */
  add(message: PackedMessage, batch: ArrivedBatch, key: string | undefined): Lane {
    let lane = key === undefined ? undefined : this.#lanes.get(key);
    if (!lane) {
      lane = new Lane(this, key);
      if (key === undefined) this.#single.add(lane);
      else this.#lanes.set(key, lane);
    }
    const work = new Work(message, lane, batch);
    lane.push(work);
    if (this.#open.at(-1)?.batch !== batch) this.#bytes += batch.byteLength;
    this.#open.push(work);
    return lane;
  }

  /** The lane is through with its message. */
  settled(lane: Lane): void {
    lane.current = null;
    lane.state = 'idle';
    if (lane.empty) this.#drop(lane);
  }

  #drop(lane: Lane): void {
    if (lane.key === undefined) this.#single.delete(lane);
    else if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
  }

  /** What is done without a gap counts as processed, unless the partition was moved since. */
  advance(): void {
    if (!this.#open[this.#first]?.done) return;
    while (this.#first < this.#open.length && this.#open[this.#first]!.done) {
      const { batch } = this.#open[this.#first]!;
      this.#open[this.#first++] = undefined as unknown as Work;
      if (this.#open[this.#first]?.batch !== batch) this.#bytes -= batch.byteLength;
    }
    const { source } = this;
    if (this.#first === this.#open.length) {
      this.#open = [];
      this.#first = 0;
      source.markProcessed(source.position, this.#lineage);
    } else {
      if (this.#first > 1024 && this.#first > this.#open.length / 2) {
        this.#open = this.#open.slice(this.#first);
        this.#first = 0;
      }
      source.markProcessed(this.#open[this.#first]!.message.offset, this.#lineage);
    }
  }

  unreadOf(): number | null {
    return this.pending === 0 || this.#lineage !== this.source.lineage ? null : this.#open[this.#first]!.message.offset;
  }

  heldOf(): number | null {
    if (this.#lineage !== this.source.lineage) return null;
    for (let i = this.#first; i < this.#open.length; i++) {
      const { attempts, message } = this.#open[i]!;
      if (attempts === 0) return message.offset;
    }
    return null;
  }

  changed(): void {
    this.follow();
    this.#events.changed();
  }

  /** Nothing that was taken before the partition was moved counts. */
  follow(): void {
    if (this.#lineage === this.source.lineage) return;
    this.giveUp();
    this.#lineage = this.source.lineage;
    this.closing = false;
  }

  /** Nothing is begun any more. What is being handled is finished, and counts. */
  quit(): void {
    this.closing = true;
    for (const lane of this.#allLanes()) this.#quit(lane);
  }

  /** As quit(), and what is being handled counts no more: it comes again. */
  stop(): void {
    this.closing = true;
    for (const lane of this.#allLanes()) {
      lane.current?.giveUp();
      this.#quit(lane);
    }
  }

  /** Nothing of what was taken counts any more. */
  giveUp(): void {
    this.stop();
    this.#open = [];
    this.#first = this.#bytes = 0;
    this.crowded = this.heavy = false;
  }

  /** Lanes that were kept, and may go on. */
  kept(): Lane[] {
    return this.#allLanes().filter(({ state }) => state === 'kept');
  }

  #quit(lane: Lane): void {
    lane.quit();
    if (lane.empty) this.#drop(lane);
  }

  #allLanes(): Lane[] {
    return [...this.#lanes.values(), ...this.#single];
  }
}
