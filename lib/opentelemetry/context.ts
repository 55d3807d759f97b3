// The context that a message carries, and functions that work inside of it, for those who read by a loop.

import {
  type Attributes,
  type Context,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type TextMapGetter,
  context,
  propagation,
  trace,
} from '@opentelemetry/api';
import { performance } from 'node:perf_hooks';
import type { Header } from '../arguments/options.js';
import type { MessageBatch } from '../consumer/batch.js';
import type { Message } from '../consumer/message.js';
import { type Subject, operations, telemetry } from './telemetry.js';

/** More links than this are cut by the SDK, unless it is told otherwise. */
export const MOST_LINKS = 128;

const getter: TextMapGetter<readonly Header[]> = {
  keys: (headers) => headers.map(([name]) => name),
  get: (headers, key) => headers.find(([name]) => name === key)?.[1]?.toString(),
};

/**
 * The context in which a message was sent, from its headers, by the propagator that is set up (W3C Trace Context and Baggage, as a
 * rule). An empty one where the message carries none.
 */
export const extract = ({ headers }: Pick<Message, 'headers'>): Context =>
  propagation.extract(ROOT_CONTEXT, headers, getter);

/** Links to the contexts of messages, each once. */
export function linksOf(messages: readonly Message[]): Link[] {
  const links = new Map<string, Link>();
  const seen = new Set<string>();
  for (const { headers } of messages) {
    const raw = headers.find(([name]) => name === 'traceparent')?.[1]?.toString('latin1');
    if (raw !== undefined && seen.has(raw)) continue;
    if (raw !== undefined) seen.add(raw);
    const creation = trace.getSpanContext(extract({ headers }));
    if (creation) links.set(`${creation.traceId}-${creation.spanId}`, { context: creation });
  }
  return [...links.values()];
}

/** What the span of one message says of it. */
export function attributesOf({ offset, key, value }: Message): Attributes {
  return {
    'messaging.kafka.offset': offset,
    ...(key && { 'messaging.kafka.message.key': key.toString() }),
    ...(value ? { 'messaging.message.body.size': value.length } : { 'messaging.kafka.message.tombstone': true }),
  };
}

/** A span for the work at a message: a child of the one that sent it, which the span links to as well. */
export function startProcess(message: Message, subject: Subject): { span: Span; inside: Context } {
  const parent = extract(message);
  const creation = trace.getSpanContext(parent);
  const span = telemetry.start(operations.process, subject, parent, {
    attributes: attributesOf(message),
    ...(creation && { links: [{ context: creation }] }),
  });
  return { span, inside: trace.setSpan(parent, span) };
}

/**
 * Calls `work` in the context of a message, with a span `process` around it: a child of the span that sent the message. For
 * loops: process() does it by itself. The span ends when what `work` gives has settled, and has its error.
 *
 * @returns what `work` gives
 */
export function withMessageContext<T>(message: Message, work: () => T): T {
  const subject = { topic: message.topic, partition: message.partition };
  const { span, inside } = startProcess(message, subject);
  return run(span, inside, subject, work);
}

/**
 * As withMessageContext(), for a batch or any list of messages: one span, which links to the spans that sent them (128 at most), and
 * is a child of the active one.
 */
export function withBatchContext<T>(batch: MessageBatch | readonly Message[], work: () => T): T {
  const messages = sampleOf(batch);
  const places = 'topicPartitions' in batch ? batch.topicPartitions : batch;
  const subject = { topic: onlyTopic(places), partition: places.length === 1 ? places[0]!.partition : undefined };
  const parent = context.active();
  const span = telemetry.start(operations.process, subject, parent, {
    links: linksOf(messages),
    attributes: { 'messaging.batch.message_count': batch.length },
  });
  return run(span, trace.setSpan(parent, span), subject, work);
}

/** The topic that all have; undefined where there are several. */
export function onlyTopic(places: readonly { readonly topic: string }[]): string | undefined {
  const topic = places[0]?.topic;
  for (const place of places) if (place.topic !== topic) return undefined;
  return topic;
}

/** A batch may be looked at without being read. */
function sampleOf(batch: MessageBatch | readonly Message[]): readonly Message[] {
  if (Array.isArray(batch)) return (batch as readonly Message[]).slice(0, MOST_LINKS);
  const { sample } = batch as { sample?: (count: number) => Message[] };
  return typeof sample === 'function' ? sample.call(batch, MOST_LINKS) : [];
}

function run<T>(span: Span, inside: Context, subject: Subject, work: () => T): T {
  const begun = performance.now();
  const end = (failed?: { error: unknown }) => {
    telemetry.end(span, failed);
    telemetry.measure(operations.process, subject, performance.now() - begun, failed);
  };
  let result: T;
  try {
    result = context.with(inside, work);
  } catch (error) {
    end({ error });
    throw error;
  }
  if (!(result instanceof Promise)) {
    end();
    return result;
  }
  return result.then(
    (value: unknown) => {
      end();
      return value;
    },
    (error: unknown) => {
      end({ error });
      throw error;
    },
  ) as T;
}
