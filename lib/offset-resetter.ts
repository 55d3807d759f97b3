// What happens when librdkafka says that an offset is outside of the log. Its own reset policy is off ('error'),
// because it asks for the new offset by itself and can undo a seek that is made meanwhile.

import type { Assignment } from './assignment.js';
import type { ConsumerSettings } from './config.js';
import { KafkaError, errno, localError, partitionsError } from './errors.js';
import type { TopicPartition } from './options.js';
import type { Partition } from './partition.js';
import type { Seeker } from './seeker.js';

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
  readonly #settings: ConsumerSettings;
  readonly #events: Events;

  constructor(assignment: Assignment, seeker: Seeker, settings: ConsumerSettings, events: Events) {
    this.#assignment = assignment;
    this.#seeker = seeker;
    this.#settings = settings;
    this.#events = events;
  }

  onOutOfRange(p: Partition, askedOffset: number): void {
    // A seek that is on its way finds the partition stopped, and starts it again.
    if (p.phase !== 'active' || !this.#seeker.isQuiet(p)) return;
    this.#reset(p, askedOffset).catch((error: unknown) => {
      if (!(error instanceof KafkaError && error.errno === errno.destroy)) this.#events.fail(error);
    });
  }

  async #reset(p: Partition, askedOffset: number): Promise<void> {
    // librdkafka's word may be of an offset that a seek has left since; it never says which it means.
    if (!(await this.#assignment.isStopped(p))) return;
    const policy = p.atBeginning ? 'earliest' : this.#settings.autoOffsetReset;
    if (policy === 'error') {
      const error = localError(
        'client',
        errno.autoOffsetReset,
        `offset ${askedOffset} is outside of the log, and 'auto.offset.reset' is 'error'`,
      );
      throw partitionsError('client', [{ ...p.row(), error }]);
    }
    const { move } = p;
    const { atBeginning } = p;
    const target = { kind: policy === 'earliest' ? 'beginning' : 'end' } as const;
    for (;;) {
      const [answer] = await this.#seeker.resolve('client', [{ p, target }], this.#settings.socketTimeoutMs);
      if (p.move !== move || p.phase !== 'active' || !this.#seeker.isQuiet(p)) return; // sought or lost meanwhile
      if (answer && 'offset' in answer) {
        const [result] = await this.#assignment.move([{ p, offset: answer.offset }]);
        if (result !== 'done') return;
        p.atBeginning = atBeginning;
        this.#events.reset({ ...p.row(), askedOffset, offset: answer.offset });
        return;
      }
      if (answer && !answer.error.retriable) throw answer.error;
      if (answer) this.#events.report(answer.error);
    }
  }
}
