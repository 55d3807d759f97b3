// node:diagnostics_channel: what is published, on which channel. Nothing is made or counted while nobody subscribes. What a
// subscriber throws is an uncaught exception, as Node.js makes it one, and ends nothing of what is being done.

import { type Channel, type TracingChannel, channel, tracingChannel } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { throwLater } from './link.js';
import type { ProducerMessage, RecordMetadata, TopicPartition, TopicPartitionOffset } from '../arguments/options.js';

/** What every event of node:diagnostics_channel tells. */
export interface DiagnosticsEvent {
  /** The Consumer, Producer or Admin that does it. */
  readonly client: EventEmitter;
  /** `client.id`. */
  readonly clientId: string;
  /** `group.id`, where there is one. */
  readonly groupId?: string;
  /** The broker that `bootstrap.servers` names, where that is one alone. A call may go to others nevertheless. */
  readonly server?: { readonly address: string; readonly port: number };
}

/**
 * Of a tracing channel: one object from its `start` to its `asyncEnd`. `result` or `error` is there from `asyncStart` on. Whoever
 * subscribes may keep what it needs in a WeakMap by this object.
 */
export interface TracedEvent<Result> extends DiagnosticsEvent {
  result?: Result;
  error?: unknown;
  /**
   * May be set by a subscriber of `start`: the work is done inside of this function, which calls it once and gives back what it
   * gives. For contexts that are entered by a call; those of an AsyncLocalStorage need `start.bindStore()` alone.
   */
  around?: <T>(work: () => T) => T;
}

/** `tracing:seekafka:connect`: a connect(). */
export type ConnectEvent = TracedEvent<void>;

/** `tracing:seekafka:send`: a call of send(), until the brokers have acknowledged all of it. */
export interface SendEvent extends TracedEvent<RecordMetadata | RecordMetadata[]> {
  /** As they were given: not checked yet, and the caller's own. */
  readonly messages: readonly ProducerMessage[];
  /** It is of a transaction. */
  readonly transactional: boolean;
  /** What a subscriber of `start` adds here is added to each message that has no header of that name. */
  readonly headers: [name: string, value: string | Uint8Array | null][];
}

/** `seekafka:deliver`: brokers have acknowledged messages, or they have failed. */
export interface DeliverEvent extends DiagnosticsEvent {
  readonly delivered: number;
  readonly failed: number;
}

/** `tracing:seekafka:commit`: offsets on their way to the group's coordinator. */
export interface CommitEvent extends TracedEvent<void> {
  readonly offsets: readonly TopicPartitionOffset[];
  /** By the timer, a revocation, process() or close(), and not by commit(). */
  readonly automatic: boolean;
}

/** `tracing:seekafka:seek`: a seek, until it has taken effect. */
export interface SeekEvent extends TracedEvent<TopicPartitionOffset[]> {
  /** The method: `seek`, `seekToEnd`, ... */
  readonly operation: string;
  /** Null: the whole assignment. */
  readonly partitions: readonly TopicPartition[] | null;
}

/** `tracing:seekafka:rebalance`: partitions come or go, with all that is done about it: the listener, commits, look-ups. */
export interface RebalanceEvent extends TracedEvent<void> {
  readonly kind: 'assigned' | 'revoked' | 'lost';
  readonly partitions: readonly TopicPartition[];
}

/** `tracing:seekafka:transaction`: a transaction(), until it has committed or aborted. */
export type TransactionEvent = TracedEvent<unknown>;

/** `tracing:seekafka:admin`: a request of an Admin. */
export interface AdminEvent extends TracedEvent<unknown> {
  /** The method: `createTopics`, ... */
  readonly operation: string;
}

/** A tracing channel. */
export class Trace<Event extends TracedEvent<unknown>> {
  readonly #channel: TracingChannel<unknown, Event>;

  constructor(name: string) {
    this.#channel = tracingChannel<unknown, Event>(name);
  }

  /** Somebody subscribes: the event is worth making. */
  get active(): boolean {
    const { start, end, asyncStart, asyncEnd, error } = this.#channel;
    return (
      start.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      asyncStart.hasSubscribers ||
      error.hasSubscribers ||
      end.hasSubscribers
    );
  }

  run<T>(event: Event, work: () => Promise<T>): Promise<T> {
    return this.#channel.tracePromise(() => (event.around ? inside(event.around, work) : work()), event);
  }
}

/** What a subscriber does wrong ends nothing of what is being done. */
async function inside<T>(around: NonNullable<TracedEvent<T>['around']>, work: () => Promise<T>): Promise<T> {
  let begun = false;
  const once = () => {
    begun = true;
    return work();
  };
  try {
    return await around(once);
  } catch (error) {
    if (begun) throw error;
    throwLater(error);
    return work();
  }
}

/** A channel of single events. */
export class Point<Event extends DiagnosticsEvent> {
  readonly #channel: Channel;

  constructor(name: string) {
    this.#channel = channel(name);
  }

  get active(): boolean {
    return this.#channel.hasSubscribers;
  }

  publish(event: Event): void {
    this.#channel.publish(event);
  }
}

export const connects = new Trace<ConnectEvent>('seekafka:connect');
export const sends = new Trace<SendEvent>('seekafka:send');
export const deliveries = new Point<DeliverEvent>('seekafka:deliver');
export const commits = new Trace<CommitEvent>('seekafka:commit');
export const seeks = new Trace<SeekEvent>('seekafka:seek');
export const rebalances = new Trace<RebalanceEvent>('seekafka:rebalance');
export const transactions = new Trace<TransactionEvent>('seekafka:transaction');
export const requests = new Trace<AdminEvent>('seekafka:admin');

/** Does the work, and tells of it where somebody subscribes. @param event made only then */
export function traced<T, Event extends TracedEvent<unknown>>(
  trace: Trace<Event>,
  event: () => Event,
  work: () => Promise<T>,
): Promise<T> {
  return trace.active ? trace.run(event(), work) : work();
}
