// What was processed, and its commits: by hand, by the timer, on revoke and on close. librdkafka's own auto-commit is
// off, because it never commits an offset below the last one, and a seek back would be forgotten.

import type { NativeMember } from '../binding/native.js';
import type { ConsumerLink } from './assignment.js';
import type { ConsumerSettings } from './config.js';
import { errno, localError, throwRowErrors } from './errors.js';
import { PackedBatch, PackedMessage } from './message.js';
import type { TopicPartitionOffset } from './options.js';
import { type Partition, type Partitions, flat } from './partition.js';
import { noGroup } from './seeker.js';
import * as check from './validate.js';

/** What a transaction commits for a consumer, and for which member of its group. */
export interface Consumed {
  offsets: readonly TopicPartitionOffset[];
  member: NativeMember;
}

export class Committer {
  readonly #link: ConsumerLink;
  readonly #partitions: Partitions;
  readonly #settings: ConsumerSettings;
  #timer: NodeJS.Timeout | undefined;

  constructor(link: ConsumerLink, partitions: Partitions, settings: ConsumerSettings, onError: (e: unknown) => void) {
    this.#link = link;
    this.#partitions = partitions;
    this.#settings = settings;
    const { groupId, enableAutoCommit, autoCommitIntervalMs } = settings;
    if (groupId !== undefined && enableAutoCommit && autoCommitIntervalMs > 0) {
      this.#timer = setInterval(() => {
        this.commitProcessed('commit').catch(onError);
      }, autoCommitIntervalMs).unref();
    }
  }

  /** Whether revocation and close commit what was processed. */
  get automatic(): boolean {
    return this.#settings.groupId !== undefined && this.#settings.enableAutoCommit;
  }

  /** Commits what was processed and is not committed yet. */
  async commitProcessed(operation: string, partitions?: readonly Partition[]): Promise<void> {
    await this.commit(operation, this.#processed(partitions));
  }

  async commit(operation: string, offsets: readonly TopicPartitionOffset[]): Promise<void> {
    if (this.#settings.groupId === undefined) throw noGroup(operation);
    if (offsets.length === 0) return;
    const rows = await this.#link.request(operation, (id) => this.#link.handle.commit(id, flat(offsets)));
    for (const row of rows) {
      const p = this.#partitions.find(row);
      if (p && !row.error) p.committed = row.offset;
    }
    throwRowErrors(operation, rows);
  }

  /** What commit() is given, as offsets; nothing given: what was processed and is not committed yet. */
  offsetsOf(what: unknown): readonly TopicPartitionOffset[] {
    if (what === undefined) return this.#processed();
    if (what instanceof PackedBatch) return what.ends().map(({ source, offset }) => source.at(offset));
    if (what instanceof PackedMessage) {
      const { topic, partition, offset } = what;
      return [{ topic, partition, offset: offset + 1 }];
    }
    if (Array.isArray(what)) return check.topicPartitionOffsets(what, 'what');
    throw check.typeError('what', 'a message or a batch of this package, or [{ topic, partition, offset }]', what);
  }

  /** For a transaction, which commits instead. */
  async consumed(what: unknown): Promise<Consumed> {
    if (this.#settings.groupId === undefined) throw noGroup('sendOffsets');
    if (this.#settings.enableAutoCommit) {
      const expected = "expected one with 'enable.auto.commit' false, else it commits outside of transactions";
      throw new TypeError(`consumer: ${expected}`);
    }
    const offsets = this.offsetsOf(what);
    mustBeOurs(what);
    const { member } = await this.#link.ask('sendOffsets', (id) => this.#link.handle.member(id));
    mustBeOurs(what); // else the member that it is now would answer for what it was given before
    return { offsets, member: member! };
  }

  #processed(partitions: readonly Partition[] = this.#partitions.held): TopicPartitionOffset[] {
    return partitions.flatMap((p) => (p.processed !== null && p.processed !== p.committed ? [p.at(p.processed)] : []));
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

function mustBeOurs(what: unknown): void {
  if (!(what instanceof PackedBatch) || what.ends().every(({ source, lineage }) => source.lineage === lineage)) return;
  const text = 'sendOffsets: a partition of the batch was sought or taken away since it was handed out';
  throw localError('sendOffsets', errno.state, text);
}
