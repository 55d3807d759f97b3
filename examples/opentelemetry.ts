// Traces that go through Kafka: the span of who sends an order is the parent of the span of who works on it.
//
//   node --import tsx examples/opentelemetry.ts                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/opentelemetry.ts    on that Kafka; its topic is deleted at the end

import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { Consumer, Producer } from 'seekafka';
import { SeekafkaInstrumentation } from 'seekafka/opentelemetry';
import { withTopics } from './with-topics.js';

// The SDK of your choice: NodeSDK does these lines by itself, with an exporter that sends the spans to your collector.
const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const instrumentation = new SeekafkaInstrumentation(); // among the `instrumentations` of NodeSDK

const tracer = trace.getTracer('orders');
await withTopics({ orders: { partitions: 1 } }, async (servers, { orders }) => {
  await using producer = new Producer({ 'bootstrap.servers': servers });
  await tracer.startActiveSpan('POST /orders', async (span) => {
    await producer.send({ topic: orders, key: 'ann', value: '3 pieces' });
    span.end();
  });

  await using consumer = new Consumer({
    'bootstrap.servers': servers,
    'group.id': `billing-${orders}`,
    'auto.offset.reset': 'earliest',
  });
  await consumer.subscribe(orders);
  const stop = new AbortController();
  const handle = async () => {
    tracer.startSpan('SELECT customer').end(); // whatever is traced in here belongs to the order's trace
    stop.abort();
  };
  await consumer.process(handle, { signal: stop.signal });

  const spans = exporter.getFinishedSpans();
  const { traceId } = spans.find(({ name }) => name.startsWith('POST'))!.spanContext();
  const draw = (parent: string | undefined, indent: string): void => {
    for (const span of spans) {
      if (span.spanContext().traceId !== traceId || span.parentSpanContext?.spanId !== parent) continue;
      console.log(`${indent}${span.name.replace(orders, 'orders')}`);
      draw(span.spanContext().spanId, `${indent}  `);
    }
  };
  draw(undefined, '');
});
instrumentation.disable();
