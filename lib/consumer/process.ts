// process(): messages go into lanes, and so many of the lanes as may work at once each have a handler at their first
// message. What is done without a gap is what counts as processed of a partition: the commits are the committer's.

import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type Deferred, deferred } from '../client/deferred.js';
import { alarm, now, queueMicrotask, setTimeout } from '../client/timers.js';
import { isDestroyed, KafkaError } from '../errors.js';
import type { Committer } from './committer.js';
import type { Delivery, ReaderTells } from './delivery.js';
import { DeserializationError } from './deserialization-error.js';
import { processes } from './diagnostics.js';
import { PackedMessage, offsetAt, passed } from './message.js';
import { Context, type Lane, PartitionWork, type Work } from './process-lanes.js';
import type { CheckedProcess } from './process-options.js';
import type { Rebalancer, Worker } from './rebalancer.js';

export interface ProcessSurroundings {
  readonly delivery: Delivery;
  readonly partitions: Partitions;
  readonly assignment: Assignment;
  readonly committer: Committer;
  readonly rebalancer: Rebalancer;
  readonly maxPollIntervalMs: number;
  report(error: unknown): void;
}

/** So many messages of each lane that works are decoded ahead. */
const DECODED_AHEAD = 16;

/** Whether it may be a promise, of whatever kind. */
const mayBePromise = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** One process(), from its call to its end. */
export class Processing implements Worker, ReaderTells {
  readonly #around: ProcessSurroundings;
  readonly #asked: CheckedProcess;
  readonly #work = new Map<Partition, PartitionWork>();
  #ready: Lane[] = [];
  /** What is waited for, in vain included, in the order in which it began: promises of handlers, and failures. */
  readonly #running = new Set<Work>();
  /** The time of now() at which the handler was called that has not returned yet. */
  #calledAt: number | null = null;
  #slotsTaken = 0;
  /** Something was begun since it was last asked whether this lives. */
  #began = true;
  readonly #end = deferred<void>();
  #failure: { error: unknown } | null = null;
  /** Nothing is taken or begun any more. */
  #ending = false;
  /** Waits for messages, or for the end of the client. */
  #listening = false;
  #turnAsked = false;
  #settled: Deferred<void> | null = null;

  constructor(surroundings: ProcessSurroundings, asked: CheckedProcess) {
    this.#around = surroundings;
    this.#asked = asked;
  }

  async run(): Promise<void> {
    const { delivery, committer } = this.#around;
    const { signal, drainTimeoutMs } = this.#asked;
    const onAbort = () => this.#finish(null);
    signal?.addEventListener('abort', onAbort);
    try {
      delivery.processed(); // what a loop before this one was handed out last: this asks for what comes after it
      delivery.handedOut(this);
      if (signal?.aborted) this.#finish(null);
      this.#turn();
      await this.#end.promise;
      await this.#drain([...this.#work.values()], drainTimeoutMs);
      const fatal = this.failure?.error instanceof KafkaError && this.failure.error.fatal;
      if (committer.automatic && !fatal) {
        await committer.commitProcessed('process').catch((error: unknown) => this.#around.report(error));
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#handBack();
      delivery.detach(this);
    }
    if (this.failure) throw this.failure.error;
  }

  /** (A getter, because it may change while something is awaited.) */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  // As the reader of the delivery, and as the worker that a rebalance waits for.

  markProcessed(): void {}

  handedOutOf(source: Partition): boolean {
    return (this.#work.get(source)?.pending ?? 0) > 0;
  }

  /**
   * Whether the application lives: it has begun something, or has a slot for more, and no handler takes longer than
   * `max.poll.interval.ms`. A lane that waits for its next attempt takes no slot.
   */
  lives(): boolean {
    const [oldest] = this.#running;
    if (oldest && now() - oldest.begun > this.#around.maxPollIntervalMs) return false;
    const lives = this.#began || this.#slotsTaken < this.#asked.concurrency;
    this.#began = false;
    return lives;
  }

  wants(source: Partition): boolean {
    const work = this.#work.get(source);
    work?.follow(); // that it was closing ended when the partition went, and nothing of it was in hand to be told so
    return !work?.full && !work?.closing;
  }

  get workingSince(): number | null {
    const [oldest] = this.#running;
    return oldest?.begun ?? this.#calledAt;
  }

  async release(partitions: readonly Partition[], lost: boolean): Promise<void> {
    const gone = partitions.flatMap((p) => this.#work.get(p) ?? []);
    for (const work of gone) {
      work.quit();
      if (lost) work.stop();
    }
    await this.#drain(gone, this.#asked.drainTimeoutMs);
  }

  /** The client closes: handlers have so much time and no more. */
  hurry(milliseconds: number): void {
    this.#finish(null);
    void alarm(milliseconds).rung.then(() => {
      for (const work of this.#work.values()) work.stop();
      this.#wakeDrains();
    });
  }

  /** Takes no more. @param failure why; null: it was asked for */
  #finish(failure: { error: unknown } | null): void {
    this.#failure ??= failure;
    if (this.#ending) return;
    this.#ending = true;
    this.#ready = [];
    for (const work of this.#work.values()) work.quit();
    this.#end.resolve();
  }

  /** Asks for a turn, later: for who may be within a protocol step, or a handler. */
  #askForTurn(): void {
    if (this.#turnAsked) return;
    this.#turnAsked = true;
    queueMicrotask(() => {
      this.#turnAsked = false;
      this.#turn();
    });
  }

  /** Takes what there is, begins what can be begun, and waits for more. */
  #turn(): void {
    if (this.#ending) return;
    const { assignment, delivery } = this.#around;
    try {
      if (!delivery.goesOn()) return this.#finish(null);
    } catch (error) {
      return this.#finish({ error });
    }
    for (const work of this.#work.values()) {
      if (work.mayBegin) for (const lane of work.kept()) this.#makeReady(lane);
      if (work.source.heldBack && !work.full) this.#do(assignment.letGo([work.source]));
    }
    this.#take();
    this.#begin();
    if (this.#listening) return;
    this.#listening = true;
    void delivery.change().then(() => {
      this.#listening = false;
      this.#turn();
    });
  }

  #take(): void {
    const { delivery, partitions } = this.#around;
    const share = Math.max(1, partitions.held.length);
    const maxPending = Math.max(1, Math.floor(this.#asked.maxPending / share));
    const maxBytes = Math.floor(this.#asked.maxPendingBytes / share);
    const wanted = (source: Partition) => source.phase === 'active' && this.wants(source);
    for (let run = delivery.buffer.headOf(wanted); run; run = delivery.buffer.headOf(wanted)) {
      const { batch, source } = run;
      const work = this.#workOf(source);
      while (run.from < run.to && !work.full) {
        const index = run.from++;
        const message = new PackedMessage(batch, index, source);
        source.handedOut(offsetAt(batch, index) + 1);
        const lane = work.add(message, batch, this.#keyOf(message));
        if (lane.state === 'idle') this.#makeReady(lane);
        work.crowded = work.pending >= maxPending;
      }
      if (run.from < run.to) continue;
      work.heavy = work.pendingBytes >= maxBytes;
      passed(run);
    }
  }

  #workOf(source: Partition): PartitionWork {
    let work = this.#work.get(source);
    if (!work) {
      work = new PartitionWork(source, { changed: () => this.#askForTurn() });
      this.#work.set(source, work);
    }
    work.follow(); // it was moved while nothing of it was in hand
    source.handedOutIn(work);
    return work;
  }

  #keyOf({ key }: PackedMessage): string | undefined {
    return this.#asked.byKey ? key?.toString('latin1') : '';
  }

  #makeReady(lane: Lane): void {
    lane.state = 'ready';
    this.#ready.push(lane);
  }

  #begin(): void {
    while (this.#slotsTaken < this.#asked.concurrency && this.#ready.length > 0) void this.#workOn();
    this.#holdBackWhatBlocks();
  }

  /** A slot: handles one message after the other, of one lane after the other. It waits for nothing that is there at once. */
  async #workOn(): Promise<void> {
    this.#slotsTaken++;
    for (let lane = this.#nextLane(); lane; lane = this.#nextLane()) {
      const { owner } = lane;
      const work = lane.current!;
      if (work.vanished) this.#fetchAgain(owner);
      else {
        try {
          const outcome = this.#attempt(work);
          this.#calledAt = null;
          if (mayBePromise(outcome)) {
            this.#running.add(work);
            await outcome;
          }
          this.#done(work);
        } catch (error) {
          this.#calledAt = null;
          this.#running.add(work);
          await this.#failed(work, error);
        }
        this.#running.delete(work);
      }
      if (lane.state === 'busy') {
        owner.settled(lane);
        if (!lane.empty && !this.#ending) this.#makeReady(lane);
      }
      this.#madeRoom(owner);
      this.#wakeDrains();
    }
    this.#slotsTaken--;
    if (!this.#ending) this.#holdBackWhatBlocks();
  }

  #nextLane(): Lane | undefined {
    for (let lane = this.#ready.shift(); lane; lane = this.#ready.shift()) {
      if (lane.state !== 'ready') continue;
      lane.state = lane.owner.mayBegin ? 'busy' : 'kept';
      if (lane.state === 'kept') continue;
      if (lane.take()) {
        this.#decodeAhead(lane);
        return lane;
      }
      lane.owner.settled(lane); // what it had was given up meanwhile
    }
    return undefined;
  }

  /** Deserialisers that take their time work at several messages of a lane, whose handlers come one after the other. */
  #decodeAhead(lane: Lane): void {
    const { decoder } = this.#around.delivery;
    if (decoder?.isAsync) for (const work of lane.upcoming(DECODED_AHEAD)) work.decodeAhead(decoder);
  }

  /** Calls the handler. What comes back is to be awaited, where it is a promise. */
  #attempt(work: Work): unknown {
    const { decoder } = this.#around.delivery;
    work.attempts++;
    work.begun = this.#calledAt = now();
    this.#began = true;
    const decoding = decoder && work.decode(decoder);
    return decoding instanceof Promise ? decoding.then(() => this.#handle(work)) : this.#handle(work);
  }

  #handle(work: Work): unknown {
    if (work.stale) return undefined;
    return processes.active ? this.#traced(work) : this.#asked.handler(work.message, new Context(work));
  }

  #traced(work: Work): Promise<unknown> {
    const { message, attempts: attempt } = work;
    const event = { ...this.#around.delivery.about, message, attempt };
    return processes.run(event, async () => this.#asked.handler(message, new Context(work)));
  }

  async #failed(work: Work, error: unknown): Promise<void> {
    if (work.stale) return;
    const { attempts, backoffMs, onFailure } = this.#asked;
    const { owner } = work.lane;
    try {
      const waitMs = work.attempts < attempts ? backoffMs(work.attempts, error) : null;
      if (waitMs !== null) {
        if (!this.#ending && !owner.closing && !work.stale) this.#tryLater(work, waitMs);
        return; // else it comes again
      }
      if (onFailure) await onFailure(error, work.message, new Context(work));
      else await this.#tellUndecodable(error);
      this.#done(work);
    } catch (failure) {
      // A handler that fails because the client was closed under it is no failure of process().
      const closed = this.#ending && failure instanceof KafkaError && isDestroyed(failure);
      if (!work.stale && !closed) this.#finish({ error: failure });
    }
  }

  /** Without `onFailure` of process(), what cannot be decoded goes where it goes in a loop. */
  async #tellUndecodable(error: unknown): Promise<void> {
    const onError = error instanceof DeserializationError ? this.#around.delivery.decoder?.onError : undefined;
    if (!onError) throw error;
    await onError(error as DeserializationError);
  }

  #tryLater(work: Work, milliseconds: number): void {
    const { lane } = work;
    lane.state = 'backoff';
    lane.timer = setTimeout(() => {
      if (lane.state !== 'backoff' || lane.current !== work) return;
      this.#makeReady(lane);
      this.#turn();
    }, milliseconds);
  }

  #done(work: Work): void {
    if (work.stale) return;
    work.done = true;
    work.lane.owner.advance();
  }

  /** What is not processed of the partition is fetched again, and what is being handled of it counts no more. */
  #fetchAgain(work: PartitionWork): void {
    const { source } = work;
    source.rewind(work.unreadOf() ?? source.position ?? 0);
    if (!source.withheld) this.#around.assignment.fetchAgain(source);
  }

  /** As soon as half of it is done, there is room for more of the partition. */
  #madeRoom(work: PartitionWork): void {
    if (work.over && !work.source.held) this.#work.delete(work.source);
    if (!work.full || this.#ending) return;
    const share = Math.max(1, this.#around.partitions.held.length);
    const { pending, pendingBytes } = work;
    if (pending > 0 && pending * 2 * share > this.#asked.maxPending) return;
    if (pending > 0 && work.heavy && pendingBytes * 2 * share > this.#asked.maxPendingBytes) return;
    work.crowded = work.heavy = false;
    this.#askForTurn();
  }

  /**
   * Slots are free, and of all partitions only those deliver of which enough was taken: they are paused for librdkafka, so
   * that the others are fetched. What is buffered of them is fetched again later, so this is not done while all slots are taken.
   */
  #holdBackWhatBlocks(): void {
    if (this.#slotsTaken >= this.#asked.concurrency || this.#around.partitions.held.length < 2) return;
    const { assignment, delivery } = this.#around;
    for (const source of delivery.buffer.blocking) {
      if (this.#work.get(source)?.full) this.#do(assignment.holdBack(source, 'dropped'));
    }
    delivery.buffer.head(); // drops what has become worthless, so that something else may come
  }

  #do(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!isDestroyed(error)) this.#around.report(error);
    });
  }

  /** Waits for handlers whose outcome counts. After the time limit it counts no more. */
  async #drain(all: readonly PartitionWork[], milliseconds: number): Promise<void> {
    const running = () => all.some((work) => work.running);
    if (!running()) return;
    const late = alarm(milliseconds);
    void late.rung.then(() => {
      for (const work of all) work.stop();
      this.#wakeDrains();
    });
    while (running()) {
      this.#settled ??= deferred<void>();
      await this.#settled.promise;
    }
    late.stop();
  }

  #wakeDrains(): void {
    this.#settled?.resolve();
    this.#settled = null;
  }

  /** At the end: what was taken and is not processed comes again, to whoever reads next. */
  #handBack(): void {
    const { assignment } = this.#around;
    for (const work of this.#work.values()) {
      const { source } = work;
      const unread = work.unreadOf();
      source.doneWith(work);
      work.giveUp();
      if (!source.held) continue;
      if (source.heldBack) this.#do(assignment.letGo([source]));
      if (unread === null) continue;
      source.rewind(unread);
      if (!source.withheld) assignment.fetchAgain(source);
    }
  }
}
