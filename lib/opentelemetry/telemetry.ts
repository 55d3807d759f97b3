// Spans and instruments by OpenTelemetry's conventions for messaging: their names, attributes and kinds.

import {
  type Attributes,
  type Context,
  type Counter,
  type Histogram,
  type Link,
  type Meter,
  type MeterProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TracerProvider,
  metrics,
  trace,
} from '@opentelemetry/api';

/** The name of the instrumentation scope. */
export const SCOPE = 'seekafka';
/** That of the package. */
export const VERSION = '0.1.0';

/** What is done, by the words of the conventions. */
export interface Operation {
  readonly name: 'send' | 'poll' | 'process' | 'commit';
  readonly type: 'send' | 'receive' | 'process' | 'settle';
  readonly kind: SpanKind;
}

export const operations = {
  send: { name: 'send', type: 'send', kind: SpanKind.PRODUCER },
  receive: { name: 'poll', type: 'receive', kind: SpanKind.CLIENT },
  process: { name: 'process', type: 'process', kind: SpanKind.CONSUMER },
  settle: { name: 'commit', type: 'settle', kind: SpanKind.CLIENT },
} as const satisfies Record<string, Operation>;

/** Of whom and of what an operation is. */
export interface Subject {
  /** Undefined: of several topics, or of none. */
  readonly topic: string | undefined;
  readonly partition?: number | undefined;
  readonly clientId?: string | undefined;
  readonly groupId?: string | undefined;
  readonly server?: { readonly address: string; readonly port: number } | undefined;
}

/** What both a span and a measurement have; these keep the number of series small. */
function common({ name, type }: Operation, { topic, groupId, server }: Subject): Attributes {
  return {
    'messaging.system': 'kafka',
    'messaging.operation.name': name,
    'messaging.operation.type': type,
    ...(topic !== undefined && { 'messaging.destination.name': topic }),
    ...(groupId !== undefined && { 'messaging.consumer.group.name': groupId }),
    ...(server && { 'server.address': server.address, 'server.port': server.port }),
  };
}

/** As the conventions say: the code of a KafkaError, else the name of the error's class. */
export function errorType(error: unknown): string {
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    name?: unknown;
  };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : '_OTHER';
}

/** By the advice of the conventions, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

class Instruments {
  readonly operationDuration: Histogram;
  readonly processDuration: Histogram;
  readonly sent: Counter;
  readonly consumed: Counter;

  constructor(meter: Meter) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: BOUNDARIES } };
    this.operationDuration = meter.createHistogram('messaging.client.operation.duration', {
      ...seconds,
      description: 'Duration of messaging operation initiated by a producer or consumer client.',
    });
    this.processDuration = meter.createHistogram('messaging.process.duration', {
      ...seconds,
      description: 'Duration of processing operation.',
    });
    this.sent = meter.createCounter('messaging.client.sent.messages', {
      unit: '{message}',
      description: 'Number of messages producer attempted to send to the broker.',
    });
    this.consumed = meter.createCounter('messaging.client.consumed.messages', {
      unit: '{message}',
      description: 'Number of messages that were delivered to the application.',
    });
  }
}

/** Makes spans and measurements, by the providers given or by the global ones. */
export class Telemetry {
  #tracerProvider: TracerProvider | undefined;
  #meterProvider: MeterProvider | undefined;
  #instruments: Instruments | null = null;

  use(tracerProvider: TracerProvider | undefined, meterProvider: MeterProvider | undefined): void {
    this.#tracerProvider = tracerProvider ?? this.#tracerProvider;
    this.#meterProvider = meterProvider ?? this.#meterProvider;
    this.#instruments = null;
  }

  /** Made with the first measurement: there is no global provider before the SDK is set up. */
  get instruments(): Instruments {
    return (this.#instruments ??= new Instruments((this.#meterProvider ?? metrics).getMeter(SCOPE, VERSION)));
  }

  start(
    operation: Operation,
    subject: Subject,
    parent: Context,
    more: { links?: Link[]; attributes?: Attributes; startTime?: number } = {},
  ): Span {
    const { topic, partition, clientId } = subject;
    const tracer = (this.#tracerProvider ?? trace).getTracer(SCOPE, VERSION);
    const attributes: Attributes = {
      ...common(operation, subject),
      ...(clientId !== undefined && { 'messaging.client.id': clientId }),
      ...(partition !== undefined && { 'messaging.destination.partition.id': String(partition) }),
      ...more.attributes,
    };
    const { links, startTime } = more;
    const name = topic === undefined ? operation.name : `${operation.name} ${topic}`;
    const options = { kind: operation.kind, attributes, ...(links && { links }), ...(startTime && { startTime }) };
    return tracer.startSpan(name, options, parent);
  }

  /** @param failed with what, where the operation has failed */
  end(span: Span, failed?: { error: unknown }): void {
    if (failed) {
      const { error } = failed;
      span.setAttribute('error.type', errorType(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
    }
    span.end();
  }

  /** How long an operation took. */
  measure(operation: Operation, subject: Subject, milliseconds: number, failed?: { error: unknown }): void {
    const { operationDuration, processDuration } = this.instruments;
    const histogram = operation.type === 'process' ? processDuration : operationDuration;
    histogram.record(milliseconds / 1000, {
      ...common(operation, subject),
      ...(failed && { 'error.type': errorType(failed.error) }),
    });
  }

  /** How many messages were sent, or consumed. */
  count(operation: Operation, subject: Subject, messages: number, error?: unknown): void {
    if (messages === 0) return;
    const { sent, consumed } = this.instruments;
    (operation.type === 'send' ? sent : consumed).add(messages, {
      ...common(operation, subject),
      ...(error !== undefined && { 'error.type': errorType(error) }),
    });
  }
}

/** That of the instrumentation, which the functions for loops use, too. */
export const telemetry = new Telemetry();
