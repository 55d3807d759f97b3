// The only layer that tells librdkafka what is assigned, where it starts, and to go elsewhere. It gives librdkafka
// absolute offsets only: logical ones are resolved later than asked, and can undo a newer seek (DESIGN.md).

import {
  type AssignHow,
  type ConsumerRecord,
  type NativeConsumer,
  type NativeRow,
  OFFSET_INVALID,
} from '../../binding/native.js';
import { flat, keyOf } from '../arguments/partitions.js';
import type { Link } from '../client/link.js';
import { KafkaError, errno, isDestroyed, localError, partitionsError } from '../errors.js';
import type { Partition, RepositionToken, Repositioned } from './partition.js';
import type { Partitions } from './partitions.js';

export type ConsumerLink = Link<ConsumerRecord, NativeConsumer>;

/** A partition and the absolute offset that it is sent to. */
export interface Destination {
  readonly p: Partition;
  readonly offset: number;
  /** It is the beginning of the log that is meant, wherever that is. */
  readonly atBeginning?: boolean;
}

interface Begun extends Destination {
  readonly token: RepositionToken;
}

/** librdkafka's main thread answers a seek within milliseconds; this bounds a thread that has died. */
const SEEK_TIMEOUT_MS = 10_000;

export class Assignment {
  readonly #link: ConsumerLink;
  readonly #partitions: Partitions;
  /**
   * Partitions that were paused or resumed since librdkafka was told, each that was resumed with what keeps it from delivery
   * until then. It is told of them together when it has answered: what it does for each takes longer the more there is.
   */
  readonly #changed = new Map<Partition, RepositionToken | null>();
  #telling = false;
  /** Eager group members may only assign everything at once. */
  eager = false;

  constructor(link: ConsumerLink, partitions: Partitions) {
    this.#link = link;
    this.#partitions = partitions;
  }

  /**
   * Hands partitions to librdkafka, each to start at its position; those without one are parked. `incremental`: beside
   * those that it has, `all`: it has none, `anew`: instead of those that it has.
   */
  async handOver(partitions: readonly Partition[], how: AssignHow): Promise<void> {
    const begun = partitions.map((p) => ({ p, token: p.handOver() }));
    const paused = partitions.filter((p) => p.still);
    const assigned = this.#assign(partitions, how).then(() => {
      // Not when the pause is done, too: messages of the others may come before that.
      for (const { p, token } of begun) p.settle(token);
    });
    await Promise.all([assigned, paused.length ? this.#pause(paused) : null]);
  }

  /** Takes partitions back; null: all. They are free already, so nothing of them is delivered meanwhile. */
  async takeBack(partitions: readonly Partition[] | null): Promise<void> {
    const rows = partitions && flat(partitions);
    await this.#link.request('unassign', (id) => this.#link.handle.unassign(id, rows));
  }

  /** Throws for partitions that are not held; otherwise it is so at once, and the promise is about librdkafka. */
  setPaused(operation: string, partitions: readonly Partition[], paused: boolean): Promise<void> {
    mustBeHeld(operation, partitions);
    const changed = partitions.filter((p) => p.paused !== paused);
    for (const p of changed) p.setPaused(paused);
    // What librdkafka does not know yet is paused when it is handed over.
    const known = changed.filter((p) => p.phase === 'active' && !p.heldBack);
    for (const p of known) {
      const before = this.#changed.get(p);
      if (before) p.settle(before);
      this.#changed.set(p, paused ? null : p.begin());
    }
    return this.#telling || known.length === 0 ? Promise.resolve() : this.#tellChanged();
  }

  async #tellChanged(): Promise<void> {
    this.#telling = true;
    try {
      while (this.#changed.size) {
        const changed = [...this.#changed];
        this.#changed.clear();
        // Those that are held back librdkafka has paused already; letGo() resumes them.
        const [paused, resumed]: [Partition[], Partition[]] = [[], []];
        for (const [p, token] of changed) {
          if (p.phase === 'active' && !p.still) resumed.push(p);
          else if (token) p.settle(token);
          if (p.phase === 'active' && p.paused && !p.heldBack) paused.push(p);
        }
        await Promise.all([paused.length ? this.#pause(paused) : null, resumed.length ? this.#resume(resumed) : null]);
      }
    } finally {
      this.#telling = false;
    }
  }

  /**
   * Nothing of the partition is fetched from now on, until letGo(); what the user has paused stays so.
   *
   * @param buffered what is buffered of it stays `good`, or is `dropped` and comes again
   */
  async holdBack(p: Partition, buffered: 'good' | 'dropped'): Promise<void> {
    if (p.heldBack || p.phase !== 'active') return;
    p.holdBack(buffered);
    if (!p.paused) await this.#pause([p]);
  }

  /** Partitions that are held back go on from their positions. */
  async letGo(partitions: readonly Partition[]): Promise<void> {
    const back = partitions.filter((p) => p.heldBack);
    for (const p of back) p.letGo();
    // Also those that go, or come: librdkafka's pause outlives the assignment.
    await this.#resume(back.filter((p) => !p.paused));
  }

  /** Takes librdkafka's pause off, which outlives an assignment. */
  async resumeNative(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0) return;
    await this.#link.request('resume', (id) => this.#link.handle.resume(id, flat(partitions)));
  }

  /**
   * Sends partitions to absolute offsets: what arrives before librdkafka has done so is dropped. `keep`: to where they
   * are anyway, so what was processed before stays so.
   */
  async reposition(destinations: readonly Destination[], lineage: 'keep' | 'new' = 'new'): Promise<Repositioned[]> {
    if (destinations.length === 0) return [];
    const begun = destinations.map((to): Begun => ({ ...to, token: to.p.begin() }));
    const parked = begun.map(({ p }) => p).filter((p) => p.phase === 'parked');
    for (const p of parked) p.unpark();
    const [outcomes] = await Promise.all([
      this.#seekOrRestart(begun, lineage),
      this.resumeNative(parked.filter((p) => !p.still)),
    ]);
    return outcomes;
  }

  /**
   * Each partition is settled as soon as librdkafka has sent it to its offset: what comes from then on is from there, and
   * whatever else moves those that are not to be sought finds their new positions.
   */
  async #seekOrRestart(begun: readonly Begun[], lineage: 'keep' | 'new'): Promise<Repositioned[]> {
    const settle = (to: Begun) => to.p.settle(to.token, lineage === 'new' ? to : undefined);
    const replies = await this.#seek(begun);
    // Whatever the error: what has arrived meanwhile is dropped, so the partition has to be set anew.
    const isRefused = ({ p, token }: Begun, i: number) =>
      replies[i] !== undefined && p.isCurrent(token) && p.phase === 'active';
    const refused = new Set(begun.filter(isRefused));
    const outcomes = begun.map((to) => (refused.has(to) ? null : settle(to)));
    if (refused.size) await this.#restart([...refused]);
    return begun.map((to, i) => outcomes[i] ?? settle(to));
  }

  /** Fetches again from the position: what came while the partition did not deliver was dropped. */
  fetchAgain(p: Partition): void {
    if (p.phase !== 'active' || p.position === null) return;
    this.reposition([{ p, offset: p.position }], 'keep').catch(() => undefined); // rejects only at the end
  }

  /**
   * Whether librdkafka has stopped fetching the partition (after an offset out of range): only then does it refuse a
   * seek. Where it has not, the partition goes on at its position, and null comes back; where it has, the partition
   * waits for a repositioning, unless the token is not the current one any more.
   */
  async stopped(p: Partition): Promise<RepositionToken | null> {
    const token = p.begin();
    if (p.position === null) return token;
    const [error] = await this.#seek([{ p, offset: p.position }]);
    if (!p.isCurrent(token) || isStopped(error)) return token;
    // An error that says something else: what has arrived meanwhile is dropped all the same.
    if (error) await this.#restart([{ p, offset: p.position, token }]);
    p.settle(token);
    return null;
  }

  async #pause(partitions: readonly Partition[]): Promise<void> {
    await this.#link.request('pause', (id) => this.#link.handle.pause(id, flat(partitions)));
  }

  /** Resumes natively, and goes to the own position: that also wakes the fetcher, which a resume alone does not. */
  async #resume(partitions: readonly Partition[]): Promise<void> {
    const resumed = this.resumeNative(partitions);
    const places = partitions.flatMap((p) =>
      p.phase === 'active' && p.position !== null ? [{ p, offset: p.position }] : [],
    );
    await Promise.all([resumed, this.reposition(places, 'keep')]);
  }

  async #seek(destinations: readonly Destination[]): Promise<(KafkaError | undefined)[]> {
    const rows = destinations.map(({ p, offset }) => p.at(offset));
    let replies: NativeRow[];
    try {
      replies = await this.#link.request('seek', (id) => this.#link.handle.seek(id, flat(rows), SEEK_TIMEOUT_MS));
    } catch (error) {
      if (!(error instanceof KafkaError) || isDestroyed(error)) throw error;
      return destinations.map(() => error);
    }
    const byKey = new Map(replies.map((row) => [keyOf(row.topic, row.partition), row.error]));
    return destinations.map(({ p }) => {
      const error = byKey.get(p.key);
      return error && new KafkaError('seek', error);
    });
  }

  /** Assigns again what librdkafka refuses to seek, as a rule because it has stopped fetching it. */
  async #restart(stopped: readonly Begun[]): Promise<void> {
    const starts = new Map(stopped.map(({ p, offset }) => [p, offset]));
    if (!this.eager) {
      const partitions = [...starts.keys()];
      await this.takeBack(partitions);
      await this.#assign(
        partitions.filter((p) => p.held),
        'incremental',
        starts,
      );
      return;
    }
    const all = this.#partitions.held.filter((p) => p.phase !== 'starting');
    const others = all.filter((p) => !p.repositioning).map((p) => ({ p, token: p.begin() }));
    await this.#assign(all, 'anew', starts);
    for (const { p, token } of others) p.settle(token);
  }

  async #assign(
    partitions: readonly Partition[],
    how: AssignHow,
    starts: ReadonlyMap<Partition, number> = new Map(),
  ): Promise<void> {
    const rows = partitions.map((p) => p.at(starts.get(p) ?? p.position ?? OFFSET_INVALID));
    const ids = partitions.map((p) => p.id);
    await this.#link.request('assign', (id) => this.#link.handle.assign(id, flat(rows), ids, how));
  }
}

export function mustBeHeld(operation: string, partitions: readonly Partition[]): void {
  const strangers = partitions.filter((p) => !p.held);
  if (strangers.length) throw stateError(operation, strangers, 'not assigned to this consumer');
}

export function stateError(operation: string, partitions: readonly Partition[], text: string): KafkaError {
  const error = localError(operation, errno.state, text);
  return partitionsError(
    operation,
    partitions.map((p) => ({ ...p.row(), error })),
  );
}

const isStopped = (error: KafkaError | undefined): boolean =>
  error?.errno === errno.state || error?.errno === errno.unknownPartition;
