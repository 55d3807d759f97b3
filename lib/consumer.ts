import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { type ConsumerRecord, type NativeConsumer, native } from '../binding/native.js';
import { Assignment, mustBeHeld, stateError } from './assignment.js';
import { type Consumed, Committer } from './committer.js';
import { type ConsumerConfig, type ConsumerSettings, normalizeConfig } from './config.js';
import { BatchIterator, Delivery, MessageIterator } from './delivery.js';
import { KafkaError, call, destroyed, errno, localError } from './errors.js';
import { Link } from './link.js';
import { type LogLine, parseLog } from './log.js';
import { Lookups } from './lookups.js';
import type { Message, MessageBatch } from './message.js';
import type {
  BatchOptions,
  RebalanceListener,
  SeekOptions,
  TimeoutOptions,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTimestamp,
} from './options.js';
import { type OffsetReset, OffsetResetter } from './offset-resetter.js';
import { type Partition, Partitions } from './partition.js';
import { Questions } from './questions.js';
import { Rebalancer } from './rebalancer.js';
import type { SeekTarget, SeekWish } from './seek-ledger.js';
import { Seeker, noGroup } from './seeker.js';
import * as check from './validate.js';

/** How long close() waits for the group, unless told otherwise. */
const CLOSE_TIMEOUT_MS = 30_000;
/** After that: for librdkafka's own end. */
const ABORT_TIMEOUT_MS = 1_000;

/** Reserved: there are none yet. */
export type ConsumerOptions = Record<string, never>;

export interface ConsumerEvents {
  /** An error that passes by itself, as a broker that is away. Without a listener it is dropped. */
  error: [error: KafkaError];
  /** A line of librdkafka's log. */
  log: [line: LogLine];
  /** librdkafka's statistics as JSON, every `statistics.interval.ms`. */
  statistics: [json: string];
  /** Partitions came, and deliver from now on. */
  assigned: [partitions: readonly TopicPartition[]];
  /** Partitions went, what was processed of them is committed. */
  revoked: [partitions: readonly TopicPartition[]];
  /** Partitions went without notice. */
  lost: [partitions: readonly TopicPartition[]];
  /** An offset was outside the log; delivery goes on where `auto.offset.reset` says. */
  offsetReset: [reset: OffsetReset];
}

/** For transactions alone. @param what as of commit() */
export let consumedBy: (consumer: Consumer, what: unknown) => Promise<Consumed>;

/**
 * Consumes messages, by `for await` or in `batches()`, and seeks. Its methods may be called at any time, from inside
 * the loop and from a rebalance listener too.
 *
 * A consumer keeps the process alive while something of it is waited for. `close()` it.
 */
export class Consumer extends EventEmitter<ConsumerEvents> implements AsyncIterable<Message>, AsyncDisposable {
  readonly #settings: ConsumerSettings;
  readonly #link: Link<ConsumerRecord, NativeConsumer>;
  readonly #lookups: Lookups;
  readonly #questions: Questions;
  readonly #partitions = new Partitions();
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #committer: Committer;
  readonly #delivery: Delivery;
  readonly #rebalancer: Rebalancer;
  readonly #resetter: OffsetResetter;
  #mode: 'none' | 'subscribed' | 'assigned' = 'none';
  #closing: Promise<void> | null = null;
  #fatal: KafkaError | null = null;

  static {
    consumedBy = (consumer, what) => consumer.#call('sendOffsets', () => consumer.#committer.consumed(what));
  }

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, `'group.id'`, ...
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: ConsumerConfig, options: ConsumerOptions = {}) {
    super();
    check.knownKeys(options, 'options', []);
    const { native: pairs, settings } = normalizeConfig('consumer', config);
    this.#settings = settings;
    // librdkafka assigns to members of a group only; this one is never joined.
    if (settings.groupId === undefined) pairs.push(['group.id', `seekafka-none-${randomUUID()}`]);
    this.#link = new Link<ConsumerRecord, NativeConsumer>(native.Consumer, pairs, (record) => this.#onRecord(record));
    const { handle } = this.#link;
    this.#lookups = new Lookups(pairs, settings.isolationLevel === 'read_committed', (record) => {
      if (record.type === 'error') this.#report(new KafkaError('client', record.error));
    });
    this.#questions = new Questions(this.#lookups, settings);
    this.#assignment = new Assignment(this.#link, this.#partitions);
    this.#seeker = new Seeker(this.#link, this.#partitions, this.#assignment, this.#lookups, settings);
    this.#committer = new Committer(this.#link, this.#partitions, settings, (error) => this.#report(error));
    this.#delivery = new Delivery(this.#partitions, {
      grant: (batches) => handle.grant(batches),
      alive: () => handle.alive(),
      hold: () => this.#link.hold(),
      release: () => this.#link.release(),
    });
    const events = {
      fail: (error: unknown) => this.#fail(error),
      report: (error: unknown) => this.#report(error),
      told: (event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]) => {
        this.emit(event, partitions);
      },
      reset: (reset: OffsetReset) => void this.emit('offsetReset', reset),
    };
    this.#rebalancer = new Rebalancer(
      this.#partitions,
      this.#assignment,
      this.#seeker,
      this.#committer,
      settings,
      events,
    );
    this.#resetter = new OffsetResetter(this.#assignment, this.#seeker, settings, events);
  }

  /**
   * Joins the group for these topics, instead of those subscribed before. Takes effect with the next rebalance; resolves
   * when librdkafka has taken it. (rd_kafka_subscribe)
   *
   * @param topics names, and patterns that a topic's whole name or a part of it matches
   * @param listener stays until the next subscribe
   * @throws KafkaError ERR__UNKNOWN_GROUP without `group.id`, ERR__STATE after assign()
   */
  subscribe(topics: string | RegExp | readonly (string | RegExp)[], listener: RebalanceListener = {}): Promise<void> {
    return this.#call('subscribe', async () => {
      const names = check.topics(topics);
      const callbacks = check.rebalanceListener(listener);
      if (this.#settings.groupId === undefined) throw noGroup('subscribe');
      this.#enterMode('subscribe', 'subscribed');
      this.#rebalancer.listener = callbacks;
      this.#lookups.warmUp();
      await this.#link.request('subscribe', (id) => this.#link.handle.subscribe(id, names));
    });
  }

  /**
   * Leaves the group, or gives back what was assigned by hand. Resolves when nothing is assigned any more.
   * (rd_kafka_unsubscribe, rd_kafka_assign)
   */
  unsubscribe(): Promise<void> {
    return this.#call('unsubscribe', async () => {
      if (this.#mode === 'assigned') {
        await this.#rebalancer.unassign();
      } else if (this.#mode === 'subscribed') {
        await this.#link.request('unsubscribe', (id) => this.#link.handle.unsubscribe(id));
        while (this.#partitions.held.length) await this.#rebalancer.nextChange();
      }
      this.#mode = 'none';
    });
  }

  /**
   * Takes these partitions, without a group's say, instead of those assigned before; those that stay go on where they
   * are. A partition starts at the offset given, else at the committed one (with `group.id`), else where
   * `auto.offset.reset` says. Resolves when they deliver. (rd_kafka_assign)
   *
   * @throws KafkaError ERR__STATE after subscribe()
   */
  assign(partitions: readonly (TopicPartition | TopicPartitionOffset)[]): Promise<void> {
    return this.#call('assign', async () => {
      const targets = check.assignTargets(partitions);
      this.#enterMode('assign', 'assigned');
      await this.#rebalancer.assign(targets);
    });
  }

  /** The partitions that this consumer holds now. */
  get assignment(): readonly TopicPartition[] {
    return this.#partitions.held.map((p) => p.row());
  }

  /**
   * The messages, one by one. A message counts as processed when the loop asks for the one after it. Leaving the loop
   * leaves the consumer usable: a later loop goes on with the next message. Ends when the consumer is closed.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message> {
    return new MessageIterator(this.#delivery);
  }

  /**
   * The messages in batches as they were fetched: the fast way. A batch counts as processed when the loop asks for the
   * one after it.
   */
  batches(options: BatchOptions = {}): AsyncIterableIterator<MessageBatch> {
    return new BatchIterator(this.#delivery, () => check.batchOptions(options));
  }

  /**
   * Goes to absolute offsets. From the call on nothing is delivered of these partitions until it has taken effect;
   * then the first message at or after the offset comes. Waits for an assignment where there is none, or a rebalance is
   * going on.
   *
   * An offset outside of the log follows `auto.offset.reset`, and is told by the event `offsetReset`.
   * (rd_kafka_seek_partitions; before the assignment rd_kafka_assign)
   *
   * @param to each partition once
   * @param options `timeoutMs` of the whole call (without it, it waits for an assignment as long as it takes, and for
   * brokers for `socket.timeout.ms`); `signal` to withdraw it
   * @returns the positions now in force
   * @throws KafkaError ERR__STATE for partitions that are not assigned (`error.partitions`; the others are sought),
   * ERR__TIMED_OUT, ERR__DESTROY
   */
  seek(
    to: TopicPartitionOffset | readonly TopicPartitionOffset[],
    options: SeekOptions = {},
  ): Promise<TopicPartitionOffset[]> {
    return this.#seek('seek', options, () => {
      const targets = check.seekTargets(to);
      const entries = targets.map(({ topic, partition, offset }): [Partition, SeekTarget] => [
        this.#partitions.get(topic, partition),
        { kind: 'offset', offset },
      ]);
      return { whole: false, targets: new Map(entries.map(([p, target]) => [p.key, target])) };
    });
  }

  /**
   * Goes to the earliest offset that the log holds. Options and errors as of seek().
   *
   * @param partitions default: the whole assignment, or the next one where there is none
   */
  seekToBeginning(partitions?: readonly TopicPartition[], options: SeekOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekToBeginning', options, () => this.#wish({ kind: 'beginning' }, partitions));
  }

  /**
   * Goes to the end of the log as it is at the call (where it has to wait for an assignment: as it is then), with
   * `isolation.level` respected: what is produced after the promise has resolved will come. Options and errors as of
   * seek().
   *
   * @param partitions default: the whole assignment, or the next one where there is none
   */
  seekToEnd(partitions?: readonly TopicPartition[], options: SeekOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekToEnd', options, () => this.#wish({ kind: 'end' }, partitions));
  }

  /**
   * Goes to the first message at or after a time, to the end where there is none. Options and errors as of seek().
   *
   * @param timestamp milliseconds since the Unix epoch, or a Date
   * @param partitions default: the whole assignment, or the next one where there is none
   */
  seekToTimestamp(
    timestamp: number | Date,
    partitions?: readonly TopicPartition[],
    options: SeekOptions = {},
  ): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekToTimestamp', options, () =>
      this.#wish({ kind: 'timestamp', timestamp: check.timestamp(timestamp) }, partitions),
    );
  }

  /**
   * Goes to the committed offset, where there is none to where `auto.offset.reset` says. Options and errors as of
   * seek().
   *
   * @param partitions default: the whole assignment, or the next one where there is none
   */
  seekToCommitted(partitions?: readonly TopicPartition[], options: SeekOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekToCommitted', options, () => this.#wish({ kind: 'committed' }, partitions));
  }

  /**
   * The offset of the next message to deliver, of each partition. It is this consumer's own: what librdkafka has fetched
   * ahead is beyond it.
   *
   * @param partitions default: the whole assignment
   * @throws KafkaError ERR__STATE for partitions that are not assigned
   */
  position(partitions?: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return this.#call('position', async () => {
      const asked = this.#asked(partitions);
      await this.#rebalancer.ensurePositions(asked.filter((p) => p.held));
      mustBeHeld('position', asked);
      const unknown = asked.filter((p) => p.position === null);
      if (unknown.length) throw stateError('position', unknown, 'where it starts could not be found out yet');
      return asked.map((p) => p.at(p.position!));
    });
  }

  /**
   * Commits. (rd_kafka_commit_queue)
   *
   * @param what a message or a batch: up to and with it; offsets: these, the next to read each; default: everything
   * that was processed
   * @throws KafkaError ERR__UNKNOWN_GROUP without `group.id`; otherwise as the broker says, by partition
   */
  commit(what?: Message | MessageBatch | readonly TopicPartitionOffset[]): Promise<void> {
    return this.#call('commit', async () => {
      await this.#committer.commit('commit', this.#committer.offsetsOf(what));
    });
  }

  /**
   * What the group has committed: -1 where nothing is. (rd_kafka_ListConsumerGroupOffsets)
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: `socket.timeout.ms`
   */
  committed(partitions?: readonly TopicPartition[], options: TimeoutOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#call('committed', async () => {
      const asked = this.#asked(partitions);
      const { timeoutMs } = check.timeoutOptions(options);
      return this.#questions.committed(asked, timeoutMs);
    });
  }

  /** The earliest offset of each log. Default: of the whole assignment. (rd_kafka_ListOffsets) */
  beginningOffsets(partitions?: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return this.#bounds('beginningOffsets', 'earliest', partitions);
  }

  /**
   * The offset after the last message of each log, with `isolation.level` respected. Default: of the whole assignment.
   * (rd_kafka_ListOffsets)
   */
  endOffsets(partitions?: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> {
    return this.#bounds('endOffsets', 'latest', partitions);
  }

  /**
   * The offset of the first message at or after a time, of each partition; -1 past the last message.
   * (rd_kafka_ListOffsets)
   */
  offsetsForTimes(query: readonly TopicPartitionTimestamp[]): Promise<TopicPartitionOffset[]> {
    return this.#call('offsetsForTimes', async () =>
      this.#questions.forTimes('offsetsForTimes', check.timestampQueries(query)),
    );
  }

  /** How many offsets lie between the position and the end of the log, of each partition held. */
  lag(): Promise<(TopicPartition & { lag: number })[]> {
    return this.#call('lag', async () => {
      const held = this.#partitions.held;
      await this.#rebalancer.ensurePositions(held);
      const ends = await this.#questions.bounds('lag', 'latest', held);
      return held.map((p, i) => ({ ...p.row(), lag: Math.max(0, ends[i]!.offset - (p.position ?? 0)) }));
    });
  }

  /**
   * Delivers nothing of these partitions from now on, what was fetched before included. They stay paused through seeks,
   * and through rebalances that give them back. (rd_kafka_pause_partitions)
   *
   * @param partitions default: the whole assignment
   * @throws KafkaError ERR__STATE for partitions that are not assigned
   */
  pause(partitions?: readonly TopicPartition[]): void {
    this.#setPaused('pause', partitions, true);
  }

  /**
   * Delivers again, from where the partition stands or was sought to. (rd_kafka_resume_partitions)
   *
   * @param partitions default: the whole assignment
   * @throws KafkaError ERR__STATE for partitions that are not assigned
   */
  resume(partitions?: readonly TopicPartition[]): void {
    this.#setPaused('resume', partitions, false);
  }

  /** The partitions that are paused. */
  get paused(): readonly TopicPartition[] {
    return this.#partitions.held.filter((p) => p.paused).map((p) => p.row());
  }

  /**
   * Ends iterators, rejects what waits with ERR__DESTROY, commits what was processed, leaves the group and lets go of
   * everything. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000: after it the group is not waited for any more, but learns of the
   * departure by its session time-out
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = check.timeoutOptions(options);
      await (this.#closing ??= this.#close(timeoutMs));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(timeoutMs: number): Promise<void> {
    const { handle } = this.#link;
    this.#delivery.end();
    this.#seeker.end(destroyed);
    this.#rebalancer.close();
    this.#lookups.end();
    this.#committer.stop();
    let timer = setTimeout(() => {
      handle.abort();
      // librdkafka may still wait for commits that nobody answers.
      timer = setTimeout(() => this.#link.abandon(), ABORT_TIMEOUT_MS);
    }, timeoutMs);
    this.#link.hold();
    try {
      // By hand, nothing is revoked at the end that would commit.
      if (this.#mode === 'assigned') {
        await Promise.race([this.#rebalancer.unassign(), this.#link.closed]).catch((e: unknown) => this.#report(e));
      }
      await this.#link.close();
    } finally {
      clearTimeout(timer);
      this.#link.release();
    }
    await this.#lookups.close();
  }

  /** Every public method that takes part in the client's life. */
  #call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return call(async () => {
      if (this.#closing && !this.#rebalancer.inListener) throw destroyed(operation);
      if (this.#fatal) throw this.#fatal;
      return await work();
    });
  }

  #seek(operation: string, options: SeekOptions, wish: () => SeekWish): Promise<TopicPartitionOffset[]> {
    return this.#call(operation, async () => {
      const checked = wish();
      const limits = check.seekOptions(options);
      if (this.#closing) throw destroyed(operation);
      return this.#seeker.seek(operation, checked, limits, () => this.#rebalancer.seekWaits());
    });
  }

  #wish(target: SeekTarget, partitions?: readonly TopicPartition[]): SeekWish {
    if (partitions === undefined) return { whole: true, target };
    const asked = this.#asked(partitions);
    return { whole: false, targets: new Map(asked.map((p) => [p.key, target])) };
  }

  #asked(partitions?: readonly TopicPartition[]): readonly Partition[] {
    if (partitions === undefined) return this.#partitions.held;
    return check.topicPartitions(partitions).map(({ topic, partition }) => this.#partitions.get(topic, partition));
  }

  #bounds(
    operation: string,
    spec: 'earliest' | 'latest',
    partitions?: readonly TopicPartition[],
  ): Promise<TopicPartitionOffset[]> {
    return this.#call(operation, async () => {
      const asked = partitions === undefined ? this.#partitions.held : check.topicPartitions(partitions);
      return this.#questions.bounds(operation, spec, asked);
    });
  }

  #setPaused(operation: string, partitions: readonly TopicPartition[] | undefined, paused: boolean): void {
    const asked = this.#asked(partitions);
    if (this.#closing) throw destroyed(operation);
    this.#assignment.setPaused(operation, asked, paused).catch((error: unknown) => {
      if (!this.#closing) this.#report(error);
    });
  }

  #enterMode(operation: string, mode: 'subscribed' | 'assigned'): void {
    if (this.#mode !== 'none' && this.#mode !== mode) {
      const other = mode === 'assigned' ? 'subscribe()' : 'assign()';
      throw localError(operation, errno.state, `${operation}: ${other} is in force: unsubscribe() first`);
    }
    this.#mode = mode;
  }

  #onRecord(record: Exclude<ConsumerRecord, { type: 'reply' | 'closed' }>): void {
    switch (record.type) {
      case 'batch':
        this.#delivery.push(record);
        break;
      case 'rebalance':
        this.#rebalancer.onEvent(record);
        break;
      case 'error':
        this.#onError(new KafkaError('client', record.error), record.rows?.[0]);
        break;
      case 'log':
        this.emit('log', parseLog(record.text));
        break;
      case 'stats':
        this.emit('statistics', record.text);
        break;
    }
  }

  #onError(error: KafkaError, row?: TopicPartitionOffset): void {
    if (error.fatal) {
      this.#fatal = error;
      this.#delivery.fail(error, true);
      this.#seeker.end(() => error);
      return;
    }
    const p = row && this.#partitions.find(row);
    if (error.errno === errno.autoOffsetReset && p) this.#resetter.onOutOfRange(p, row.offset);
    else this.#report(error);
  }

  /** Ends the iterator with the error: the next step of it rejects. */
  #fail(error: unknown): void {
    if (!this.#closing) this.#delivery.fail(error);
  }

  /** A passing error never ends the process for want of a listener. */
  #report(error: unknown): void {
    if (this.listenerCount('error') === 0) return;
    this.emit('error', error as KafkaError);
  }
}
