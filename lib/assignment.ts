// The only layer that tells librdkafka what is assigned, where it starts, and to go elsewhere. It gives librdkafka
// absolute offsets only: logical ones are resolved later than asked, and can undo a newer seek (DESIGN.md).

import {
  type AssignHow,
  type ConsumerRecord,
  type NativeConsumer,
  type NativeRow,
  OFFSET_INVALID,
} from '../binding/native.js';
import { KafkaError, errno, localError, partitionsError } from './errors.js';
import type { Link } from './link.js';
import { type Partition, type Partitions, flat, keyOf } from './partition.js';

export type ConsumerLink = Link<ConsumerRecord, NativeConsumer>;

/** What became of a move: `superseded` by a newer one, or the partition was `lost` before. */
export type MoveResult = 'done' | 'superseded' | 'lost';

/** librdkafka's main thread answers a seek within milliseconds; this bounds a thread that has died. */
const SEEK_TIMEOUT_MS = 10_000;

export class Assignment {
  readonly #link: ConsumerLink;
  readonly #partitions: Partitions;
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
  async take(partitions: readonly Partition[], how: AssignHow): Promise<void> {
    const moves = partitions.map((p) => {
      p.phase = p.position === null ? 'parked' : 'active';
      return { p, move: this.#begin(p) };
    });
    await this.#assign(partitions, how);
    for (const { p, move } of moves) if (p.move === move) p.arrived();
  }

  /** Takes partitions back; null: all. They are free already, so nothing of them is delivered meanwhile. */
  async drop(partitions: readonly Partition[] | null): Promise<void> {
    const rows = partitions && flat(partitions);
    await this.#link.request('unassign', (id) => this.#link.handle.unassign(id, rows));
  }

  /** Throws for partitions that are not held; otherwise it is so at once, and the promise is about librdkafka. */
  setPaused(operation: string, partitions: readonly Partition[], paused: boolean): Promise<void> {
    mustBeHeld(operation, partitions);
    const changed = partitions.filter((p) => p.paused !== paused);
    for (const p of changed) {
      p.paused = paused;
      p.invalidate();
    }
    // What librdkafka does not know yet is paused when it is handed over.
    const known = changed.filter((p) => p.phase === 'active');
    if (known.length === 0) return Promise.resolve();
    return paused ? this.pause(known) : this.resume(known);
  }

  /** Pauses natively. What is buffered of them is fetched again on resume. */
  async pause(partitions: readonly Partition[]): Promise<void> {
    for (const p of partitions) p.invalidate();
    await this.#link.request('pause', (id) => this.#link.handle.pause(id, flat(partitions)));
  }

  /** Resumes natively, and goes to the own position: that also wakes the fetcher, which a resume alone does not. */
  async resume(partitions: readonly Partition[]): Promise<void> {
    const resumed = this.resumeNative(partitions);
    const moves = partitions.flatMap((p) =>
      p.phase === 'active' && p.position !== null ? [{ p, offset: p.position }] : [],
    );
    await Promise.all([resumed, this.move(moves, 'keep')]);
  }

  async resumeNative(partitions: readonly Partition[]): Promise<void> {
    if (partitions.length === 0) return;
    await this.#link.request('resume', (id) => this.#link.handle.resume(id, flat(partitions)));
  }

  /**
   * Sends partitions to absolute offsets: what arrives before librdkafka has done so is dropped. `keep`: to where they
   * are anyway, so what was processed before stays so.
   */
  async move(
    moves: readonly { readonly p: Partition; readonly offset: number }[],
    lineage: 'keep' | 'new' = 'new',
  ): Promise<MoveResult[]> {
    if (moves.length === 0) return [];
    const begun = moves.map(({ p, offset }) => ({ p, offset, move: this.#begin(p) }));
    const parked = moves.map(({ p }) => p).filter((p) => p.phase === 'parked');
    for (const p of parked) p.phase = 'active';
    const unparked = this.resumeNative(parked.filter((p) => !p.paused));
    const replies = await this.#seek(begun);
    await unparked;
    // Whatever the error: what has arrived meanwhile is dropped, so the partition has to be set anew.
    const refused = begun.filter(({ p, move }, i) => p.move === move && p.phase === 'active' && replies[i]);
    if (refused.length) await this.#restart(refused);
    return begun.map(({ p, offset, move }) => {
      if (!p.held) return 'lost';
      if (p.move !== move) return 'superseded';
      p.arrived();
      if (lineage === 'new') p.moveTo(offset);
      return 'done';
    });
  }

  /**
   * Whether librdkafka has stopped fetching the partition (after an offset out of range): only then does it refuse a
   * seek. Where it has not, the partition goes on at its position.
   */
  async isStopped(p: Partition): Promise<boolean> {
    if (p.position === null) return true;
    const move = this.#begin(p);
    const [error] = await this.#seek([{ p, offset: p.position }]);
    if (p.move !== move) return false;
    if (isStopped(error)) return true;
    p.arrived();
    return false;
  }

  #begin(p: Partition): number {
    p.invalidate();
    p.moving = true;
    return ++p.move;
  }

  async #seek(moves: readonly { p: Partition; offset: number }[]): Promise<(KafkaError | undefined)[]> {
    const rows = moves.map(({ p, offset }) => p.at(offset));
    let replies: NativeRow[];
    try {
      replies = await this.#link.request('seek', (id) => this.#link.handle.seek(id, flat(rows), SEEK_TIMEOUT_MS));
    } catch (error) {
      if (!(error instanceof KafkaError) || error.errno === errno.destroy) throw error;
      return moves.map(() => error);
    }
    const byKey = new Map(replies.map((row) => [keyOf(row.topic, row.partition), row.error]));
    return moves.map(({ p }) => {
      const error = byKey.get(p.key);
      return error && new KafkaError('seek', error);
    });
  }

  /** Assigns again what librdkafka refuses to seek, as a rule because it has stopped fetching it. */
  async #restart(stopped: readonly { p: Partition; offset: number; move: number }[]): Promise<void> {
    for (const { p, offset } of stopped) p.moveTo(offset);
    if (!this.eager) {
      const partitions = stopped.map(({ p }) => p);
      await this.drop(partitions);
      await this.#assign(
        partitions.filter((p) => p.held),
        'incremental',
      );
      return;
    }
    const all = this.#partitions.held.filter((p) => p.phase !== 'starting');
    const others = all.filter((p) => !p.moving).map((p) => ({ p, move: this.#begin(p) }));
    await this.#assign(all, 'anew');
    for (const { p, move } of others) if (p.move === move) p.arrived();
  }

  async #assign(partitions: readonly Partition[], how: AssignHow): Promise<void> {
    const rows = partitions.map((p) => p.at(p.position ?? OFFSET_INVALID));
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
