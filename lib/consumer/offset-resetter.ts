// What happens when librdkafka says that an offset is outside of the log. Its own reset policy is off ('error'),
// because it asks for the new offset by itself and can undo a seek that is made meanwhile.
//
// The broker that refused the offset may have been frozen, and not know yet that it is the partition's leader no more: the end of its log
// stands behind what the new leader has. So the look-ups are asked first whether the log holds the offset.

import type { TopicPartition } from '../arguments/options.js';
import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { ConsumerSettings } from '../config/config.js';
import { delay, now } from '../client/timers.js';
import { type KafkaError, errno, isDestroyed, localError, partitionsError } from '../errors.js';
import type { Targets } from '../lookups/targets.js';
import type { Seeker } from '../seek/seeker.js';

/** An offset was outside the log. */
export interface OffsetReset extends TopicPartition {
  /** The offset that the log does not hold. */
  askedOffset: number;
  /** Where delivery goes on. */
  offset: number;
}

/** How long a broker that was the leader may take to know that it is not any more. */
const LEADER_MS = 500;
const REFUSED_MS = 20_000;

interface Events {
  fail(error: unknown): void;
  report(error: unknown): void;
  reset(reset: OffsetReset): void;
}

export class OffsetResetter {
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #targets: Targets;
  readonly #settings: ConsumerSettings;
  readonly #events: Events;
  /** What brokers refuse that the look-ups say is there. */
  readonly #refused = new WeakMap<Partition, { offset: number; firstAt: number; lastAt: number }>();

  constructor(assignment: Assignment, seeker: Seeker, targets: Targets, settings: ConsumerSettings, events: Events) {
    this.#assignment = assignment;
    this.#seeker = seeker;
    this.#targets = targets;
    this.#settings = settings;
    this.#events = events;
  }

  onOutOfRange(p: Partition, askedOffset: number): void {
    // A seek that is on its way finds the partition stopped, and starts it again.
    if (p.phase !== 'active' || !this.#seeker.isQuiet(p)) return;
    this.#reset(p, askedOffset).catch((error: unknown) => {
      if (!isDestroyed(error)) this.#events.fail(error);
    });
  }

  async #reset(p: Partition, askedOffset: number): Promise<void> {
    const { atBeginning } = p;
    // librdkafka's word may be of an offset that a seek has left since, and comes late; the partition may have gone on since.
    const token = await this.#assignment.stopped(p);
    if (!token || !p.isCurrent(token)) return;
    if (p.position !== null && askedOffset >= 0 && askedOffset !== p.position) {
      // The word is of an offset that a seek has left, and librdkafka stopped the partition behind that seek.
      this.#assignment.fetchAgain(p);
      return;
    }
    const waits = () => p.isCurrent(token) && p.phase === 'active' && this.#seeker.isQuiet(p); // else sought or lost meanwhile
    const held = await this.#holds(p, askedOffset, waits);
    if (!waits()) return;
    if (held) {
      await this.#assignment.reposition([{ p, offset: askedOffset }], 'keep');
      return;
    }
    const policy = atBeginning ? 'earliest' : this.#settings.autoOffsetReset;
    if (policy === 'error') {
      const error = localError(
        'client',
        errno.autoOffsetReset,
        `offset ${askedOffset} is outside of the log, and 'auto.offset.reset' is 'error'`,
      );
      throw partitionsError('client', [{ ...p.row(), error }]);
    }
    const target = { kind: policy === 'earliest' ? 'beginning' : 'end' } as const;
    const timeoutMs = this.#settings.socketTimeoutMs;
    const found = await this.#insist(p, waits, () =>
      this.#targets.find('client', [{ ...p.row(), target }], { timeoutMs }),
    );
    if (!found) return;
    const [result] = await this.#assignment.reposition([{ p, offset: found.offset, atBeginning }]);
    if (result === 'done') this.#events.reset({ ...p.row(), askedOffset, offset: found.offset });
  }

  /**
   * Whether the log holds the offset, and the broker that refuses it is to be asked again. One look alone: a log that ended before the
   * offset, and has grown beyond it since, is another log.
   */
  async #holds(p: Partition, offset: number, waits: () => boolean): Promise<boolean> {
    if (offset < 0 || this.#refusedForLong(p, offset)) return false;
    const timeoutMs = this.#settings.socketTimeoutMs;
    const bounds = await this.#insist(p, waits, () => this.#targets.bounds('client', [p.row()], { timeoutMs }, true));
    if (!bounds || offset < bounds.beginning || offset > bounds.end) return false;
    await delay(LEADER_MS, { ref: false });
    return true;
  }

  /** A broker that refuses the same offset for so long is believed in the end. */
  #refusedForLong(p: Partition, offset: number): boolean {
    const before = this.#refused.get(p);
    const goesOn = before?.offset === offset && now() - before.lastAt < 10 * LEADER_MS;
    const firstAt = goesOn ? before.firstAt : now();
    this.#refused.set(p, { offset, firstAt, lastAt: now() });
    return now() - firstAt > REFUSED_MS;
  }

  /** Asks until there is an answer, or nobody waits for it any more. */
  async #insist<T extends object>(
    p: Partition,
    waits: () => boolean,
    ask: () => Promise<T[]>,
  ): Promise<Exclude<T, { error: KafkaError }> | null> {
    for (;;) {
      const answer = (await ask())[0]!;
      if (!waits()) return null;
      if (!('error' in answer)) return answer as Exclude<T, { error: KafkaError }>;
      const error = partitionsError('client', [{ ...p.row(), error: answer.error as KafkaError }]);
      if (!error.retriable) throw error;
      this.#events.report(error);
    }
  }
}
