// The parts of a consumer and how they are connected; what native code tells, and the end, go from here to each of them.

import type { EventEmitter } from 'node:events';
import { type ConsumerRecord, type NativeConsumer, type NativeRow, native } from '../../binding/native.js';
import type { ReadLimits } from '../arguments/consumer.js';
import type { Logger } from '../arguments/logger.js';
import type { OauthBearerTokenCallback, TopicPartition, WaitOptions } from '../arguments/options.js';
import type { Decoders } from '../arguments/serdes.js';
import { Assignment } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import { Partitions } from '../assignment/partitions.js';
import { ClientCore, NO_GROUP, type OwnRecord } from '../client/client-core.js';
import { type RebalanceEvent, rebalances, traced } from '../client/diagnostics.js';
import { Refusals } from '../client/refusals.js';
import type { ConsumerSettings } from '../config/config.js';
import { KafkaError, errno } from '../errors.js';
import { Lookups } from '../lookups/lookups.js';
import { Targets } from '../lookups/targets.js';
import { Seeker } from '../seek/seeker.js';
import type { StartsOf } from '../seek/ways.js';
import { Committer } from './committer.js';
import { Delivery } from './delivery.js';
import type { Course } from './iterators.js';
import { Membership } from './membership.js';
import { type OffsetReset, OffsetResetter } from './offset-resetter.js';
import { Processor } from './processor.js';
import { ReadEnd, type ReadSurroundings } from './read-end.js';
import { Rebalancer } from './rebalancer.js';
import { StallMonitor } from './stall-monitor.js';
import { StartOffsets } from './start-offsets.js';

const IN_VAIN = 'a loop waits for messages, and neither subscribe() nor assign() was called: nothing will come';

/** The options of the consumer, checked. */
interface Given {
  readonly oauthBearerToken: OauthBearerTokenCallback | undefined;
  readonly logger: Logger | undefined;
  readonly stalledAfterMs: number;
  /** Null: messages are handed out as bytes. */
  readonly decoders: Decoders | null;
}

export class ConsumerCore {
  /** What it has in common with all clients. */
  readonly life: ClientCore<ConsumerRecord, NativeConsumer>;
  readonly settings: ConsumerSettings;
  readonly lookups: Lookups;
  readonly targets: Targets;
  readonly partitions = new Partitions();
  readonly assignment: Assignment;
  readonly seeker: Seeker;
  readonly committer: Committer;
  readonly delivery: Delivery;
  readonly rebalancer: Rebalancer;
  readonly processor: Processor;
  readonly monitor: StallMonitor;
  readonly membership: Membership;
  readonly #starts: StartOffsets;
  readonly #resetter: OffsetResetter;
  readonly #readSurroundings: ReadSurroundings;
  #ended: Promise<void> | null = null;
  #lookupsEnded: Promise<void> | null = null;
  /** This client has no right to its group. */
  readonly #groupRefusals = new Refusals(
    () => !this.life.link.over.ended, // close() commits, too
    (refusal) => {
      this.life.link.refuse(refusal, (operation) => operation === 'commit');
      if (this.membership.mode === 'subscribed') this.#refused(refusal);
    },
  );
  /** It has no right to a topic that it reads. A loop is told once: whether the right was given since, nothing says. */
  readonly #topicRefusals = new Refusals(
    () => !this.life.closing && this.membership.mode !== 'none',
    (refusal) => {
      if (this.#refused(refusal)) this.#topicRefusals.end();
    },
  );

  /** @param owner the consumer that this is of @param pairs its configuration for librdkafka */
  constructor(owner: EventEmitter, pairs: [string, string][], settings: ConsumerSettings, given: Given) {
    const { oauthBearerToken, logger, stalledAfterMs, decoders } = given;
    // librdkafka assigns to members of a group only; this one is never joined.
    if (settings.groupId === undefined)
      pairs.push(['group.id', `${NO_GROUP}${process.getBuiltinModule('node:crypto').randomUUID()}`]);
    const life = (this.life = new ClientCore('Consumer', native.Consumer, pairs, { oauthBearerToken, logger }));
    life.attach(owner, {
      onOwnRecord: (record) => this.#onRecord(record),
      onPassing: (error, row) => this.#onPassing(error, row),
      onFatal: (error) => this.delivery.fail(error, true),
      onRefused: (refusal) => this.#refused(refusal),
      waitsForBroker: (operation) => operation === 'commit',
      endsInVain: () => this.#groupRefusals.begun, // commits without the right to the group wait for its coordinator
    });
    const { link, over } = life;
    const mustBeOpen = (operation: string) => life.mustBeOpen(operation);
    this.membership = new Membership(mustBeOpen, () => this.delivery.wake());
    const report = (error: unknown) => life.report(error);
    const events = {
      fail: (error: unknown) => this.#fail(error),
      report,
      told: (event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]) => {
        life.log?.write(event === 'lost' ? 'warn' : 'info', `partitions ${event}`, { partitions });
        life.tell(event, partitions);
      },
      traced: (kind: RebalanceEvent['kind'], partitions: () => TopicPartition[], work: () => Promise<void>) =>
        traced(rebalances, () => ({ ...life.about, kind, partitions: partitions() }), work),
      reset: (reset: OffsetReset) => {
        life.log?.write('warn', 'an offset is outside of the log', { reset });
        life.tell('offsetReset', reset);
      },
    };
    this.settings = settings;
    const readCommitted = settings.isolationLevel === 'read_committed';
    this.lookups = new Lookups(pairs, oauthBearerToken, readCommitted, life);
    this.targets = new Targets(this.lookups, settings);
    this.assignment = new Assignment(link, this.partitions);
    const startsOf: StartsOf = (...asked) => this.#starts.find(...asked);
    this.seeker = new Seeker(over, this.partitions, this.assignment, this.targets, settings, startsOf);
    this.#starts = new StartOffsets(this.assignment, this.seeker, this.targets, settings, events);
    const onCommitted = (p: Partition, offset: number) => {
      this.#groupRefusals.end();
      this.#starts.committed(p, offset);
    };
    this.committer = new Committer(life, this.partitions, settings, onCommitted);
    this.rebalancer = new Rebalancer(
      this.partitions,
      this.assignment,
      this.seeker,
      this.#starts,
      this.committer,
      events,
    );
    this.#resetter = new OffsetResetter(this.assignment, this.seeker, this.targets, settings, events);
    const surroundings = {
      about: life.about,
      grant: (batches: number) => link.handle.grant(batches),
      alive: () => link.handle.alive(),
      waitBegins: () => link.waitBegins(),
      waitEnds: () => link.waitEnds(),
      waitsForRebalance: () => this.rebalancer.waitsForRebalance(),
      expects: () => this.membership.expects || life.closing,
      waitsInVain: () => life.warn('NOTHING_TO_READ', IN_VAIN),
      fetchAgain: (p: Partition) => this.assignment.fetchAgain(p),
    };
    this.delivery = new Delivery(this.partitions, surroundings, decoders);
    this.#readSurroundings = {
      partitions: this.partitions,
      assignment: this.assignment,
      targets: this.targets,
      delivery: this.delivery,
      lookupMs: settings.socketTimeoutMs,
      isSettled: () => !this.membership.expects || this.seeker.assignmentKnown,
      isByHand: () => this.membership.mode === 'assigned',
      report,
    };
    this.processor = new Processor({
      delivery: this.delivery,
      partitions: this.partitions,
      assignment: this.assignment,
      committer: this.committer,
      rebalancer: this.rebalancer,
      maxPollIntervalMs: settings.maxPollIntervalMs,
      report,
    });
    this.monitor = new StallMonitor(
      {
        held: () => this.partitions.held,
        asksFor: (p) => this.delivery.asksFor(p),
        ends: (partitions, timeoutMs) => this.lookups.ends('stalled', partitions, { timeoutMs }),
        stalled: (stall) => {
          life.log?.write('warn', 'messages are there, and none comes', { stall });
          life.tell('stalled', stall);
        },
      },
      stalledAfterMs,
    );
  }

  #onRecord(record: OwnRecord<ConsumerRecord>): void {
    switch (record.type) {
      case 'batch':
        this.#topicRefusals.end();
        this.delivery.push(record);
        break;
      case 'logEnd':
        this.delivery.logEnd(record.id, record.offset);
        break;
      case 'dropped':
        this.delivery.buffer.lost(record.ids);
        this.life.report(new KafkaError('client', record.error));
        break;
      case 'rebalance':
        if (record.assign && record.rows.length) {
          this.#groupRefusals.end();
          this.#topicRefusals.end();
        }
        this.rebalancer.onEvent(record);
        break;
    }
  }

  #onPassing(error: KafkaError, row?: NativeRow): void {
    const p = row && this.partitions.find(row);
    if (error.errno === errno.unknownTopicOrPart) this.#vanished(error, row);
    if (error.errno === errno.autoOffsetReset && p) this.#resetter.onOutOfRange(p, row.offset);
    else this.life.report(error);
    if (error.errno === errno.groupAuthorization && !row) this.#groupRefusals.begin(error);
    if (error.errno === errno.topicAuthorization && (row ? p?.held : true)) this.#topicRefusals.begin(error);
  }

  /** Brokers do not accept this client, or what it has subscribed: who waits for messages, or for an assignment, is told. */
  #refused(refusal: KafkaError): boolean {
    this.seeker.refuse(refusal);
    return this.delivery.refuse(refusal);
  }

  /** librdkafka names the topic that a subscription has lost in the text of the error alone; no name contains a colon. */
  #vanished({ message }: KafkaError, row?: NativeRow): void {
    const topic = row?.topic ?? /Subscribed topic not available: ([^:]+): /.exec(message)?.[1];
    if (topic !== undefined) this.#starts.vanished(topic);
  }

  /** Ends iterators, commits, leaves the group, and lets go of everything. The second call waits for the first. */
  async close(timeoutMs: number): Promise<void> {
    this.rebalancer.waitsForRebalance();
    this.delivery.end();
    this.rebalancer.stopAssigning();
    this.committer.stop();
    this.monitor.stop();
    const ended = (this.#ended ??= this.#end(timeoutMs));
    this.#lookupsEnded ??= this.lookups.close(timeoutMs);
    await Promise.all([ended, this.#lookupsEnded]);
  }

  async #end(timeoutMs: number): Promise<void> {
    await this.life.shutDown(timeoutMs, async () => {
      await this.processor.stop(timeoutMs);
      await this.#unassignByHand();
    });
    this.committer.tellCut();
  }

  /** By hand, nothing is revoked at the end that would commit. */
  async #unassignByHand(): Promise<void> {
    if (this.membership.mode === 'assigned') await this.rebalancer.unassign();
  }

  async leaveGroup(): Promise<void> {
    await this.life.link.request('unsubscribe', (id) => this.life.link.handle.unsubscribe(id));
    while (this.partitions.held.length) await this.rebalancer.nextChange();
    this.#starts.endStints(); // it is no member of the group any more
    this.committer.isMember = false;
    this.rebalancer.joined = false;
  }

  /** Every public method that takes part in the client's life. What a listener calls works until the end. */
  run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.life.run(operation, work, this.rebalancer.inListener);
  }

  /** As run(), for what a consumer takes on: not while it closes, in a listener neither. */
  runOpen<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return this.life.run(operation, work);
  }

  /** Waits for what this consumer does by itself. What a listener waits for works until the native side has ended. */
  wait<T>(operation: string, answer: Promise<T>, limits: WaitOptions): Promise<T> {
    const over = this.rebalancer.inListener ? this.life.link.over : this.life.over;
    return over.race(operation, answer, limits);
  }

  course<Limits extends ReadLimits>(operation: string, limits: () => Limits): Course<Limits> {
    const end = ({ until }: Limits) =>
      until === undefined ? null : new ReadEnd(operation, until, this.#readSurroundings);
    return { limits, end };
  }

  /** Ends the iterator with the error: the next step of it rejects. */
  #fail(error: unknown): void {
    if (!this.life.closing) this.delivery.fail(error);
  }
}
