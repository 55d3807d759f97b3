// Between what arrives and who reads it: who the reader is, how it waits and is woken, what it handed out last, and whether
// the application lives.

import type { BatchRecord } from '../../binding/native.js';
import type { Decoders } from '../arguments/serdes.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type Deferred, deferred } from '../client/deferred.js';
import type { DiagnosticsEvent } from '../client/diagnostics.js';
import { clearInterval, now, queueMicrotask, whileAlive } from '../client/timers.js';
import { type KafkaError, errno, localError, refusedBy } from '../errors.js';
import { Decoder } from './decoder.js';
import { type BufferSurroundings, RunBuffer } from './run-buffer.js';

/**
 * How often librdkafka is told that the application asks for messages. It cannot know: while a batch is read message by
 * message nothing is polled. A loop that hangs, or blocks the event loop, is not told of.
 */
const ALIVE_MS = 250;

/** A loop that waits so long on a consumer that has nothing to wait for is told so. */
const POINTLESS_MS = 10_000;

interface Surroundings extends BufferSurroundings {
  /** Whose it is. */
  readonly about: DiagnosticsEvent;
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

export class Delivery {
  readonly #surroundings: Surroundings;
  /** The iterator that is open. */
  #reader: object | null = null;
  #told: ReaderTells | null = null;
  /** The time of now() at which a loop was last seen to ask. */
  #askedAt = 0;
  #waiter: Deferred<void> | null = null;
  #failure: { error: unknown; lasting: boolean } | null = null;
  #ended = false;
  #lastReader: Reader | null = null;
  #aliveTimer: NodeJS.Timeout | undefined;
  /** The application has asked since librdkafka was told so. */
  #asked = false;
  /** For how long a loop has waited for nothing, as far as this process lived through it. */
  #pointlessMs = 0;
  /** What was not handed out yet. */
  readonly buffer: RunBuffer;
  /** Null: messages are handed out as bytes. */
  readonly decoder: Decoder | null;

  constructor(partitions: Partitions, surroundings: Surroundings, decoders: Decoders | null) {
    this.#surroundings = surroundings;
    this.buffer = new RunBuffer(partitions, surroundings);
    const decoder = (this.decoder = decoders && new Decoder(decoders, () => this.wake()));
    // What is being decoded may be worthless then, and what stands behind it good.
    if (decoder) partitions.onMoved(() => decoder.waits && this.wake());
  }

  get about(): DiagnosticsEvent {
    return this.#surroundings.about;
  }

  /** A batch has arrived. */
  push(record: BatchRecord): void {
    if (this.buffer.push(record)) this.wake();
  }

  /** All that may be read of a partition before `offset` has arrived. */
  logEnd(id: number, offset: number): void {
    const source = this.buffer.logEnd(id, offset);
    source?.passTo(offset, this.#lastReader?.handedOutOf(source) ?? false);
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

  /** Whether the reader waits for messages of the partition. */
  asksFor(source: Partition): boolean {
    return this.#waits && (this.#told?.wants(source) ?? true);
  }

  /** Whether the reader waits for messages, and not for a user's deserialiser. */
  get #waits(): boolean {
    return this.#waiter !== null && !this.decoder?.waits;
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
    if (this.buffer.open()) {
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

  #tellAlive(): void {
    this.#pointlessMs = this.#waiter && !this.#surroundings.expects() ? this.#pointlessMs + ALIVE_MS : 0;
    if (this.#pointlessMs >= POINTLESS_MS) this.#surroundings.waitsInVain();
    if (this.#asked || this.#waits) this.#askedAt = now();
    if (this.#told ? !this.#told.lives() : !this.#asked && !this.#waits) return;
    this.#asked = false;
    this.#surroundings.alive();
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
