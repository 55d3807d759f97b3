// Where a partition starts that was assigned and was not sought: where it was when it was taken away, if nobody else has
// committed since (S8); else at the committed offset; else where `auto.offset.reset` says.

import type { NativeMember } from '../../binding/native.js';
import type { TopicPartition } from '../arguments/options.js';
import type { PartitionKey } from '../arguments/partitions.js';
import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import { isRefusal } from '../client/refusals.js';
import { delay } from '../client/timers.js';
import type { ConsumerSettings } from '../config/config.js';
import { KafkaError, causedBy, errno, isDestroyed, noOffset, partitionsError } from '../errors.js';
import type { LookupLimits } from '../lookups/lookups.js';
import type { Found, Targets } from '../lookups/targets.js';
import type { Seeker } from '../seek/seeker.js';

/** For how long one partition whose start cannot be found out holds up the others of its assignment. */
export const START_LOOKUP_MS = 5_000;
/** How often it is asked again for a partition that is parked. */
const RETRY_MS = 500;
/** A revocation does not wait longer than this to learn what is committed. */
const LEARN_MS = 2_000;

/** What a partition had when it was taken away, should it come back. */
interface Carried {
  readonly p: Partition;
  readonly position: number;
  committed: number | null;
  readonly paused: boolean;
  /** Who this consumer was in its group when the revocation came. */
  readonly member: NativeMember | undefined;
}

interface Events {
  /** Ends the iterator with this error. */
  fail(error: unknown): void;
  /** Tells of an error that passes. */
  report(error: unknown): void;
}

export class StartOffsets {
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #targets: Targets;
  readonly #settings: ConsumerSettings;
  readonly #events: Events;
  readonly #carried = new Map<PartitionKey, Carried>();
  /** Topics that the brokers do not know any more. */
  readonly #vanished = new Set<string>();
  #stopped = false;

  constructor(assignment: Assignment, seeker: Seeker, targets: Targets, settings: ConsumerSettings, events: Events) {
    this.#assignment = assignment;
    this.#seeker = seeker;
    this.#targets = targets;
    this.#settings = settings;
    this.#events = events;
  }

  /** Nothing is looked up any more. */
  stop(): void {
    this.#stopped = true;
  }

  /**
   * Before partitions are taken away: what they have, should they come back.
   *
   * @param lost they are others' already: what is committed now may be theirs, so it is not asked for
   * @param member who this consumer was in its group when the revocation came
   */
  async carry(partitions: readonly Partition[], lost: boolean, member?: NativeMember): Promise<void> {
    if (!this.#stopped && !lost) await this.learnCommitted(partitions);
    for (const p of partitions) {
      // Not p.position: a batch in hand ends where its partition goes, and what is left of it is to come again.
      const position = p.unread;
      if (position === null || this.#vanished.has(p.topic)) continue;
      this.#carried.set(p.key, { p, position, committed: p.committed, paused: p.paused, member });
    }
  }

  /** This consumer has committed: its own commit is no sign of somebody else's work. */
  committed(p: Partition, offset: number): void {
    p.knowCommitted(offset);
    const carried = this.#carried.get(p.key);
    if (carried && !p.held) carried.committed = offset;
  }

  /** Whether the partition was paused when it was taken away. */
  wasPaused(p: Partition): boolean {
    return this.#carried.get(p.key)?.paused ?? false;
  }

  /**
   * An assignment has come. Whoever took longer over a revocation than the group waits was thrown out, and has joined it again
   * as somebody else; who missed a generation was without what others had in it. What comes back is a new stint then. Its
   * position is carried all the same: find() looks whether others have committed.
   */
  returnedAs(member: NativeMember | undefined): void {
    for (const { p, member: before } of this.#carried.values()) {
      if (!before || !member) continue;
      if (before.id !== member.id || member.generation - before.generation > 1) p.endStint();
    }
  }

  /**
   * A new assignment is in force. What has come back with it nobody else has held in between, for a member takes part in
   * each assignment of its group; what has not may be somebody else's, and is carried on until it comes back.
   */
  inForce(): void {
    this.endStints();
    for (const [key, { p }] of this.#carried) if (p.held) this.#carried.delete(key);
    this.#vanished.clear();
  }

  /** The brokers do not know the topic: one of the same name that comes later is another log. */
  vanished(topic: string): void {
    this.#vanished.add(topic);
    for (const [key, { p }] of this.#carried) if (p.topic === topic) this.#carried.delete(key);
  }

  /** Of what was taken away and has not come back. */
  endStints(): void {
    for (const { p } of this.#carried.values()) if (!p.held) p.endStint();
  }

  /**
   * A position for each. What fails stays without. Gives back those that are worth asking again.
   */
  async resolve(partitions: readonly Partition[], timeoutMs = START_LOOKUP_MS): Promise<Partition[]> {
    const looked = await this.find('start', partitions, { timeoutMs });
    const failed: (TopicPartition & { error: KafkaError })[] = [];
    const open = partitions.filter((p, i) => {
      const answer = looked[i]!;
      if (!p.held || p.position !== null) return false; // taken away, or sought meanwhile
      if (!this.#seeker.isQuiet(p)) return true; // that seek may fail
      if ('offset' in answer) {
        p.place(answer.offset);
      } else if (answer.error.retriable || answer.error.errno === errno.noEntity || isRefusal(answer.error)) {
        // Also where nobody leads it: its broker may come back.
        this.#events.report(partitionsError('start', [{ ...p.row(), error: explained(answer.error) }]));
        return true;
      } else {
        failed.push({ ...p.row(), error: answer.error });
      }
      return false;
    });
    if (failed.length) this.#events.fail(partitionsError('start', failed));
    return open;
  }

  /** Where each would start now. One answer for each, in their order. */
  async find(operation: string, partitions: readonly Partition[], limits: LookupLimits): Promise<Found[]> {
    if (partitions.length === 0) return [];
    const { groupId, autoOffsetReset } = this.#settings;
    const kind = groupId !== undefined ? 'committed' : autoOffsetReset === 'earliest' ? 'beginning' : 'end';
    const asked = partitions.map((p) => ({ ...p.row(), target: { kind } as const }));
    const nowhere = groupId === undefined && autoOffsetReset === 'error';
    const looked: Found[] = nowhere
      ? asked.map(() => ({ error: noOffset(operation) }))
      : await this.#targets.find(operation, asked, limits);
    return partitions.map((p, i) => {
      const answer = looked[i]!;
      if (answer.committed !== undefined && p.held) p.knowCommitted(answer.committed);
      const carried = this.#carried.get(p.key);
      // Nobody else has committed since it was taken away: it goes on where it was.
      if (carried && p.committed === (carried.committed ?? -1)) return { offset: carried.position };
      return answer;
    });
  }

  /** Goes on asking where a partition starts that librdkafka holds paused meanwhile (`parked`). */
  async unpark(p: Partition): Promise<void> {
    const { lineage } = p;
    const parked = () => p.phase === 'parked' && p.lineage === lineage && !this.#stopped;
    while (parked()) {
      await delay(RETRY_MS, { ref: false });
      if (!parked() || !this.#seeker.isQuiet(p)) continue;
      try {
        const again = await this.resolve([p], this.#settings.socketTimeoutMs);
        if (p.phase === 'parked' && p.position !== null) {
          await this.#assignment.reposition([{ p, offset: p.position }], 'keep');
        }
        if (again.length === 0) return;
      } catch (error) {
        if (isDestroyed(error)) return;
        this.#events.report(error);
      }
    }
  }

  /** Asks what is committed for those of which it is not known. An error leaves it unknown. */
  async learnCommitted(partitions: readonly Partition[]): Promise<void> {
    const unknown = partitions.filter((p) => p.committed === null && p.position !== null);
    if (this.#settings.groupId === undefined || unknown.length === 0) return;
    const answers = await this.#targets.committed('start', unknown, { timeoutMs: LEARN_MS });
    answers.forEach((answer, i) => {
      if ('offset' in answer) unknown[i]!.knowCommitted(answer.offset);
    });
  }
}

/** The loop rests while a transaction is open, which a process that was killed may have left: what ends one is told with it. */
function explained(error: KafkaError): KafkaError {
  if (error.errno !== errno.unstableOffsetCommit) return error;
  const text =
    "a transaction with offsets of the group is open; initTransactions() of a producer with the same 'transactional.id' ends one " +
    "that a killed process has left, else 'transaction.timeout.ms' does";
  return causedBy(new KafkaError('start', { ...error, message: `${error.message}: ${text}` }), error);
}
