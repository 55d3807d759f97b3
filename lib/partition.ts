// What the consumer knows of a partition, and the registry of all that it ever held.

import type { TopicPartition, TopicPartitionOffset } from './options.js';

export type PartitionKey = string;

export const keyOf = (topic: string, partition: number): PartitionKey => `${partition}:${topic}`;

/**
 * - `free`: not assigned to this consumer.
 * - `starting`: assigned, and where it starts is being found out. librdkafka does not know it yet.
 * - `active`: librdkafka fetches it (unless paused).
 * - `parked`: librdkafka holds it paused, because no start could be found out (yet).
 * - `leaving`: being taken away; it delivers nothing any more, and a commit of it still works.
 */
export type Phase = 'free' | 'starting' | 'active' | 'parked' | 'leaving';

export class Partition implements TopicPartition {
  readonly key: PartitionKey;
  phase: Phase = 'free';

  /** The next offset to deliver; null until it is known. What librdkafka fetches ahead is beyond it. */
  position: number | null = null;
  /** Behind the last message that was processed since the last seek: what auto-commit commits. Null: nothing. */
  processed: number | null = null;
  /** What is committed, as far as this consumer knows: -1 nothing, null not asked yet. */
  committed: number | null = null;
  paused = false;

  /** Raised when buffered messages become worthless. A run of messages is good while its epoch is this one. */
  epoch = 0;
  /** Raised when the position is moved by anything but delivery. What was delivered before is no longer committed. */
  lineage = 0;
  /** Raised by each repositioning, so that only the answer to the last one counts. */
  move = 0;
  /** A repositioning is under way in native code: what arrives is from before it. */
  moving = false;
  /** A seek for it was asked and has not ended: deliver nothing. */
  sought = false;
  /** Something has arrived and was dropped since it was last sent somewhere. */
  missed = false;
  /** The batch that was handed out last, until it is processed: `position` is behind all of it. */
  inHand: { unreadOf(source: Partition): number | null } | null = null;
  /** Positioned by seekToBeginning and not fetched since: if that offset is gone, the next earliest is meant. */
  atBeginning = false;

  constructor(
    readonly id: number,
    readonly topic: string,
    readonly partition: number,
  ) {
    this.key = keyOf(topic, partition);
  }

  get held(): boolean {
    return this.phase !== 'free';
  }

  /** Whether what arrives from librdkafka may be delivered. */
  get open(): boolean {
    return this.phase === 'active' && !this.moving && !this.sought && !this.paused;
  }

  /** What is buffered of it is not delivered any more. */
  invalidate(): void {
    this.epoch++;
  }

  /** The next offset that the application has not got to see, where a loop over a batch is half-way. */
  get unread(): number | null {
    return this.inHand?.unreadOf(this) ?? this.position;
  }

  /** It is where it was sent to: what was dropped until now was from before. */
  arrived(): void {
    this.moving = false;
    this.missed = false;
  }

  /** Its position is `offset` now, by other means than delivery. */
  moveTo(offset: number | null): void {
    this.invalidate();
    this.lineage++;
    this.position = offset;
    this.processed = null;
    this.atBeginning = false;
  }

  row(): TopicPartition {
    return { topic: this.topic, partition: this.partition };
  }

  at(offset: number): TopicPartitionOffset {
    return { topic: this.topic, partition: this.partition, offset };
  }
}

export class Partitions {
  readonly #byKey = new Map<PartitionKey, Partition>();
  readonly #byId: Partition[] = [];
  #held: readonly Partition[] = [];

  get(topic: string, partition: number): Partition {
    const key = keyOf(topic, partition);
    let found = this.#byKey.get(key);
    if (!found) {
      found = new Partition(this.#byId.length, topic, partition);
      this.#byKey.set(key, found);
      this.#byId.push(found);
    }
    return found;
  }

  byId(id: number): Partition | undefined {
    return this.#byId[id];
  }

  find({ topic, partition }: TopicPartition): Partition | undefined {
    return this.#byKey.get(keyOf(topic, partition));
  }

  byKey(key: PartitionKey): Partition {
    return this.#byKey.get(key)!;
  }

  /** The assignment, in the order in which it came. */
  get held(): readonly Partition[] {
    return this.#held;
  }

  add(partitions: readonly Partition[]): void {
    this.#held = [...this.#held.filter((p) => !partitions.includes(p)), ...partitions];
    for (const p of partitions) p.phase = 'starting';
  }

  remove(partitions: readonly Partition[]): void {
    this.#held = this.#held.filter((p) => !partitions.includes(p));
    for (const p of partitions) p.phase = 'free';
  }
}

/** [topic, partition, offset, ...] for the border. */
export function flat(rows: Iterable<TopicPartitionOffset | TopicPartition>, offset = 0): (string | number)[] {
  const out: (string | number)[] = [];
  for (const row of rows) out.push(row.topic, row.partition, 'offset' in row ? row.offset : offset);
  return out;
}
