// The registry of all partitions that a consumer ever held.

import type { TopicPartition } from '../arguments/options.js';
import { type PartitionKey, keyOf, placeOf } from '../arguments/partitions.js';
import { Partition } from './partition.js';

/** The number of a partition that native code does not know. */
const STRANGER = -1;

export class Partitions {
  readonly #byKey = new Map<PartitionKey, Partition>();
  readonly #byId: Partition[] = [];
  #held: readonly Partition[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #moved = () => {
    for (const listener of this.#listeners) listener();
  };

  /**
   * Calls `listener` when a partition comes, goes, or has gone elsewhere by other means than a message.
   *
   * @returns ends that
   */
  onMoved(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The partition as it is known, or, where it is a stranger, one that nobody else knows: it is free, and stays so. */
  look(topic: string, partition: number): Partition {
    return this.#byKey.get(keyOf(topic, partition)) ?? new Partition(STRANGER, topic, partition);
  }

  /** The partition, known from now on: it is going to be held. */
  get(topic: string, partition: number): Partition {
    const key = keyOf(topic, partition);
    let found = this.#byKey.get(key);
    if (!found) {
      found = new Partition(this.#byId.length, topic, partition, this.#moved);
      this.#byKey.set(key, found);
      this.#byId.push(found);
    }
    return found;
  }

  /** By the number under which native code knows it. */
  byId(id: number): Partition | undefined {
    return this.#byId[id];
  }

  find({ topic, partition }: TopicPartition): Partition | undefined {
    return this.#byKey.get(keyOf(topic, partition));
  }

  /** As look(). */
  byKey(key: PartitionKey): Partition {
    const known = this.#byKey.get(key);
    if (known) return known;
    const { topic, partition } = placeOf(key);
    return new Partition(STRANGER, topic, partition);
  }

  /** The assignment, in the order in which it came. */
  get held(): readonly Partition[] {
    return this.#held;
  }

  hold(partitions: readonly Partition[]): void {
    const added = new Set(partitions);
    this.#held = [...this.#held.filter((p) => !added.has(p)), ...partitions];
    for (const p of partitions) p.hold();
    this.#moved();
  }

  leave(partitions: readonly Partition[]): void {
    const gone = new Set(partitions);
    this.#held = this.#held.filter((p) => !gone.has(p));
    for (const p of partitions) p.leave();
    this.#moved();
  }
}
