// What was processed, and its commits: by hand, by the timer, on revoke and on close. librdkafka's own auto-commit is
// off, because it never commits an offset below the last one, and a seek back would be forgotten.

import type { TopicPartitionOffset, WaitOptions } from '../arguments/options.js';
import { type PartitionKey, flat, keyOf, topicPartitionOffsets } from '../arguments/partitions.js';
import { isArray, typeError } from '../arguments/values.js';
import { type ConsumerLink, mustBeHeld, stateError } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type DiagnosticsEvent, commits, traced } from '../client/diagnostics.js';
import { clearInterval, whileAlive } from '../client/timers.js';
import type { Consumed } from '../client/transactional.js';
import type { ConsumerSettings } from '../config/config.js';
import {
  errno,
  isDestroyed,
  localError,
  namingGroup,
  noGroup,
  ofGroup,
  partitionsError,
  throwRowErrors,
} from '../errors.js';
import { PackedBatch } from './batch.js';
import { PackedMessage } from './message.js';

/** From where what was given was handed out, and when. */
interface Origin {
  readonly source: Partition;
  readonly stint: number;
  readonly lineage: number;
}

/** What commit() was given, which is read once. */
interface Asked {
  readonly offsets: readonly TopicPartitionOffset[];
  readonly origins: readonly Origin[];
}

/** Partitions that were taken away since. */
const goneOf = ({ origins }: Asked): Partition[] =>
  origins.filter(({ source, stint }) => !source.held || source.stint !== stint).map(({ source }) => source);

/** Partitions that were sought, or taken away, since. */
const soughtOf = ({ origins }: Asked): Partition[] =>
  origins.filter(({ source, lineage }) => source.lineage !== lineage).map(({ source }) => source);

/** What of its client it needs. */
interface CommitterClient {
  readonly link: ConsumerLink;
  readonly about: DiagnosticsEvent;
  report(error: unknown): void;
}

export class Committer {
  readonly #client: CommitterClient;
  readonly #link: ConsumerLink;
  readonly #partitions: Partitions;
  readonly #settings: ConsumerSettings;
  readonly #onCommitted: (p: Partition, offset: number) => void;
  /** What the end of the client has kept from being committed. */
  readonly #cut = new Map<PartitionKey, TopicPartitionOffset>();
  #timer: NodeJS.Timeout | undefined;
  #timerCommits = false;
  /** Whether this consumer is a member of its group: then it commits for what it holds only. */
  isMember = false;

  constructor(
    client: CommitterClient,
    partitions: Partitions,
    settings: ConsumerSettings,
    onCommitted: (p: Partition, offset: number) => void,
  ) {
    this.#client = client;
    this.#link = client.link;
    this.#partitions = partitions;
    this.#settings = settings;
    this.#onCommitted = onCommitted;
    const { autoCommitIntervalMs } = settings;
    if (this.automatic && autoCommitIntervalMs > 0) {
      // The callback reaches the committer by its argument alone, or the timer would keep the consumer alive.
      this.#timer = whileAlive(this, autoCommitIntervalMs, (committer) => void committer.#onTimer());
    }
  }

  /** Whether the timer, revocation and close commit what was processed. */
  get automatic(): boolean {
    return this.#settings.groupId !== undefined && this.#settings.enableAutoCommit;
  }

  /** Commits what was processed and is not committed yet. */
  async commitProcessed(operation: string, partitions?: readonly Partition[]): Promise<void> {
    const offsets = this.#processed(partitions);
    try {
      await this.#commit(operation, offsets, {}, true);
    } catch (error) {
      if (!isDestroyed(error)) throw error;
      for (const row of offsets) this.#cut.set(keyOf(row.topic, row.partition), row);
    }
  }

  /** The client has ended: tells what was processed and could not be committed in time. */
  tellCut(): void {
    if (this.automatic) for (const row of this.#processed()) this.#cut.set(keyOf(row.topic, row.partition), row);
    if (this.#cut.size === 0) return;
    const text = 'what was processed is not committed: the client has ended before, and it will be delivered again';
    const error = localError('close', errno.destroy, text);
    this.#client.report(
      partitionsError(
        'close',
        [...this.#cut.values()].map(({ topic, partition }) => ({ topic, partition, error })),
      ),
    );
  }

  /** Commits what commit() was given; nothing given: what was processed and is not committed yet. */
  async commit(operation: string, what: unknown, limits: WaitOptions): Promise<void> {
    const asked = this.#asked(what);
    const { offsets } = asked;
    const gone = goneOf(asked);
    if (this.#settings.groupId === undefined) throw noGroup(operation);
    if (gone.length) throw stateError(operation, gone, 'taken away since it was handed out');
    if (this.isMember) this.#mustBeHeld(operation, offsets);
    await this.#commit(operation, offsets, limits, false);
  }

  /** For a transaction, which commits instead. */
  async consumed(what: unknown): Promise<Consumed> {
    if (this.#settings.groupId === undefined) throw noGroup('sendOffsets');
    if (this.#settings.enableAutoCommit) {
      const expected = "expected one with 'enable.auto.commit' false, else it commits outside of transactions";
      throw new TypeError(`consumer: ${expected}`);
    }
    const asked = this.#asked(what);
    const { offsets } = asked;
    this.#mustBeOurs(asked);
    const { member } = await this.#link.ask('sendOffsets', (id) => this.#link.handle.member(id));
    // Once more: else the member that it is now would answer for what it was given before.
    this.#mustBeOurs(asked);
    return { offsets, member: member!, committed: () => this.#know(offsets) };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #onTimer(): Promise<void> {
    if (this.#timerCommits) return; // the answer to the last one is waited for; or they would pile up
    this.#timerCommits = true;
    try {
      await this.commitProcessed('commit');
    } catch (error) {
      this.#client.report(error);
    } finally {
      this.#timerCommits = false;
    }
  }

  async #commit(
    operation: string,
    offsets: readonly TopicPartitionOffset[],
    limits: WaitOptions,
    automatic: boolean,
  ): Promise<void> {
    if (offsets.length === 0) return;
    await traced(
      commits,
      () => ({ ...this.#client.about, offsets, automatic }),
      () => this.#ask(operation, offsets, limits),
    );
  }

  async #ask(operation: string, offsets: readonly TopicPartitionOffset[], limits: WaitOptions): Promise<void> {
    const { timeoutMs = this.#settings.socketTimeoutMs, signal } = limits;
    const late = 'the coordinator does not answer; the commit may still take effect';
    const send = (id: number) => this.#link.handle.commit(id, flat(offsets));
    const group = this.#settings.groupId!;
    const rows = await ofGroup(operation, group, this.#link.request(operation, send, { timeoutMs, signal, late }));
    this.#know(rows.filter(({ error }) => !error));
    throwRowErrors(
      operation,
      rows.map((row) => (row.error ? { ...row, error: namingGroup(row.error, group) } : row)),
    );
  }

  #know(offsets: readonly TopicPartitionOffset[]): void {
    for (const row of offsets) {
      const p = this.#partitions.find(row);
      if (p) this.#onCommitted(p, row.offset);
    }
  }

  #asked(what: unknown): Asked {
    if (what === undefined) return { offsets: this.#processed(), origins: [] };
    if (PackedBatch.isOne(what)) {
      const origins = what.ends();
      return { offsets: origins.map(({ source, offset }) => source.at(source.behind(offset))), origins };
    }
    if (PackedMessage.isOne(what)) {
      const origin = PackedMessage.originOf(what);
      const { source } = origin;
      return { offsets: [source.at(source.behind(PackedMessage.offsetOf(what) + 1))], origins: [origin] };
    }
    if (isArray(what)) return { offsets: topicPartitionOffsets(what, 'what'), origins: [] };
    const expected =
      'a message or a batch of this package (itself: no copy, no proxy), or [{ topic, partition, offset }]';
    throw typeError('what', expected, what);
  }

  #mustBeHeld(operation: string, offsets: readonly TopicPartitionOffset[]): void {
    mustBeHeld(
      operation,
      offsets.map(({ topic, partition }) => this.#partitions.look(topic, partition)),
    );
  }

  #mustBeOurs(asked: Asked): void {
    if (this.isMember) this.#mustBeHeld('sendOffsets', asked.offsets);
    const sought = soughtOf(asked);
    if (sought.length) throw stateError('sendOffsets', sought, 'sought or taken away since it was handed out');
  }

  #processed(partitions: readonly Partition[] = this.#partitions.held): TopicPartitionOffset[] {
    return partitions.flatMap((p) => (p.processed !== null && p.processed !== p.committed ? [p.at(p.processed)] : []));
  }
}
