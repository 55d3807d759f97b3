// The sequence of a rebalance: librdkafka's events one after the other, the user's listener, the commits, where each
// partition starts. librdkafka waits for the answer to one event before it sends the next.

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { AssignHow, NativeRow, RebalanceRecord } from '../binding/native.js';
import type { Assignment } from './assignment.js';
import type { Committer } from './committer.js';
import type { ConsumerSettings } from './config.js';
import { deferred } from './deferred.js';
import { KafkaError, errno, partitionsError } from './errors.js';
import type { RebalanceListener, TopicPartition, TopicPartitionOffset } from './options.js';
import type { Partition, PartitionKey, Partitions } from './partition.js';
import { type Seeker, noOffset } from './seeker.js';

/** For how long one partition whose start cannot be found out holds up the others of its assignment. */
const START_LOOKUP_MS = 5_000;
const RETRY_MS = 500;

/** What a partition had when it was taken away, should it come back with the next assignment. */
interface Carried {
  position: number;
  committed: number | null;
  paused: boolean;
}

export interface RebalancerEvents {
  /** Ends the iterator with this error. */
  fail(error: unknown): void;
  /** Tells of an error that passes. */
  report(error: unknown): void;
  told(event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void;
}

export class Rebalancer {
  readonly #partitions: Partitions;
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #committer: Committer;
  readonly #settings: ConsumerSettings;
  readonly #events: RebalancerEvents;
  readonly #carried = new Map<PartitionKey, Carried>();
  /** What runs in a listener carries this: how to end the wait for it, where it is one of a revocation. */
  readonly #inListener = new AsyncLocalStorage<{ release?: () => void }>();
  #changed = deferred<void>();
  #sequence: Promise<void> = Promise.resolve();
  #closing = false;
  listener: RebalanceListener = {};

  constructor(
    partitions: Partitions,
    assignment: Assignment,
    seeker: Seeker,
    committer: Committer,
    settings: ConsumerSettings,
    events: RebalancerEvents,
  ) {
    this.#partitions = partitions;
    this.#assignment = assignment;
    this.#seeker = seeker;
    this.#committer = committer;
    this.#settings = settings;
    this.#events = events;
  }

  onEvent(record: RebalanceRecord): void {
    this.#seeker.known = false;
    if (!record.assign) for (const p of this.#heldOf(record.rows)) p.phase = 'leaving';
    this.#inSequence(async () => {
      this.#assignment.eager = record.text === 'EAGER';
      if (record.error) {
        this.#events.report(new KafkaError('rebalance', record.error));
        await this.#revoke(this.#partitions.held, false);
      } else if (record.assign) {
        await this.#assign(record.rows);
      } else {
        await this.#revoke(this.#heldOf(record.rows), record.lost);
      }
    }).catch((error: unknown) => this.#events.fail(error));
  }

  /** Assigns by hand, instead of what is held. Partitions that stay go on where they are unless an offset is given. */
  assign(targets: readonly (TopicPartition | TopicPartitionOffset)[]): Promise<void> {
    return this.#inSequence(async () => {
      const wanted = targets.map((target) => this.#partitions.get(target.topic, target.partition));
      const gone = this.#partitions.held.filter((p) => !wanted.includes(p));
      this.#seeker.known = false;
      await this.#commitOf(gone);
      await this.#leave(gone);
      this.#partitions.add(wanted);
      targets.forEach((target, i) => {
        if ('offset' in target) wanted[i]!.moveTo(target.offset);
        else wanted[i]!.invalidate();
      });
      this.#assignment.eager = false;
      await this.#begin(wanted, 'anew');
    });
  }

  /** Takes back what was assigned by hand. */
  unassign(): Promise<void> {
    return this.#inSequence(async () => {
      const held = this.#partitions.held;
      this.#seeker.known = false;
      await this.#commitOf(held);
      await this.#leave(held);
      await this.#assignment.drop(null);
    });
  }

  /** Resolves when the next step of a rebalance is over. */
  async nextChange(): Promise<void> {
    await this.#changed.promise;
  }

  /** Whether the caller runs inside of a listener, whose calls work until the end. */
  get inListener(): boolean {
    return this.#inListener.getStore() !== undefined;
  }

  /** From now on nothing is assigned any more, and listeners are waited for no longer than close() waits. */
  close(): void {
    this.#closing = true;
  }

  /**
   * Called by a seek that has to wait for an assignment. Asked from a listener of a revocation it would wait for ever
   * if it is awaited there, so the revocation waits for that listener no longer.
   */
  seekWaits(): void {
    this.#inListener.getStore()?.release?.();
  }

  /** Finds out where partitions start that do not know it yet: for position(), which may be asked in onAssigned. */
  async ensurePositions(partitions: readonly Partition[]): Promise<void> {
    await this.#seeker.quiet(partitions);
    const open = partitions.filter((p) => p.phase === 'starting' && p.position === null);
    if (open.length) await this.#resolveStarts(open);
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

  async #assign(rows: readonly NativeRow[]): Promise<void> {
    if (this.#closing) {
      await this.#assignment.drop(null);
      return;
    }
    const added = rows.map(({ topic, partition }) => this.#partitions.get(topic, partition));
    this.#partitions.add(added);
    for (const p of added) {
      p.moveTo(null);
      p.committed = null;
      p.paused = this.#carried.get(p.key)?.paused ?? false;
    }
    this.#seeker.known = true;
    this.#seeker.bind();
    await this.#listen('onAssigned', added);
    try {
      await this.#begin(added, this.#assignment.eager ? 'all' : 'incremental');
    } catch (error) {
      // The end of the client; librdkafka waits for an answer nevertheless.
      await this.#leave(added);
      await this.#assignment.drop(null);
      throw error;
    }
    this.#carried.clear();
    this.#events.told(
      'assigned',
      added.map((p) => p.row()),
    );
  }

  /** Finds out where partitions start and hands them to librdkafka. */
  async #begin(partitions: readonly Partition[], how: AssignHow): Promise<void> {
    this.#seeker.known = true;
    this.#seeker.bind();
    await this.#sought(partitions);
    const open = await this.#resolveStarts(partitions.filter((p) => p.position === null));
    // A seek that was asked meanwhile is a start offset too.
    await this.#sought(partitions);
    const paused = partitions.filter((p) => p.paused);
    const taken = this.#assignment.take(partitions, how);
    if (paused.length) await this.#assignment.pause(paused);
    await taken;
    for (const p of open) if (p.phase === 'parked') void this.#unpark(p);
  }

  async #revoke(partitions: readonly Partition[], lost: boolean): Promise<void> {
    await this.#listen(lost ? 'onLost' : 'onRevoked', partitions);
    if (!lost) await this.#commitOf(partitions);
    if (!lost && !this.#closing) await this.#seeker.learnCommitted(partitions);
    for (const p of partitions) {
      // Not p.position: a batch in hand ends where its partition goes, and what is left of it is to come again.
      const position = p.unread;
      if (!lost && position !== null) {
        this.#carried.set(p.key, { position, committed: p.committed, paused: p.paused });
      }
    }
    const all = this.#assignment.eager || this.#closing;
    await this.#leave(partitions);
    await this.#assignment.drop(all ? null : partitions);
    this.#events.told(
      lost ? 'lost' : 'revoked',
      partitions.map((p) => p.row()),
    );
  }

  /** Partitions are not this consumer's any more. */
  async #leave(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0) return;
    const paused = partitions.filter((p) => p.paused || p.position === null);
    this.#seeker.release(partitions);
    this.#partitions.remove(partitions);
    for (const p of partitions) {
      p.moveTo(null);
      p.paused = false;
      p.moving = false;
    }
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

  async #listen(name: keyof RebalanceListener, partitions: readonly Partition[]): Promise<void> {
    if (!this.listener[name]) return;
    const rows = partitions.map((p) => p.row());
    const released = deferred<void>();
    const run = async () => {
      try {
        await this.listener[name]?.(rows);
      } catch (error) {
        this.#events.fail(error);
      }
    };
    const store = name === 'onAssigned' ? {} : { release: () => released.resolve() };
    const listening = this.#inListener.run(store, run);
    await Promise.race([listening, released.promise]);
  }

  /** Seeks that are on their way become start offsets, unless they take too long for the other partitions. */
  async #sought(partitions: readonly Partition[]): Promise<void> {
    const end = new AbortController();
    const late = delay(START_LOOKUP_MS, undefined, { signal: end.signal }).catch(() => undefined);
    await Promise.race([this.#seeker.quiet(partitions), late]);
    end.abort();
  }

  /**
   * A position for each: carried over, committed, or by `auto.offset.reset`. What fails stays without. Gives back those
   * that are worth asking again.
   */
  async #resolveStarts(partitions: readonly Partition[], timeoutMs = START_LOOKUP_MS): Promise<Partition[]> {
    if (partitions.length === 0) return [];
    const { groupId, autoOffsetReset } = this.#settings;
    const kind = groupId !== undefined ? 'committed' : autoOffsetReset === 'earliest' ? 'beginning' : 'end';
    const asked = partitions.map((p) => ({ p, target: { kind } as const }));
    const nowhere = groupId === undefined && autoOffsetReset === 'error';
    const looked = nowhere
      ? asked.map(() => ({ error: noOffset('start') }))
      : await this.#seeker.resolve('start', asked, timeoutMs);
    const failed: (TopicPartition & { error: KafkaError })[] = [];
    const open = partitions.filter((p, i) => {
      const answer = looked[i]!;
      if (p.position !== null) return false; // sought meanwhile
      if (!this.#seeker.isQuiet(p)) return true; // that seek may fail
      const carried = this.#carried.get(p.key);
      if (carried && p.committed === (carried.committed ?? -1)) {
        // Nobody else has committed since it was taken away: it goes on where it was.
        p.moveTo(carried.position);
      } else if ('offset' in answer) {
        p.moveTo(answer.offset);
      } else if (answer.error.retriable || answer.error.errno === errno.noEntity) {
        // Also where nobody leads it: its broker may come back.
        this.#events.report(answer.error);
        return true;
      } else {
        failed.push({ ...p.row(), error: answer.error });
      }
      return false;
    });
    if (failed.length) this.#events.fail(partitionsError('start', failed));
    return open;
  }

  /** Goes on asking where a partition starts that librdkafka holds paused meanwhile. */
  async #unpark(p: Partition): Promise<void> {
    const { lineage } = p;
    while (p.phase === 'parked' && p.lineage === lineage && !this.#closing) {
      await delay(RETRY_MS, undefined, { ref: false });
      if (p.phase !== 'parked' || p.lineage !== lineage || !this.#seeker.isQuiet(p)) continue;
      try {
        const again = await this.#resolveStarts([p], this.#settings.socketTimeoutMs);
        if (p.phase === 'parked' && p.position !== null) {
          await this.#assignment.move([{ p, offset: p.position }], 'keep');
        }
        if (again.length === 0) return;
      } catch (error) {
        if (error instanceof KafkaError && error.errno === errno.destroy) return;
        this.#events.report(error);
      }
    }
  }

  #heldOf(rows: readonly NativeRow[]): Partition[] {
    return rows.flatMap((row) => {
      const p = this.#partitions.find(row);
      return p?.held ? [p] : [];
    });
  }
}
