// The sequence of a rebalance: librdkafka's events one after the other, the user's listener, the commits, where each
// partition starts. librdkafka waits for the answer to one event before it sends the next, so each step answers it,
// whatever happens in it.

import type { AssignHow, NativeMember, NativeRow, RebalanceRecord } from '../../binding/native.js';
import type { RebalanceListener, TopicPartition, TopicPartitionOffset } from '../arguments/options.js';
import type { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { deferred } from '../client/deferred.js';
import { alarm } from '../client/timers.js';
import { KafkaError, errno, localError, partitionsError } from '../errors.js';
import type { Seeker } from '../seek/seeker.js';
import type { Committer } from './committer.js';
import { listenerOf, runListener } from './listener-scope.js';
import { START_LOOKUP_MS, type StartOffsets } from './start-offsets.js';

export interface RebalancerEvents {
  /** Ends the iterator with this error. */
  fail(error: unknown): void;
  /** Tells of an error that passes. */
  report(error: unknown): void;
  told(event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void;
  /** Does the work of a rebalance, and tells of it where somebody subscribes. */
  traced(
    kind: 'assigned' | 'revoked' | 'lost',
    partitions: () => TopicPartition[],
    work: () => Promise<void>,
  ): Promise<void>;
}

/** Who works at messages of partitions, beside the loop. */
export interface Worker {
  /** These partitions go: what is being worked at is finished and counts, unless they are lost. Never rejects. */
  release(partitions: readonly Partition[], lost: boolean): Promise<void>;
}

export class Rebalancer {
  readonly #partitions: Partitions;
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #starts: StartOffsets;
  readonly #committer: Committer;
  readonly #events: RebalancerEvents;
  #changed = deferred<void>();
  #sequence: Promise<void> = Promise.resolve();
  #closing = false;
  listener: RebalanceListener = {};
  worker: Worker | null = null;
  /** Whether the group has given an assignment, be it an empty one, that is in force. */
  joined = false;

  constructor(
    partitions: Partitions,
    assignment: Assignment,
    seeker: Seeker,
    starts: StartOffsets,
    committer: Committer,
    events: RebalancerEvents,
  ) {
    this.#partitions = partitions;
    this.#assignment = assignment;
    this.#seeker = seeker;
    this.#starts = starts;
    this.#committer = committer;
    this.#events = events;
  }

  onEvent(record: RebalanceRecord): void {
    this.#seeker.assignmentKnown = false;
    if (!record.assign) for (const p of this.#heldOf(record.rows)) p.leaving();
    this.#inSequence(async () => {
      this.#assignment.eager = record.protocol === 'EAGER';
      if (record.refused.length) this.#events.report(impossible(record.refused));
      if (record.error) {
        this.joined = false;
        this.#events.report(new KafkaError('rebalance', record.error));
        await this.#revoke(this.#partitions.held, false, record.member);
      } else if (record.assign) {
        const rows = () => record.rows.map(({ topic, partition }) => ({ topic, partition }));
        await this.#events.traced('assigned', rows, () => this.#assign(record.rows, record.member));
      } else {
        await this.#revoke(this.#heldOf(record.rows), record.lost, record.member);
      }
    }).catch((error: unknown) => this.#events.fail(error));
  }

  /** Assigns by hand, instead of what is held. Partitions that stay go on where they are unless an offset is given. */
  assign(targets: readonly (TopicPartition | TopicPartitionOffset)[]): Promise<void> {
    return this.#inSequence(async () => {
      const wanted = targets.map((target) => this.#partitions.get(target.topic, target.partition));
      const gone = this.#partitions.held.filter((p) => !wanted.includes(p));
      this.#seeker.assignmentKnown = false;
      await this.worker?.release(gone, false);
      await this.#commitOf(gone);
      await this.#leave(gone);
      for (const p of gone) p.endStint();
      this.#partitions.hold(wanted);
      targets.forEach((target, i) => {
        if ('offset' in target) wanted[i]!.place(target.offset);
      });
      this.#assignment.eager = false;
      await this.#begin(wanted, 'anew');
    });
  }

  /** Takes back what was assigned by hand. */
  unassign(): Promise<void> {
    return this.#inSequence(async () => {
      const { held } = this.#partitions;
      this.#seeker.assignmentKnown = false;
      try {
        await this.worker?.release(held, false);
        await this.#commitOf(held);
        await this.#leave(held);
        for (const p of held) p.endStint();
      } finally {
        await this.#assignment.takeBack(null);
      }
    });
  }

  /** Resolves when the next step of a rebalance is over. */
  async nextChange(): Promise<void> {
    await this.#changed.promise;
  }

  /** Whether the caller runs inside of a listener, whose calls work until the end. */
  get inListener(): boolean {
    return listenerOf(this) !== undefined;
  }

  /** From now on nothing is assigned any more. */
  stopAssigning(): void {
    this.#closing = true;
    this.#starts.stop();
  }

  /**
   * Called where something is waited for that comes only when the rebalance goes on: a seek that waits for an
   * assignment, the next message, unsubscribe(), close(). Awaited in a listener, each of them would wait for ever, since
   * the rebalance waits for the listener. So the rebalance goes on without that listener.
   */
  waitsForRebalance(): void {
    listenerOf(this)?.goOn();
  }

  /** Finds out where partitions start that do not know it yet: for position(), which may be asked in onAssigned. */
  async ensurePositions(partitions: readonly Partition[]): Promise<void> {
    await this.#seeker.quiet(partitions);
    const open = partitions.filter((p) => p.phase === 'starting' && p.position === null);
    if (open.length) await this.#starts.resolve(open);
  }

  #inSequence(work: () => Promise<void>): Promise<void> {
    const done = this.#sequence.then(work);
    this.#sequence = done
      .catch(() => undefined)
      .then(() => {
        this.#changed.resolve();
        this.#changed = deferred<void>();
      });
    return done;
  }

  async #assign(rows: readonly NativeRow[], member: NativeMember | undefined): Promise<void> {
    if (this.#closing) {
      await this.#assignment.takeBack(null);
      return;
    }
    const added = rows.map(({ topic, partition }) => this.#partitions.get(topic, partition));
    this.#starts.returnedAs(member);
    this.#partitions.hold(added);
    for (const p of added) if (this.#starts.wasPaused(p)) p.setPaused(true);
    let handedOver = false;
    try {
      this.#seeker.assignmentKnown = true;
      this.#seeker.bind();
      await this.#listen('onAssigned', added);
      await this.#begin(added, this.#assignment.eager ? 'all' : 'incremental');
      handedOver = true;
    } finally {
      // The end of the client; librdkafka waits for an answer nevertheless.
      if (!handedOver) await this.#giveBack(added, true);
    }
    this.joined = true;
    this.#starts.inForce();
    // Of those that a seek has placed: should they be lost, nobody else could tell whether others have committed since.
    void this.#starts.learnCommitted(added).catch(() => undefined); // rejects only at the end
    this.#events.told(
      'assigned',
      added.map((p) => p.row()),
    );
  }

  /** Finds out where partitions start and hands them to librdkafka. */
  async #begin(partitions: readonly Partition[], how: AssignHow): Promise<void> {
    this.#seeker.assignmentKnown = true;
    this.#seeker.bind();
    await this.#sought(partitions);
    const open = await this.#starts.resolve(partitions.filter((p) => p.position === null));
    // A seek that was asked meanwhile is a start offset too.
    await this.#sought(partitions);
    await this.#assignment.handOver(partitions, how);
    for (const p of open) if (p.phase === 'parked') void this.#starts.unpark(p);
  }

  #revoke(partitions: readonly Partition[], lost: boolean, member?: NativeMember): Promise<void> {
    const rows = () => partitions.map((p) => p.row());
    return this.#events.traced(lost ? 'lost' : 'revoked', rows, () => this.#takeAway(partitions, lost, member));
  }

  async #takeAway(partitions: readonly Partition[], lost: boolean, member?: NativeMember): Promise<void> {
    if (lost || this.#assignment.eager) this.joined = false;
    try {
      await this.worker?.release(partitions, lost);
      await this.#listen(lost ? 'onLost' : 'onRevoked', partitions);
      if (lost) for (const p of partitions) p.endStint();
      else await this.#commitOf(partitions);
      await this.#starts.carry(partitions, lost, member);
    } finally {
      await this.#giveBack(partitions, this.#assignment.eager || this.#closing);
    }
    this.#events.told(
      lost ? 'lost' : 'revoked',
      partitions.map((p) => p.row()),
    );
  }

  /** Partitions are not this consumer's any more, and librdkafka is told so. @param all of them, whatever it has */
  async #giveBack(partitions: readonly Partition[], all: boolean): Promise<void> {
    await this.#leave(partitions);
    await this.#assignment.takeBack(all ? null : partitions);
  }

  async #leave(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0) return;
    const paused = partitions.filter((p) => p.pausedNatively);
    this.#seeker.unbind(partitions);
    this.#partitions.leave(partitions);
    // librdkafka's pause outlives the assignment.
    await this.#assignment.resumeNative(paused).catch(() => undefined);
  }

  async #commitOf(partitions: readonly Partition[]): Promise<void> {
    if (!this.#committer.automatic) return;
    try {
      await this.#committer.commitProcessed('commit', partitions);
    } catch (error) {
      this.#events.report(error);
    }
  }

  /** Calls the user's listener, and waits for it. What it throws is the loop's error. */
  async #listen(name: keyof RebalanceListener, partitions: readonly Partition[]): Promise<void> {
    const { listener } = this;
    if (!listener[name]) return;
    const rows = partitions.map((p) => p.row());
    const without = deferred<void>();
    const listening = runListener(this, without.resolve, async () => {
      try {
        await listener[name]?.(rows);
      } catch (error) {
        this.#events.fail(error);
      }
    });
    await Promise.race([listening, without.promise]);
  }

  /** Seeks that are on their way become start offsets, unless they take too long for the other partitions. */
  async #sought(partitions: readonly Partition[]): Promise<void> {
    const late = alarm(START_LOOKUP_MS);
    await Promise.race([this.#seeker.quiet(partitions), late.rung]);
    late.stop();
  }

  #heldOf(rows: readonly NativeRow[]): Partition[] {
    return rows.flatMap((row) => {
      const p = this.#partitions.find(row);
      return p?.held ? [p] : [];
    });
  }
}

/** What the leader of a group has assigned, and no partition can be called. */
function impossible(rows: readonly NativeRow[]): KafkaError {
  const failed = rows.map(({ topic, partition }) => {
    const text = `the leader of the group has assigned partition ${partition}, which cannot exist; it is left out`;
    return { topic, partition, error: localError('rebalance', errno.unknownPartition, text) };
  });
  return partitionsError('rebalance', failed);
}
