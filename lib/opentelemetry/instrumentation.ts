// From the channels of node:diagnostics_channel to spans and measurements. It knows of the package only what everybody may
// know: the names and the events of these channels.

import {
  type Context,
  type MeterProvider,
  type Span,
  type TracerProvider,
  context,
  propagation,
  trace,
} from '@opentelemetry/api';
import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import type { RecordMetadata } from '../arguments/options.js';
import type { CommitEvent, SendEvent, TracedEvent } from '../client/diagnostics.js';
import type { ConsumeEvent, ProcessEvent } from '../consumer/diagnostics.js';
import { MOST_LINKS, linksOf, onlyTopic, startProcess } from './context.js';
import { ReceivedCounts } from './received.js';
import { SCOPE, type Subject, VERSION, operations, telemetry } from './telemetry.js';

/** What is told of the clients. */
export interface InstrumentationConfig {
  /** False: nothing is done until enable(). Default true. */
  enabled?: boolean;
  /** A span for each message that a `for await` is handed, as for each batch. Default false: use withMessageContext(). */
  receiveSpanOfMessages?: boolean;
}

interface Traced {
  readonly span: Span;
  readonly subject: Subject;
  readonly begun: number;
}

const setter = {
  set: (headers: SendEvent['headers'], name: string, value: string) => void headers.push([name, value]),
};

const failureOf = ({ error }: TracedEvent<unknown>) => (error === undefined ? undefined : { error });

/**
 * Spans and metrics of all clients of this process, by OpenTelemetry's conventions for messaging. It has the shape of an
 * instrumentation of `@opentelemetry/instrumentation`: for `registerInstrumentations()` and NodeSDK, or by itself with the global
 * providers. One for a process: a second one that is enabled would tell all twice.
 */
export class SeekafkaInstrumentation {
  readonly instrumentationName = SCOPE;
  readonly instrumentationVersion = VERSION;
  #config: InstrumentationConfig;
  #enabled = false;
  readonly #traced = new WeakMap<object, Traced>();
  readonly #received = new ReceivedCounts();
  readonly #subscriptions: readonly (readonly [Channel, (event: never) => void])[];

  constructor(config: InstrumentationConfig = {}) {
    this.#config = { enabled: true, ...config };
    const [send, commit, handle] = ['send', 'commit', 'process'].map((name) => tracingChannel(`seekafka:${name}`));
    this.#subscriptions = [
      [send!.start, (event: SendEvent) => this.#onSend(event)],
      [send!.asyncEnd, (event: SendEvent) => this.#onSent(event)],
      [commit!.start, (event: CommitEvent) => this.#onCommit(event)],
      [commit!.asyncEnd, (event: CommitEvent) => void this.#onEnd(event, operations.settle)],
      [handle!.start, (event: ProcessEvent) => this.#onProcess(event)],
      [handle!.asyncEnd, (event: ProcessEvent) => void this.#onEnd(event, operations.process)],
      [channel('seekafka:consume'), (event: ConsumeEvent) => this.#onConsume(event)],
    ];
    if (this.#config.enabled) this.enable();
  }

  /** From now on the clients of this process are told of. Without effect where it is so already. */
  enable(): void {
    if (this.#enabled) return;
    this.#enabled = true;
    for (const [to, take] of this.#subscriptions) to.subscribe(take as (event: unknown) => void);
  }

  /** Nothing more is told. Spans of what is under way are not ended. */
  disable(): void {
    this.#enabled = false;
    this.#received.tell();
    for (const [to, take] of this.#subscriptions) to.unsubscribe(take as (event: unknown) => void);
  }

  /** In the place of the global one. */
  setTracerProvider(provider: TracerProvider): void {
    telemetry.use(provider, undefined);
  }

  /** In the place of the global one. */
  setMeterProvider(provider: MeterProvider): void {
    telemetry.use(undefined, provider);
  }

  /** In the place of the whole configuration, from the next message on. `enabled` has no effect here: see enable() and disable(). */
  setConfig(config: InstrumentationConfig): void {
    this.#config = { enabled: true, ...config };
  }

  /** A copy of the configuration; `enabled` says whether it tells of the clients now. */
  getConfig(): InstrumentationConfig {
    return { ...this.#config, enabled: this.#enabled };
  }

  #begin(event: object, span: Span, subject: Subject): void {
    this.#traced.set(event, { span, subject, begun: performance.now() });
  }

  #onSend(event: SendEvent): void {
    const { messages, clientId, server } = event;
    const subject = { topic: topicOf(messages), clientId, server };
    const active = context.active();
    const { length } = messages;
    const span = telemetry.start(operations.send, subject, active, {
      ...(length !== 1 && { attributes: { 'messaging.batch.message_count': length } }),
    });
    this.#begin(event, span, subject);
    propagation.inject(trace.setSpan(active, span), event.headers, setter);
  }

  #onSent(event: SendEvent): void {
    const { result, error } = event;
    const traced = this.#traced.get(event);
    if (result && !Array.isArray(result)) {
      traced?.span.setAttribute('messaging.destination.partition.id', String(result.partition));
      if (result.offset >= 0) traced?.span.setAttribute('messaging.kafka.offset', result.offset);
    }
    const subject = this.#onEnd(event, operations.send);
    if (!subject) return;
    const { results } = (error ?? {}) as { results?: readonly (RecordMetadata | Error)[] };
    const outcomes = Array.isArray(result) ? result.length : result ? 1 : 0;
    if (error === undefined) telemetry.count(operations.send, subject, outcomes);
    else if (!results) telemetry.count(operations.send, subject, event.messages.length, error);
    else {
      const refused = results.filter((each) => each instanceof Error);
      telemetry.count(operations.send, subject, results.length - refused.length);
      for (const each of refused) telemetry.count(operations.send, subject, 1, each);
    }
  }

  #onCommit(event: CommitEvent): void {
    const { offsets, clientId, groupId, server } = event;
    const one = offsets.length === 1 ? offsets[0]! : undefined;
    const subject = { topic: onlyTopic(offsets), partition: one?.partition, clientId, groupId, server };
    const attributes = one && { attributes: { 'messaging.kafka.offset': one.offset } };
    this.#begin(event, telemetry.start(operations.settle, subject, context.active(), attributes), subject);
  }

  #onProcess(event: ProcessEvent): void {
    const { message, clientId, groupId, server } = event;
    const subject = { topic: message.topic, partition: message.partition, clientId, groupId, server };
    const { span, inside } = startProcess(message, subject);
    this.#begin(event, span, subject);
    if (event.attempt === 1) telemetry.count(operations.process, subject, 1);
    enter(event, inside);
  }

  #onConsume(event: ConsumeEvent): void {
    const { message, batch, clientId, groupId, server, waitedMs } = event;
    const subject = message
      ? { topic: message.topic, partition: message.partition, clientId, groupId, server }
      : { topic: onlyTopic(batch!.topicPartitions), clientId, groupId, server };
    if (batch) telemetry.count(operations.receive, subject, batch.length);
    else this.#received.add(subject);
    // Most messages lie ready when they are asked for, as the rest of a batch that came.
    if (batch || waitedMs > 0) telemetry.measure(operations.receive, subject, waitedMs);
    if (message && !this.#config.receiveSpanOfMessages) return;
    const span = telemetry.start(operations.receive, subject, context.active(), {
      links: linksOf(event.sample(MOST_LINKS)),
      startTime: Date.now() - waitedMs,
      ...(batch && { attributes: { 'messaging.batch.message_count': batch.length } }),
    });
    telemetry.end(span);
  }

  #onEnd(event: TracedEvent<unknown>, operation: (typeof operations)[keyof typeof operations]): Subject | undefined {
    const traced = this.#traced.get(event);
    if (!traced) return undefined; // it was begun before this was enabled
    const { span, subject, begun } = traced;
    telemetry.end(span, failureOf(event));
    telemetry.measure(operation, subject, performance.now() - begun, failureOf(event));
    return subject;
  }
}

/** The work is done in this context, and inside of what another subscriber has set. */
function enter(event: TracedEvent<unknown>, inside: Context): void {
  const { around } = event;
  event.around = <T>(work: () => T): T =>
    around ? around(() => context.with(inside, work)) : context.with(inside, work);
}

/** Of messages that nobody has checked yet. */
function topicOf(messages: readonly unknown[]): string | undefined {
  try {
    const topic = onlyTopic(messages as { topic: string }[]);
    return typeof topic === 'string' ? topic : undefined;
  } catch {
    return undefined;
  }
}
