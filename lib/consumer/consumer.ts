import { randomUUID } from 'node:crypto';
import { type ConsumerRecord, type NativeConsumer, type NativeRow, native } from '../../binding/native.js';
import * as check from '../arguments/consumer.js';
import { clientOptions } from '../arguments/login.js';
import type {
  BatchOptions,
  ClientOptions,
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
import { type Deserializer, decoders } from '../arguments/serdes.js';
import { timeoutOptions, timestamp as checkTimestamp, typeError, waitOptions } from '../arguments/values.js';
import { Assignment, mustBeHeld, stateError } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import { Partitions } from '../assignment/partitions.js';
import { Client, type ClientEvents } from '../client/client.js';
import { CLOSE_TIMEOUT_MS, ClientCore, NO_GROUP, type OwnRecord } from '../client/client-core.js';
import { type RebalanceEvent, connects, rebalances, seeks, traced } from '../client/diagnostics.js';
import type { Health } from '../client/health.js';
import type { Statistics } from '../client/statistics.js';
import { type Consumed, consumedForTransaction } from '../client/transactional.js';
import { connectBy } from '../client/connecting.js';
import { type ConsumerConfig, type ConsumerSettings, normalizeConfig } from '../config/config.js';
import { KafkaError, call, destroyed, errno, isDestroyed, localError, noGroup } from '../errors.js';
import { Refusals } from '../client/refusals.js';
import { now } from '../client/timers.js';
import { type LogPlace, type LookupLimits, Lookups, offsetsOrThrow } from '../lookups/lookups.js';
import { Targets } from '../lookups/targets.js';
import type { SeekTarget, SeekWish } from '../seek/ledger.js';
import { Seeker } from '../seek/seeker.js';
import type { StartsOf } from '../seek/ways.js';
import type { MessageBatch } from './batch.js';
import { Committer } from './committer.js';
import { Delivery, type LoopState } from './delivery.js';
import type { DeserializationError } from './deserialization-error.js';
import { BatchIterator, type Course, MessageIterator } from './iterators.js';
import { Membership } from './membership.js';
import { type Message, PackedMessage } from './message.js';
import { type OffsetReset, OffsetResetter } from './offset-resetter.js';
import { Processor } from './process.js';
import type { MessageHandler, ProcessOptions } from './process-options.js';
import type { Read } from './read.js';
import { ReadEnd, type ReadSurroundings } from './read-end.js';
import { Rebalancer } from './rebalancer.js';
import { type Stall, StallMonitor } from './stall-monitor.js';
import { StartOffsets } from './start-offsets.js';

const IN_VAIN = 'a loop waits for messages, and neither subscribe() nor assign() was called: nothing will come';

/**
 * What makes of the bytes of keys and values what messages have. What is left out stays bytes, and `null` stays `null`: it is no
 * bytes, but the lack of a key, or a tombstone.
 */
export interface ConsumerDeserializer<V = Buffer, K = Buffer> {
  key?: Deserializer<K> | undefined;
  value?: Deserializer<V> | undefined;
  /**
   * Is told of a message that cannot be decoded, in its turn, and awaited. When it resolves, the message counts as processed, and
   * the next one comes; where it rejects, the loop rejects with that. Default: the loop rejects with the error. (In process() it
   * is asked where there is no `onFailure`.)
   */
  onError?: ((error: DeserializationError) => unknown) | undefined;
}

export interface ConsumerOptions<V = Buffer, K = Buffer> extends ClientOptions {
  /**
   * Decodes keys and values, and types the messages by that. Promises are awaited, of several messages at once; messages come in
   * order. Default: keys and values are bytes.
   */
  deserializer?: ConsumerDeserializer<V, K> | undefined;
  /**
   * A consumer is stalled when messages are there, its loop asks for them, nothing is paused, and none has come for so many
   * milliseconds: then comes the event `stalled`, and health() says so. Default 30,000.
   */
  stalledAfterMs?: number | undefined;
}

/** How a consumer is. */
export interface ConsumerHealth extends Health {
  /** Whether the group has given this consumer an assignment, be it an empty one, that is in force. False with assign(). */
  joined: boolean;
  /** The partitions that this consumer holds now. */
  assignment: readonly TopicPartition[];
  /** When messages last arrived from a broker; null: none has. */
  lastMessageAt: Date | null;
  /**
   * What the application does: a loop that has been `working` for long hangs, or is slow; one that is `waiting` while the
   * state is `stalled` or `connecting` waits for a broker.
   */
  loop: LoopState;
}

/** The events of a consumer, with what their listeners are called with. */
export interface ConsumerEvents extends ClientEvents {
  /** Partitions came, and deliver from now on. */
  assigned: [partitions: readonly TopicPartition[]];
  /** Partitions went, what was processed of them is committed. */
  revoked: [partitions: readonly TopicPartition[]];
  /** Partitions went without notice. */
  lost: [partitions: readonly TopicPartition[]];
  /** Messages are there, the loop asks, and none comes: once, until one comes. See `stalledAfterMs`. */
  stalled: [stall: Stall];
  /**
   * librdkafka's statistics of the handle on which this consumer asks its questions, which consumers of the same connections
   * share. As `statistics`.
   */
  lookupStatistics: [statistics: Statistics, json: string];
  /** An offset was outside the log; delivery goes on where `auto.offset.reset` says. */
  offsetReset: [reset: OffsetReset];
}

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
  readonly #core: ClientCore<ConsumerRecord, NativeConsumer>;
  readonly #settings: ConsumerSettings;
  readonly #lookups: Lookups;
  readonly #targets: Targets;
  readonly #partitions = new Partitions();
  readonly #assignment: Assignment;
  readonly #seeker: Seeker;
  readonly #starts: StartOffsets;
  readonly #committer: Committer;
  readonly #delivery: Delivery;
  readonly #around: ReadSurroundings;
  readonly #rebalancer: Rebalancer;
  readonly #resetter: OffsetResetter;
  readonly #processor: Processor;
  readonly #monitor: StallMonitor;
  #ended: Promise<void> | null = null;
  #lookupsEnded: Promise<void> | null = null;
  /** This client has no right to its group. */
  readonly #groupRefusals = new Refusals(
    () => !this.#core.link.over.ended, // close() commits, too
    (refusal) => {
      this.#core.link.refuse(refusal, (operation) => operation === 'commit');
      if (this.#membership.mode === 'subscribed') this.#refused(refusal);
    },
  );
  /** It has no right to a topic that it reads. A loop is told once: whether the right was given since, nothing says. */
  readonly #topicRefusals = new Refusals(
    () => !this.#core.closing && this.#membership.mode !== 'none',
    (refusal) => {
      if (this.#refused(refusal)) this.#topicRefusals.end();
    },
  );
  readonly #membership: Membership;

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
    // librdkafka assigns to members of a group only; this one is never joined.
    if (settings.groupId === undefined) pairs.push(['group.id', `${NO_GROUP}${randomUUID()}`]);
    super();
    const core = (this.#core = new ClientCore('Consumer', native.Consumer, pairs, { oauthBearerToken, logger }));
    core.attach(this, {
      onOwnRecord: (record) => this.#onRecord(record),
      onPassing: (error, row) => this.#onPassing(error, row),
      onFatal: (error) => this.#delivery.fail(error, true),
      onRefused: (refusal) => this.#refused(refusal),
      waitsForBroker: (operation) => operation === 'commit',
      endsInVain: () => this.#groupRefusals.begun, // commits without the right to the group wait for its coordinator
    });
    const { link, over } = core;
    const mustBeOpen = (operation: string) => core.mustBeOpen(operation);
    this.#membership = new Membership(mustBeOpen, () => this.#delivery.wake());
    const report = (error: unknown) => core.report(error);
    const events = {
      fail: (error: unknown) => this.#fail(error),
      report,
      told: (event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]) => {
        core.log?.write(event === 'lost' ? 'warn' : 'info', `partitions ${event}`, { partitions });
        core.tell(event, partitions);
      },
      traced: (kind: RebalanceEvent['kind'], partitions: () => TopicPartition[], work: () => Promise<void>) =>
        traced(rebalances, () => ({ ...core.about, kind, partitions: partitions() }), work),
      reset: (reset: OffsetReset) => {
        core.log?.write('warn', 'an offset is outside of the log', { reset });
        core.tell('offsetReset', reset);
      },
    };
    this.#settings = settings;
    const readCommitted = settings.isolationLevel === 'read_committed';
    this.#lookups = new Lookups(pairs, oauthBearerToken, readCommitted, core);
    this.#targets = new Targets(this.#lookups, settings);
    this.#assignment = new Assignment(link, this.#partitions);
    const startsOf: StartsOf = (...asked) => this.#starts.find(...asked);
    this.#seeker = new Seeker(over, this.#partitions, this.#assignment, this.#targets, settings, startsOf);
    this.#starts = new StartOffsets(this.#assignment, this.#seeker, this.#targets, settings, events);
    const onCommitted = (p: Partition, offset: number) => {
      this.#groupRefusals.end();
      this.#starts.committed(p, offset);
    };
    this.#committer = new Committer(core, this.#partitions, settings, onCommitted);
    this.#rebalancer = new Rebalancer(
      this.#partitions,
      this.#assignment,
      this.#seeker,
      this.#starts,
      this.#committer,
      events,
    );
    this.#resetter = new OffsetResetter(this.#assignment, this.#seeker, this.#targets, settings, events);
    const surroundings = {
      about: core.about,
      grant: (batches: number) => link.handle.grant(batches),
      alive: () => link.handle.alive(),
      waitBegins: () => link.waitBegins(),
      waitEnds: () => link.waitEnds(),
      waitsForRebalance: () => this.#rebalancer.waitsForRebalance(),
      expects: () => this.#membership.expects || core.closing,
      waitsInVain: () => core.warn('NOTHING_TO_READ', IN_VAIN),
      fetchAgain: (p: Partition) => this.#assignment.fetchAgain(p),
    };
    this.#delivery = new Delivery(this.#partitions, surroundings, decode);
    this.#around = {
      partitions: this.#partitions,
      assignment: this.#assignment,
      targets: this.#targets,
      delivery: this.#delivery,
      lookupMs: settings.socketTimeoutMs,
      isSettled: () => !this.#membership.expects || this.#seeker.assignmentKnown,
      isByHand: () => this.#membership.mode === 'assigned',
      report,
    };
    this.#processor = new Processor({
      delivery: this.#delivery,
      partitions: this.#partitions,
      assignment: this.#assignment,
      committer: this.#committer,
      rebalancer: this.#rebalancer,
      maxPollIntervalMs: settings.maxPollIntervalMs,
      report,
    });
    this.#monitor = new StallMonitor(
      {
        held: () => this.#partitions.held,
        asksFor: (p) => this.#delivery.asksFor(p),
        ends: (partitions, timeoutMs) => this.#lookups.ends('stalled', partitions, { timeoutMs }),
        stalled: (stall) => {
          core.log?.write('warn', 'messages are there, and none comes', { stall });
          core.tell('stalled', stall);
        },
      },
      stalledAfterMs,
    );
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
    return this.#call('connect', async () => {
      const limits = this.#limits(options);
      const ask = (ended: AbortSignal) => this.#lookups.ready(limits.timeoutMs, ended);
      await traced(
        connects,
        () => ({ ...this.#core.about }),
        () => connectBy(this.#core.over, ask, limits),
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
    this.#lookups.setSaslCredentials(...this.#core.setSaslCredentials(this.#settings.login, username, password));
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
    return this.#callOpen('subscribe', async () => {
      const names = check.topics(topics);
      const callbacks = check.rebalanceListener(listener);
      if (this.#settings.groupId === undefined) throw noGroup('subscribe');
      this.#lookups.warmUp();
      if (this.#membership.leaving) this.#rebalancer.waitsForRebalance();
      const { link } = this.#core;
      // The reply comes before the first event of the new subscription. What librdkafka refuses replaces nothing.
      const subscribed = this.#membership.subscribe(
        () => link.request('subscribe', (id) => link.handle.subscribe(id, names)),
        () => {
          this.#rebalancer.listener = callbacks;
          this.#committer.isMember = true;
        },
      );
      await this.#wait('subscribe', subscribed, {});
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
    return this.#call('unsubscribe', async () => {
      const limits = waitOptions(options);
      this.#rebalancer.waitsForRebalance();
      const left = this.#membership.leave((mode) =>
        mode === 'assigned' ? this.#rebalancer.unassign() : this.#leaveGroup(),
      );
      await this.#wait('unsubscribe', left, limits);
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
    return this.#callOpen('assign', async () => {
      const targets = assignTargets(partitions);
      this.#rebalancer.waitsForRebalance();
      await this.#wait(
        'assign',
        this.#membership.assign(() => this.#rebalancer.assign(targets)),
        {},
      );
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
  [Symbol.asyncIterator](): AsyncIterator<Message<V, K>> {
    return new MessageIterator(this.#delivery) as AsyncIterator<Message<unknown, unknown>> as AsyncIterator<
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
    const course = this.#course('messages', () => check.readOptions(options));
    return new MessageIterator(this.#delivery, course) as Read<Message<unknown, unknown>> as Read<Message<V, K>>;
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
    const course = this.#course('batches', () => check.batchOptions(options));
    return new BatchIterator(this.#delivery, course) as Read<MessageBatch<unknown, unknown>> as Read<
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
    if (!run || this.#partitions.byId(run.source.id) !== run.source) {
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
    return this.#call('process', () => this.#processor.process(handler, options));
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
   * ahead is beyond it.
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: as long as the look-up of a start takes; `signal`
   * @throws KafkaError ERR__STATE for partitions that are not assigned, or whose start could not be found out yet
   */
  position(partitions?: readonly TopicPartition[], options: WaitOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#call('position', async () => {
      const asked = this.#asked(partitions);
      const limits = waitOptions(options);
      const held = asked.filter((p) => p.held);
      await this.#wait('position', this.#rebalancer.ensurePositions(held), limits);
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
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`. After either the commit may still take effect
   * @throws KafkaError ERR__STATE for what a member of a group does not hold any more (`error.partitions`; nothing is
   * committed), ERR__UNKNOWN_GROUP without `group.id`, ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  commit(
    what?: Message<unknown, unknown> | MessageBatch<unknown, unknown> | readonly TopicPartitionOffset[],
    options: WaitOptions = {},
  ): Promise<void> {
    return this.#call('commit', async () => this.#committer.commit('commit', what, waitOptions(options)));
  }

  /**
   * What the group has committed: -1 where nothing is. (rd_kafka_ListConsumerGroupOffsets)
   *
   * @param partitions default: the whole assignment
   * @param options `timeoutMs`, default: `socket.timeout.ms`; `signal`
   * @throws KafkaError ERR__UNKNOWN_GROUP without `group.id`, ERR__TIMED_OUT; otherwise as the broker says, by partition
   */
  committed(partitions?: readonly TopicPartition[], options: WaitOptions = {}): Promise<TopicPartitionOffset[]> {
    return this.#call('committed', async () => {
      const asked = this.#named(partitions);
      const limits = this.#limits(options);
      return offsetsOrThrow('committed', asked, await this.#targets.committed('committed', asked, limits));
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
    return this.#call('partitionsFor', async () => {
      const name = topicString(topic, 'topic');
      const partitions = await this.#lookups.partitionsOf('partitionsFor', name, this.#limits(options));
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
    return this.#call('endOffsets', async () => {
      const asked = this.#named(partitions).map((p): LogPlace => ({ ...p, spec: 'latest' }));
      const { isolationLevel = this.#settings.isolationLevel, ...limits } = check.endOptions(options);
      const committed = isolationLevel === 'read_committed';
      const looked = await this.#lookups.listOffsets('endOffsets', asked, this.#limits(limits), committed);
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
    return this.#call('lag', async () => {
      const limits = this.#limits(options);
      const until = now() + limits.timeoutMs;
      const { held } = this.#partitions;
      await this.#wait('lag', this.#rebalancer.ensurePositions(held), limits);
      const placed = held.filter((p) => p.position !== null);
      const places = placed.map((p): LogPlace => ({ ...p.row(), spec: 'latest' }));
      const left = { ...limits, timeoutMs: Math.max(1, until - now()) };
      const ends = offsetsOrThrow('lag', places, await this.#lookups.listOffsets('lag', places, left));
      placed.forEach((p, i) => this.#monitor.knows(p, ends[i]!.offset));
      return placed.flatMap((p, i) =>
        p.position === null ? [] : [{ ...p.row(), lag: Math.max(0, ends[i]!.offset - p.position) }],
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
    return this.#partitions.held.filter((p) => p.paused).map((p) => p.row());
  }

  /**
   * How this consumer is, at once and without asking a broker: for a probe. After close() it is `closed`.
   * (rd_kafka_brokers_up, of up-brokers.patch)
   */
  health(): ConsumerHealth {
    const health = this.#core.health();
    const stalled = health.state === 'up' ? this.#monitor.stalledSince : null;
    return {
      ...health,
      ...(stalled === null ? {} : { state: 'stalled', since: new Date(Date.now() - (now() - stalled)) }),
      joined: this.#membership.mode === 'subscribed' && this.#rebalancer.joined && !this.#core.closing,
      assignment: this.assignment,
      lastMessageAt: this.#delivery.lastMessageAt,
      loop: this.#delivery.loop,
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
      this.#rebalancer.waitsForRebalance();
      this.#delivery.end();
      this.#rebalancer.stopAssigning();
      this.#committer.stop();
      this.#monitor.stop();
      const ended = (this.#ended ??= this.#end(timeoutMs));
      this.#lookupsEnded ??= this.#lookups.close(timeoutMs);
      await Promise.all([ended, this.#lookupsEnded]);
    });
  }

  /** For a producer's transaction. */
  async [consumedForTransaction](what: unknown): Promise<Consumed> {
    try {
      return await this.#call('sendOffsets', () => this.#committer.consumed(what));
    } catch (error) {
      if (!isDestroyed(error)) throw error;
      throw localError('sendOffsets', errno.destroy, 'sendOffsets: the consumer is closed');
    }
  }

  #onRecord(record: OwnRecord<ConsumerRecord>): void {
    switch (record.type) {
      case 'batch':
        this.#topicRefusals.end();
        this.#delivery.push(record);
        break;
      case 'logEnd':
        this.#delivery.logEnd(record.id, record.offset);
        break;
      case 'dropped':
        this.#delivery.lost(record.ids);
        this.#core.report(new KafkaError('client', record.error));
        break;
      case 'rebalance':
        if (record.assign && record.rows.length) {
          this.#groupRefusals.end();
          this.#topicRefusals.end();
        }
        this.#rebalancer.onEvent(record);
        break;
    }
  }

  #onPassing(error: KafkaError, row?: NativeRow): void {
    const p = row && this.#partitions.find(row);
    if (error.errno === errno.unknownTopicOrPart) this.#vanished(error, row);
    if (error.errno === errno.autoOffsetReset && p) this.#resetter.onOutOfRange(p, row.offset);
    else this.#core.report(error);
    if (error.errno === errno.groupAuthorization && !row) this.#groupRefusals.begin(error);
    if (error.errno === errno.topicAuthorization && (row ? p?.held : true)) this.#topicRefusals.begin(error);
  }

  /** Brokers do not accept this client, or what it has subscribed: who waits for messages, or for an assignment, is told. */
  #refused(refusal: KafkaError): boolean {
    this.#seeker.refuse(refusal);
    return this.#delivery.refuse(refusal);
  }

  /** librdkafka names the topic that a subscription has lost in the text of the error alone; no name contains a colon. */
  #vanished({ message }: KafkaError, row?: NativeRow): void {
    const topic = row?.topic ?? /Subscribed topic not available: ([^:]+): /.exec(message)?.[1];
    if (topic !== undefined) this.#starts.vanished(topic);
  }

  async #end(timeoutMs: number): Promise<void> {
    await this.#core.shutDown(timeoutMs, async () => {
      await this.#processor.stop(timeoutMs);
      await this.#unassignByHand();
    });
    this.#committer.tellCut();
  }

  /** By hand, nothing is revoked at the end that would commit. */
  async #unassignByHand(): Promise<void> {
    if (this.#membership.mode === 'assigned') await this.#rebalancer.unassign();
  }

  async #leaveGroup(): Promise<void> {
    await this.#core.link.request('unsubscribe', (id) => this.#core.link.handle.unsubscribe(id));
    while (this.#partitions.held.length) await this.#rebalancer.nextChange();
    this.#starts.endStints(); // it is no member of the group any more
    this.#committer.isMember = false;
    this.#rebalancer.joined = false;
  }

  /** Every public method that takes part in the client's life. What a listener calls works until the end. */
  #call<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.#core.run(operation, work, this.#rebalancer.inListener);
  }

  /** As #call(), for what a consumer takes on: not while it closes, in a listener neither. */
  #callOpen<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.#core.run(operation, work);
  }

  /** Waits for what this consumer does by itself. What a listener waits for works until the native side has ended. */
  #wait<T>(operation: string, answer: Promise<T>, limits: WaitOptions): Promise<T> {
    const over = this.#rebalancer.inListener ? this.#core.link.over : this.#core.over;
    return over.race(operation, answer, limits);
  }

  #course<Limits extends check.ReadLimits>(operation: string, limits: () => Limits): Course<Limits> {
    const end = ({ until }: Limits) => (until === undefined ? null : new ReadEnd(operation, until, this.#around));
    return { limits, end };
  }

  #limits(options: WaitOptions): LookupLimits {
    const { timeoutMs = this.#settings.socketTimeoutMs, signal } = waitOptions(options);
    return { timeoutMs, signal };
  }

  #listed(operation: string, options: WaitOptions, places: () => LogPlace[]): Promise<TopicPartitionOffset[]> {
    return this.#call(operation, async () => {
      const asked = places();
      const limits = this.#limits(options);
      return offsetsOrThrow(operation, asked, await this.#lookups.listOffsets(operation, asked, limits));
    });
  }

  #seek(operation: string, options: SeekOptions, wish: () => SeekWish): Promise<TopicPartitionOffset[]> {
    return this.#call(operation, async () => {
      const checked = wish();
      const limits = waitOptions(options);
      return traced(
        seeks,
        () => ({
          ...this.#core.about,
          operation,
          partitions: checked.whole ? null : [...checked.targets.keys()].map(placeOf),
        }),
        () => this.#seeker.seek(operation, checked, limits, () => this.#rebalancer.waitsForRebalance()),
      );
    });
  }

  #wish(target: SeekTarget, partitions?: readonly TopicPartition[]): SeekWish {
    if (partitions === undefined) return { whole: true, target };
    const asked = this.#asked(partitions);
    return { whole: false, targets: new Map(asked.map((p) => [p.key, target])) };
  }

  #asked(partitions?: readonly TopicPartition[]): readonly Partition[] {
    if (partitions === undefined) return this.#partitions.held;
    return topicPartitions(partitions).map(({ topic, partition }) => this.#partitions.look(topic, partition));
  }

  /** As #asked, where it need not be known what this consumer knows of them. */
  #named(partitions?: readonly TopicPartition[]): TopicPartition[] {
    return partitions === undefined ? this.#partitions.held.map((p) => p.row()) : topicPartitions(partitions);
  }

  #setPaused(operation: string, partitions: readonly TopicPartition[] | undefined, paused: boolean): void {
    const asked = this.#asked(partitions);
    if (this.#core.closing) throw destroyed(operation);
    this.#assignment.setPaused(operation, asked, paused).catch((error: unknown) => {
      if (!this.#core.closing) this.#core.report(error);
    });
  }

  /** Ends the iterator with the error: the next step of it rejects. */
  #fail(error: unknown): void {
    if (!this.#core.closing) this.#delivery.fail(error);
  }
}
