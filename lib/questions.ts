// What is asked of brokers and moves nothing: the offsets of logs and of the group. Partitions fail one by one, and are
// told together.

import type { ConsumerSettings } from './config.js';
import { partitionsError } from './errors.js';
import type { Looked, Lookups } from './lookups.js';
import type { TopicPartition, TopicPartitionOffset, TopicPartitionTimestamp } from './options.js';
import { noGroup } from './seeker.js';

export class Questions {
  readonly #lookups: Lookups;
  readonly #settings: ConsumerSettings;

  constructor(lookups: Lookups, settings: ConsumerSettings) {
    this.#lookups = lookups;
    this.#settings = settings;
  }

  /** What the group has committed: -1 where nothing is. */
  async committed(
    partitions: readonly TopicPartition[],
    timeoutMs = this.#settings.socketTimeoutMs,
  ): Promise<TopicPartitionOffset[]> {
    const { groupId } = this.#settings;
    if (groupId === undefined) throw noGroup('committed');
    const looked = await this.#lookups.committed('committed', groupId, partitions, { timeoutMs });
    return offsetsOrThrow('committed', partitions, looked);
  }

  /** The beginning or the end of each log. */
  bounds(
    operation: string,
    spec: 'earliest' | 'latest',
    partitions: readonly TopicPartition[],
  ): Promise<TopicPartitionOffset[]> {
    return this.#listed(
      operation,
      partitions.map(({ topic, partition }) => ({ topic, partition, spec })),
    );
  }

  /** The first offset at or after a time: -1 past the last message. */
  forTimes(operation: string, queries: readonly TopicPartitionTimestamp[]): Promise<TopicPartitionOffset[]> {
    return this.#listed(
      operation,
      queries.map(({ topic, partition, timestamp }) => ({ topic, partition, spec: timestamp })),
    );
  }

  async #listed(
    operation: string,
    queries: readonly (TopicPartition & { spec: 'earliest' | 'latest' | number })[],
  ): Promise<TopicPartitionOffset[]> {
    const looked = await this.#lookups.listOffsets(operation, queries, { timeoutMs: this.#settings.socketTimeoutMs });
    return offsetsOrThrow(operation, queries, looked);
  }
}

function offsetsOrThrow(
  operation: string,
  asked: readonly TopicPartition[],
  looked: readonly Looked[],
): TopicPartitionOffset[] {
  const failed = looked.flatMap((answer, i) => {
    const { topic, partition } = asked[i]!;
    return 'error' in answer ? [{ topic, partition, error: answer.error }] : [];
  });
  if (failed.length) throw partitionsError(operation, failed);
  return looked.map((answer, i) => {
    const { topic, partition } = asked[i]!;
    return { topic, partition, offset: (answer as { offset: number }).offset };
  });
}
