import * as check from '../arguments/consumer.js';
import { clientOptions } from '../arguments/login.js';
import type {
  BatchOptions,
  EndOptions,
  ReadOptions,
  RebalanceListener,
  SeekOptions,
  TimeoutOptions,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTimestamp,
  WaitOptions,
} from '../arguments/options.js';
import {
  type PartitionKey,
  assignTargets,
  keyOf,
  placeOf,
  seekTargets,
  timestampQueries,
  topicPartitions,
  topicString,
} from '../arguments/partitions.js';
import { decoders } from '../arguments/serdes.js';
import { timeoutOptions, timestamp as checkTimestamp, typeError, waitOptions } from '../arguments/values.js';
import { mustBeHeld, stateError } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import { Client } from '../client/client.js';
import { CLOSE_TIMEOUT_MS } from '../client/client-core.js';
import { connectBy } from '../client/connecting.js';
import { connects, seeks, traced } from '../client/diagnostics.js';
import { now } from '../client/timers.js';
import { type Consumed, consumedForTransaction } from '../client/transactional.js';
import { type ConsumerConfig, normalizeConfig } from '../config/config.js';
import { call, destroyed, errno, isDestroyed, localError, noGroup } from '../errors.js';
import { type LogPlace, type LookupLimits, offsetsOrThrow } from '../lookups/lookups.js';
import type { SeekTarget, SeekWish } from '../seek/ledger.js';
import type { MessageBatch } from './batch.js';
import { ConsumerCore } from './consumer-core.js';
import type { ConsumerEvents, ConsumerHealth, ConsumerOptions } from './consumer-options.js';
import { BatchIterator, MessageIterator } from './iterators.js';
import { type Message, PackedMessage } from './message.js';
import type { MessageHandler, ProcessOptions } from './process-options.js';
import type { Read } from './read.js';

/**
 * Consumes messages, by `for await` or in `batches()`, and seeks. Its methods may be called at any time, from inside
 * the loop and from a rebalance listener too.
 *
 * A consumer keeps the process alive while something of it is waited for. `close()` it.
 *
 * @typeParam V what values are, where they are not `null`: what `deserializer.value` gives
 * @typeParam K what keys are, where they are not `null`: what `deserializer.key` gives
 */
export class Consumer<V = Buffer, K = Buffer> extends Client<ConsumerEvents> implements AsyncIterable<Message<V, K>> {
  readonly #core: ConsumerCore;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, `'group.id'`, ...
   * @param options `oauthBearerToken`, `logger`, `stalledAfterMs`, `deserializer`
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: ConsumerConfig, options: ConsumerOptions<V, K> = {}) {
    const { oauthBearerToken, logger } = clientOptions(options, ['stalledAfterMs', 'deserializer']);
    const stalledAfterMs = check.stalledAfterMs(options.stalledAfterMs);
    const decode = decoders(options.deserializer);
    const { native: pairs, settings } = normalizeConfig('consumer', config, oauthBearerToken !== undefined);
    super();
    const given = { oauthBearerToken, logger, stalledAfterMs, decoders: decode };
    this.#core = new ConsumerCore(this, pairs, settings, given);
  }

  /**
   * Resolves as soon as a broker answers. Never needed: every call connects by itself. It shows early what is wrong with the
   * configuration: it rejects as soon as all brokers are known to be down, or a second after one has refused the client.
   * (rd_kafka_metadata of no topic, on the handle for questions)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @throws KafkaError with the code and the words of the reason, which is its `cause`: ERR__AUTHENTICATION (login, token), ERR__SSL
   * (certificate), ERR__TRANSPORT, ERR__RESOLVE, ...; ERR__TIMED_OUT. A later call tries again
   */
  connect(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('connect', async () => {
      const limits = this.#limits(options);
      const ask = (ended: AbortSignal) => this.#core.lookups.ready(limits.timeoutMs, ended);
      await traced(
        connects,
        () => ({ ...this.#core.life.about }),
        () => connectBy(this.#core.life.over, ask, limits),
      );
    });
  }

  /**
   * Logs in with this name and password from the next connection on, for passwords that change. Connections that there are stay.
   * (rd_kafka_sasl_set_credentials)
   *
   * @throws TypeError, RangeError for what is no name or password. KafkaError ERR__NOT_CONFIGURED where the client logs in by no
   * password (PLAIN, SCRAM), ERR__DESTROY
   */
  setSaslCredentials(username: string, password: string): void {
    this.#core.lookups.setSaslCredentials(
      ...this.#core.life.setSaslCredentials(this.#core.settings.login, username, password),
    );
  }

  /**
   * Joins the group for these topics, instead of those subscribed before. Takes effect with the next rebalance; resolves
   * when librdkafka has taken it; what librdkafka refuses leaves the subscription before it in force, with its listener. Of
   * calls of subscribe(), assign() and unsubscribe() that are not waited for, each begins when the one before it has ended.
   * (rd_kafka_subscribe)
   *
   * @param topics names, and patterns that a topic's whole name or a part of it matches
   * @param listener stays until the next subscribe
   * @throws KafkaError ERR__UNKNOWN_GROUP without `group.id`, ERR__STATE after assign(), ERR__DESTROY once the consumer closes,
   * in a listener too
   */
  subscribe(topics: string | RegExp | readonly (string | RegExp)[], listener: RebalanceListener = {}): Promise<void> {
    return this.#core.runOpen('subscribe', async () => {
      const names = check.topics(topics);
      const callbacks = check.rebalanceListener(listener);
      if (this.#core.settings.groupId === undefined) throw noGroup('subscribe');
      this.#core.lookups.warmUp();
      if (this.#core.membership.leaving) this.#core.rebalancer.waitsForRebalance();
      const { link } = this.#core.life;
      // The reply comes before the first event of the new subscription. What librdkafka refuses replaces nothing.
      const subscribed = this.#core.membership.subscribe(
        () => link.request('subscribe', (id) => link.handle.subscribe(id, names)),
        () => {
          this.#core.rebalancer.listener = callbacks;
          this.#core.committer.isMember = true;
        },
      );
      await this.#core.wait('subscribe', subscribed, {});
    });
  }

  /**
   * Leaves the group, or gives back what was assigned by hand. Resolves when nothing is assigned any more.
   * (rd_kafka_unsubscribe, rd_kafka_assign)
   *
   * @param options `timeoutMs`, default: as long as it takes; `signal`. Either ends the wait, not the departure
   * @throws KafkaError ERR__TIMED_OUT
   */
  unsubscribe(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('unsubscribe', async () => {
      const limits = waitOptions(options);
      this.#core.rebalancer.waitsForRebalance();
      const left = this.#core.membership.leave((mode) =>
        mode === 'assigned' ? this.#core.rebalancer.unassign() : this.#core.leaveGroup(),
      );
      await this.#core.wait('unsubscribe', left, limits);
    });
  }

  /**
   * Takes these partitions, without a group's say, instead of those assigned before; those that stay go on where they
   * are. A partition starts at the offset given, else at the committed one (with `group.id`), else where
   * `auto.offset.reset` says. Resolves when they deliver. (rd_kafka_assign)
   *
   * @throws KafkaError ERR__STATE after subscribe(), ERR__DESTROY once the consumer closes, in a listener too
   */
  assign(partitions: readonly (TopicPartition | TopicPartitionOffset)[]): Promise<void> {
    return this.#core.runOpen('assign', async () => {
      const targets = assignTargets(partitions);
      this.#core.rebalancer.waitsForRebalance();
      await this.#core.wait(
        'assign',
        this.#core.membership.assign(() => this.#core.rebalancer.assign(targets)),
        {},
      );
    });
  }

  /** The partitions that this consumer holds now. */
  get assignment(): readonly TopicPartition[] {
    return this.#core.partitions.held.map((p) => p.row());
  }

  /**
   * The messages, one by one. A message counts as processed when the loop asks for the one after it. Leaving the loop
   * leaves the consumer usable: a later loop goes on with the next message. Ends when the consumer is closed.
   */
  [Symbol.asyncIterator](): AsyncIterator<Message<V, K>> {
    return new MessageIterator(this.#core.delivery) as AsyncIterator<Message<unknown, unknown>> as AsyncIterator<
      Message<V, K>
    >;
  }

  /**
   * The messages, one by one, up to where the read ends. A message counts as processed when the loop asks for the one after
   * it, also where there is none any more.
   *
   * @param options `until`: where it ends, in each partition; default: it does not. It ends there too where nothing is
   * delivered before it: an empty log, markers of transactions, aborted or compacted messages, a log start that has moved. A
   * seek in the loop counts, back and forth. Before the first assignment the read waits for it; partitions that are revoked
   * leave it, those that come join it (with `'end'`: the end that they have then). `signal` ends it without an error
   * @throws (the loop) TypeError, RangeError for wrong options; KafkaError ERR__TIMED_OUT where the end could not be looked up
   * within `socket.timeout.ms`; otherwise as the broker says
   */
  messages(options: ReadOptions = {}): Read<Message<V, K>> {
    const course = this.#core.course('messages', () => check.readOptions(options));
    return new MessageIterator(this.#core.delivery, course) as Read<Message<unknown, unknown>> as Read<Message<V, K>>;
  }

  /**
   * The messages in batches as they were fetched: the fast way. A batch counts as processed when the loop asks for the
   * one after it.
   *
   * @param options `maxMessages`, `maxBytes`: a batch is not larger; `minMessages`, `maxWaitMs`: it waits for so many messages,
   * and no longer than so many milliseconds after the first of them; `until` and `signal` as of messages()
   * @throws (the loop) as messages()
   */
  batches(options: BatchOptions = {}): Read<MessageBatch<V, K>> {
    const course = this.#core.course('batches', () => check.batchOptions(options));
    return new BatchIterator(this.#core.delivery, course) as Read<MessageBatch<unknown, unknown>> as Read<
      MessageBatch<V, K>
    >;
  }

  /**
   * Whether the partition of a message was sought, reset or taken away since the message was delivered: what is done with it
   * now may have been done elsewhere, or is not wanted any more. From the time on that a seek has taken effect. Of a batch the
   * loop leaves out such messages by itself; this is for who works on several messages at once.
   *
   * @param message as it was delivered by this consumer
   * @throws TypeError for anything else, a copy of a message too
   */
  isStale(message: Message<unknown, unknown>): boolean {
    const run = message instanceof PackedMessage ? PackedMessage.originOf(message) : undefined;
    if (!run || this.#core.partitions.byId(run.source.id) !== run.source) {
      throw typeError('message', 'a message that this consumer has delivered', message);
    }
    return run.lineage !== run.source.lineage;
  }

  /**
   * Hands each message to `handler`, several at once where `concurrency` says so, and in order within each lane. It takes
   * the place of a loop: there is one of them at a time. A message is processed when what its handler returns has resolved;
   * what is processed without a gap of each partition is committed by auto-commit, before a partition goes, and at the end.
   *
   * Resolves after `signal` is aborted, or after close() is called: what is being handled is finished and committed first.
   * Rejects with the error of a message that failed (see `retry` and `onFailure`), or with what would end a loop. In every
   * case the consumer stays usable, and what is not processed comes again. A handler that awaits close(), unsubscribe() or an
   * assign() that takes its partition away waits for itself, until `drainTimeoutMs` is over.
   *
   * A handler that takes longer than `max.poll.interval.ms` takes this consumer out of its group, as a loop that hangs; one
   * that waits for its next attempt does not.
   *
   * @throws KafkaError ERR__STATE while a loop or another process() is open
   */
  process(handler: MessageHandler<V, K>, options: ProcessOptions<V, K> = {}): Promise<void> {
    return this.#core.run('process', () => this.#core.processor.process(handler, options));
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
      const targets = seekTargets(to);
      const entries = targets.map(({ topic, partition, offset }): [PartitionKey, SeekTarget] => [
        keyOf(topic, partition),
        { kind: 'offset', offset },
      ]);
      return { whole: false, targets: new Map(entries) };
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
      this.#wish({ kind: 'timestamp', timestamp: checkTimestamp(timestamp) }, partitions),
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
   * Goes so many offsets on from where each partition stands when the seek takes effect (`position()`), back where `delta` is
   * negative. It stops at the beginning and at the end of the log, with `isolation.level` respected; that is no `offsetReset`.
   * Offsets are counted, not messages: markers of transactions and compacted messages count. An earlier seek that has not
   * taken effect yet counts for nothing. Options and errors as of seek().
   *
   * @param delta a safe integer
   * @param partitions default: the whole assignment, or the next one where there is none: then on from where it would start
   */
  seekBy(
    delta: number,
    partitions?: readonly TopicPartition[],
    options: SeekOptions = {},
  ): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekBy', options, () =>
      this.#wish({ kind: 'relative', delta: check.seekDelta(delta) }, partitions),
    );
  }

  /**
   * Goes to `count` offsets before the end of the log, with `isolation.level` respected; to the beginning where the log is
   * shorter. 0 is the end. Offsets are counted, not messages: markers of transactions and compacted messages count. Options
   * and errors as of seek().
   *
   * @param partitions default: the whole assignment, or the next one where there is none
   */
  seekToLast(
    count: number,
    partitions?: readonly TopicPartition[],
    options: SeekOptions = {},
  ): Promise<TopicPartitionOffset[]> {
    return this.#seek('seekToLast', options, () =>
      this.#wish({ kind: 'last', count: check.seekCount(count) }, partitions),
    );
  }

  /**
   * The offset of the next message to deliver, of each partition. It is this consumer's own: what librdkafka has fetched
   * ahead is beyond it. Of `process()` it is the first message that no handler was called with.
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: as long as the look-up of a start takes; `signal`
   * @throws KafkaError ERR__STATE for partitions that are not assigned, or whose start could not be found out yet
   */
  position(partitions?: readonly TopicPartition[], options: WaitOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#core.run('position', async () => {
      const asked = this.#asked(partitions);
      const limits = waitOptions(options);
      const held = asked.filter((p) => p.held);
      await this.#core.wait('position', this.#core.rebalancer.ensurePositions(held), limits);
      mustBeHeld('position', asked);
      const unknown = asked.filter((p) => p.position === null);
      if (unknown.length) throw stateError('position', unknown, 'where it starts could not be found out yet');
      return asked.map((p) => p.at(p.next!));
    });
  }

  /**
   * Commits. (rd_kafka_commit_queue)
   *
   * @param what a message or a batch: up to and with it; offsets: these, the next to read each; default: everything
   * that was processed
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`. After either the commit may still take effect
   * @throws KafkaError ERR__STATE for what a member of a group does not hold any more (`error.partitions`; nothing is
   * committed), ERR__UNKNOWN_GROUP without `group.id`, ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  commit(
    what?: Message<unknown, unknown> | MessageBatch<unknown, unknown> | readonly TopicPartitionOffset[],
    options: WaitOptions = {},
  ): Promise<void> {
    return this.#core.run('commit', async () => this.#core.committer.commit('commit', what, waitOptions(options)));
  }

  /**
   * What the group has committed: -1 where nothing is. (rd_kafka_ListConsumerGroupOffsets)
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__UNKNOWN_GROUP without `group.id`, ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  committed(partitions?: readonly TopicPartition[], options: WaitOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#core.run('committed', async () => {
      const asked = this.#named(partitions);
      const limits = this.#limits(options);
      return offsetsOrThrow('committed', asked, await this.#core.targets.committed('committed', asked, limits));
    });
  }

  /**
   * The partitions that a topic has, whoever holds them: for assign(). One that has just been created is waited for, five
   * seconds at most. (rd_kafka_metadata)
   *
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR_UNKNOWN_TOPIC_OR_PART, ERR__TIMED_OUT
   */
  partitionsFor(topic: string, options: WaitOptions = {}): Promise<TopicPartition[]> {
    return this.#core.run('partitionsFor', async () => {
      const name = topicString(topic, 'topic');
      const partitions = await this.#core.lookups.partitionsOf('partitionsFor', name, this.#limits(options));
      return partitions.map((partition) => ({ topic: name, partition }));
    });
  }

  /**
   * The earliest offset of each log. (rd_kafka_ListOffsets)
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  beginningOffsets(partitions?: readonly TopicPartition[], options: WaitOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#listed('beginningOffsets', options, () =>
      this.#named(partitions).map((p) => ({ ...p, spec: 'earliest' })),
    );
  }

  /**
   * The offset after the last message of each log, with `isolation.level` respected. (rd_kafka_ListOffsets)
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`; `isolationLevel`, default: the consumer's
   * @throws KafkaError ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  endOffsets(partitions?: readonly TopicPartition[], options: EndOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#core.run('endOffsets', async () => {
      const asked = this.#named(partitions).map((p): LogPlace => ({ ...p, spec: 'latest' }));
      const { isolationLevel = this.#core.settings.isolationLevel, ...limits } = check.endOptions(options);
      const committed = isolationLevel === 'read_committed';
      const looked = await this.#core.lookups.listOffsets('endOffsets', asked, this.#limits(limits), committed);
      return offsetsOrThrow('endOffsets', asked, looked);
    });
  }

  /**
   * The offset of the first message at or after a time, of each partition; -1 past the last message.
   * (rd_kafka_ListOffsets)
   *
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  offsetsForTimes(
    query: readonly TopicPartitionTimestamp[],
    options: WaitOptions = {},
  ): Promise<TopicPartitionOffset[]> {
    return this.#listed('offsetsForTimes', options, () =>
      timestampQueries(query).map(({ topic, partition, timestamp }) => ({ topic, partition, spec: timestamp })),
    );
  }

  /**
   * How many offsets lie between the position and the end of the log, of each partition held. A partition whose start is
   * not known yet is left out.
   *
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  lag(options: WaitOptions = {}): Promise<(TopicPartition & { lag: number })[]> {
    return this.#core.run('lag', async () => {
      const limits = this.#limits(options);
      const until = now() + limits.timeoutMs;
      const { held } = this.#core.partitions;
      await this.#core.wait('lag', this.#core.rebalancer.ensurePositions(held), limits);
      const placed = held.filter((p) => p.position !== null);
      const places = placed.map((p): LogPlace => ({ ...p.row(), spec: 'latest' }));
      const left = { ...limits, timeoutMs: Math.max(1, until - now()) };
      const ends = offsetsOrThrow('lag', places, await this.#core.lookups.listOffsets('lag', places, left));
      placed.forEach((p, i) => this.#core.monitor.knows(p, ends[i]!.offset));
      return placed.flatMap((p, i) =>
        p.next === null ? [] : [{ ...p.row(), lag: Math.max(0, ends[i]!.offset - p.next) }],
      );
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
    return this.#core.partitions.held.filter((p) => p.paused).map((p) => p.row());
  }

  /**
   * How this consumer is, at once and without asking a broker: for a probe. After close() it is `closed`.
   * (rd_kafka_brokers_up, of up-brokers.patch)
   */
  health(): ConsumerHealth {
    const health = this.#core.life.health();
    const stalled = health.state === 'up' ? this.#core.monitor.stalledSince : null;
    return {
      ...health,
      ...(stalled === null ? {} : { state: 'stalled', since: new Date(Date.now() - (now() - stalled)) }),
      joined: this.#core.membership.mode === 'subscribed' && this.#core.rebalancer.joined && !this.#core.life.closing,
      assignment: this.assignment,
      lastMessageAt: this.#core.delivery.buffer.lastMessageAt,
      loop: this.#core.delivery.loop,
    };
  }

  /**
   * Ends iterators, rejects what waits with ERR__DESTROY, commits what was processed, leaves the group and lets go of
   * everything. The second call waits for the first. Never rejects; what could not be committed in time is an event `error`.
   *
   * @param options `timeoutMs`, default 30,000: after it the group is not waited for any more, but learns of the
   * departure by its session time-out
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.close(timeoutMs);
    });
  }

  /** For a producer's transaction. */
  async [consumedForTransaction](what: unknown): Promise<Consumed> {
    try {
      return await this.#core.run('sendOffsets', () => this.#core.committer.consumed(what));
    } catch (error) {
      if (!isDestroyed(error)) throw error;
      throw localError('sendOffsets', errno.destroy, 'sendOffsets: the consumer is closed');
    }
  }

  #limits(options: WaitOptions): LookupLimits {
    const { timeoutMs = this.#core.settings.socketTimeoutMs, signal } = waitOptions(options);
    return { timeoutMs, signal };
  }

  #listed(operation: string, options: WaitOptions, places: () => LogPlace[]): Promise<TopicPartitionOffset[]> {
    return this.#core.run(operation, async () => {
      const asked = places();
      const limits = this.#limits(options);
      return offsetsOrThrow(operation, asked, await this.#core.lookups.listOffsets(operation, asked, limits));
    });
  }

  #seek(operation: string, options: SeekOptions, wish: () => SeekWish): Promise<TopicPartitionOffset[]> {
    return this.#core.run(operation, async () => {
      const checked = wish();
      const limits = waitOptions(options);
      return traced(
        seeks,
        () => ({
          ...this.#core.life.about,
          operation,
          partitions: checked.whole ? null : [...checked.targets.keys()].map(placeOf),
        }),
        () => this.#core.seeker.seek(operation, checked, limits, () => this.#core.rebalancer.waitsForRebalance()),
      );
    });
  }

  #wish(target: SeekTarget, partitions?: readonly TopicPartition[]): SeekWish {
    if (partitions === undefined) return { whole: true, target };
    const asked = this.#asked(partitions);
    return { whole: false, targets: new Map(asked.map((p) => [p.key, target])) };
  }

  #asked(partitions?: readonly TopicPartition[]): readonly Partition[] {
    if (partitions === undefined) return this.#core.partitions.held;
    return topicPartitions(partitions).map(({ topic, partition }) => this.#core.partitions.look(topic, partition));
  }

  /** As #asked, where it need not be known what this consumer knows of them. */
  #named(partitions?: readonly TopicPartition[]): TopicPartition[] {
    return partitions === undefined ? this.#core.partitions.held.map((p) => p.row()) : topicPartitions(partitions);
  }

  #setPaused(operation: string, partitions: readonly TopicPartition[] | undefined, paused: boolean): void {
    const asked = this.#asked(partitions);
    if (this.#core.life.closing) throw destroyed(operation);
    this.#core.assignment.setPaused(operation, asked, paused).catch((error: unknown) => {
      if (!this.#core.life.closing) this.#core.life.report(error);
    });
  }
}
