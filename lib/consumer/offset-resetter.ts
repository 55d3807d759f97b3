// What happens when librdkafka says that an offset is outside of the log. Its own reset policy is off ('error'),
// because it asks for the new offset by itself and can undo a seek that is made meanwhile.

import type { TopicPartition } from '../arguments/options.js';
import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { ConsumerSettings } from '../config/config.js';
import { errno, isDestroyed, localError, partitionsError } from '../errors.js';
import type { Targets } from '../lookups/targets.js';
import type { Seeker } from '../seek/seeker.js';

/** An offset was outside the log. */
export interface OffsetReset extends TopicPartition {
  /** The offset that the log does not hold. */
  askedOffset: number;
  /** Where delivery goes on. */
  offset: number;
}

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
    for (;;) {
      const timeoutMs = this.#settings.socketTimeoutMs;
      const [answer] = await this.#targets.find('client', [{ ...p.row(), target }], { timeoutMs });
      if (!p.isCurrent(token) || p.phase !== 'active' || !this.#seeker.isQuiet(p)) return; // sought or lost meanwhile
      if (answer && 'offset' in answer) {
        const [result] = await this.#assignment.reposition([{ p, offset: answer.offset, atBeginning }]);
        if (result === 'done') this.#events.reset({ ...p.row(), askedOffset, offset: answer.offset });
        return;
      }
      const error = partitionsError('client', [{ ...p.row(), error: answer!.error }]);
      if (!error.retriable) throw error;
      this.#events.report(error);
    }
  }
}
