import { readFile } from 'node:fs/promises';
import {
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  context,
  metrics,
  propagation,
  trace,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { Consumer, MockCluster, type Message, Producer } from 'seekafka';
import { SeekafkaInstrumentation, extract, withBatchContext, withMessageContext } from 'seekafka/opentelemetry';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';

// seekafka/opentelemetry with the real SDK: spans and metrics by the conventions for messaging, contexts through the headers.

describe('seekafka/opentelemetry', () => {
  const spans = new InMemorySpanExporter();
  const measured = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter: measured, exportIntervalMillis: 3_600_000 });
  let instrumentation: SeekafkaInstrumentation;
  let cluster: MockCluster;
  let topic: string;
  const meterProvider = new MeterProvider({ readers: [reader] });

  before(() => {
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    metrics.setGlobalMeterProvider(meterProvider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
  });
  after(async () => {
    for (const api of [trace, metrics, context, propagation]) api.disable();
    await meterProvider.shutdown();
  });
  beforeEach(async () => {
    cluster = await MockCluster.start();
    topic = uniqueTopic();
    cluster.createTopic(topic, 1);
    spans.reset();
    await reader.forceFlush();
    measured.reset();
    instrumentation = new SeekafkaInstrumentation();
  });
  afterEach(async () => {
    instrumentation.disable();
    await cluster.close();
  });
  const servers = () => ({ 'bootstrap.servers': cluster.bootstrapServers });
  const called = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name);
  const inSpan = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const span = trace.getTracer('test').startSpan(name);
    try {
      return await context.with(trace.setSpan(context.active(), span), work);
    } finally {
      span.end();
    }
  };
  const ids = (links: readonly Link[]) => links.map((link) => link.context.spanId);
  const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

  /** The points of a metric, and what they say of the operation. */
  async function pointsOf(name: string) {
    await reader.forceFlush();
    const all = measured.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return all
      .filter(({ descriptor }) => descriptor.name === name)
      .flatMap(({ dataPoints, descriptor }) =>
        (dataPoints as DataPoint<number | Histogram>[]).map(({ attributes, value }) => ({
          unit: descriptor.unit,
          operation: attributes['messaging.operation.name'],
          topic: attributes['messaging.destination.name'],
          error: attributes['error.type'],
          value,
        })),
      );
  }

  /** The next message or batch of the topic from its beginning, and the consumer that it is of. */
  const consumerOf = async () => {
    const consumer = new Consumer({ ...servers(), 'group.id': uniqueGroup(), 'client.id': 'reader' });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    return consumer;
  };

  it('names a server where there is one, and none of several', async () => {
    await using several = await MockCluster.start({ brokers: 2 });
    await using producer = new Producer({ 'bootstrap.servers': several.bootstrapServers });
    await producer.send({ topic, value: 'a' });
    await using only = new Producer(servers());
    await only.send({ topic, value: 'a' });
    expect(called(`send ${topic}`).map(({ attributes }) => attributes['server.address'])).to.deep.equal([
      undefined,
      '127.0.0.1',
    ]);
  });

  it('has a span for each send, with its outcome, whose context the messages carry', async () => {
    await using producer = new Producer({ ...servers(), 'client.id': 'writer' });
    await inSpan('request', () => producer.send({ topic, value: 'a' }));
    await producer.send(['b', 'c'].map((value) => ({ topic, value })));
    const refused = await rejection(producer.send({ topic, partition: 9, value: 'd' }));

    const [one, several, failed] = called(`send ${topic}`);
    const [request] = called('request');
    expect(one!.kind).to.equal(SpanKind.PRODUCER);
    expect(one!.parentSpanContext?.spanId).to.equal(idOf(request));
    expect(one!.attributes).to.deep.equal({
      'messaging.system': 'kafka',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'server.address': '127.0.0.1',
      'server.port': Number(cluster.bootstrapServers.split(':')[1]),
      'messaging.client.id': 'writer',
      'messaging.destination.partition.id': '0',
      'messaging.kafka.offset': 0,
    });
    expect(several!.attributes).to.deep.include({ 'messaging.batch.message_count': 2 });
    expect(several!.parentSpanContext).to.equal(undefined);
    expect(failed!.status).to.deep.equal({ code: SpanStatusCode.ERROR, message: (refused as Error).message });
    expect(failed!.attributes['error.type'])
      .to.equal((refused as { code?: string }).code)
      .and.match(/^ERR_/);

    await using consumer = await consumerOf();
    const senders: (string | undefined)[] = [];
    for await (const message of consumer.messages({ until: 'end' })) {
      senders.push(trace.getSpanContext(extract(message))?.spanId);
    }
    expect(senders).to.deep.equal([idOf(one), idOf(several), idOf(several)]);
  });

  it('leaves a context alone that a message carries already', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await using producer = new Producer(servers());
    await producer.send({ topic, value: 'a', headers: { traceparent } });
    await using consumer = await consumerOf();
    for await (const message of consumer.messages({ until: 'end' })) {
      expect(message.headers.map(([name, value]) => `${name}: ${value?.toString()}`)).to.deep.equal([
        `traceparent: ${traceparent}`,
      ]);
      expect(trace.getSpanContext(extract(message))).to.deep.include({ spanId: 'b7ad6b7169203331', isRemote: true });
    }
  });

  it('runs the handlers of process() inside of the context of their message, baggage too', async () => {
    await using producer = new Producer(servers());
    const baggage = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ tenant: { value: 't1' } }));
    await context.with(baggage, () => producer.send({ topic, value: 'a', key: 'k' }));
    const group = uniqueGroup();
    await using consumer = new Consumer({ ...servers(), 'group.id': group, 'auto.offset.reset': 'earliest' });
    await consumer.subscribe(topic);
    const over = new AbortController();
    let tenant: string | undefined;
    await consumer.process(
      async (_, { attempt }) => {
        await Promise.resolve();
        tenant = propagation.getActiveBaggage()?.getEntry('tenant')?.value;
        if (attempt === 1) throw new RangeError('at first');
        await inSpan('inside', () => Promise.resolve());
        over.abort();
      },
      { retry: { attempts: 2, backoffMs: 0 }, signal: over.signal },
    );
    await consumer.close();
    expect(tenant).to.equal('t1');
    const [send] = called(`send ${topic}`);
    const [first, second] = called(`process ${topic}`);
    const [inside] = called('inside');
    for (const span of [first!, second!]) {
      expect(span.kind).to.equal(SpanKind.CONSUMER);
      expect(span.parentSpanContext?.spanId).to.equal(idOf(send));
      expect(ids(span.links)).to.deep.equal([idOf(send)]);
      expect(span.attributes).to.deep.include({
        'messaging.operation.type': 'process',
        'messaging.consumer.group.name': group,
        'messaging.kafka.message.key': 'k',
        'messaging.kafka.offset': 0,
        'messaging.message.body.size': 1,
      });
    }
    expect(first!.attributes['error.type']).to.equal('RangeError');
    expect(second!.status.code).to.equal(SpanStatusCode.UNSET);
    expect(inside!.parentSpanContext?.spanId).to.equal(idOf(second));
    const [commit] = called(`commit ${topic}`);
    expect(commit!.kind).to.equal(SpanKind.CLIENT);
    expect(commit!.attributes).to.deep.include({ 'messaging.operation.type': 'settle', 'messaging.kafka.offset': 1 });
    expect((await pointsOf('messaging.client.consumed.messages')).map(({ value }) => value)).to.deep.equal([1]);
  });

  it('lets a loop work inside of the context of its message or batch', async () => {
    await using producer = new Producer(servers());
    await producer.send({ topic, value: 'a' });
    await producer.send(['b', 'c'].map((value) => ({ topic, value })));
    const [first, second] = called(`send ${topic}`);
    await using consumer = await consumerOf();
    const boom = new Error('boom');
    for await (const message of consumer) {
      const given = await withMessageContext(message, async () => {
        await Promise.resolve();
        expect(trace.getSpanContext(context.active())?.traceId).to.equal(first!.spanContext().traceId);
        return message.offset;
      });
      expect(given).to.equal(0);
      expect(withMessageContext(message, () => 5)).to.equal(5);
      expect(await rejection(withMessageContext(message, () => Promise.reject(boom)))).to.equal(boom);
      expect(() =>
        withMessageContext(message, () => {
          throw boom;
        }),
      ).to.throw('boom');
      break;
    }
    expect(called(`process ${topic}`).map(({ status }) => status.code)).to.deep.equal([
      SpanStatusCode.UNSET,
      SpanStatusCode.UNSET,
      SpanStatusCode.ERROR,
      SpanStatusCode.ERROR,
    ]);
    expect(called(`poll ${topic}`)).to.deep.equal([]);

    spans.reset();
    await consumer.seek({ topic, partition: 0, offset: 0 });
    for await (const batch of consumer.batches({ minMessages: 3 })) {
      await withBatchContext(batch, () => inSpan('inside', () => Promise.resolve()));
      withBatchContext(Array.from(batch).slice(0, 1), () => undefined);
      expect(Array.from(batch, ({ offset }) => offset)).to.deep.equal([0, 1, 2]);
      break;
    }
    const [poll] = called(`poll ${topic}`);
    const [work, ofList] = called(`process ${topic}`);
    for (const span of [poll!, work!]) expect(ids(span.links)).to.deep.equal([idOf(first), idOf(second)]);
    expect(ids(ofList!.links)).to.deep.equal([idOf(first)]);
    expect(poll!.attributes).to.deep.include({
      'messaging.operation.type': 'receive',
      'messaging.batch.message_count': 3,
      'messaging.client.id': 'reader',
    });
    expect(called('inside')[0]!.parentSpanContext?.spanId).to.equal(idOf(work));
  });

  it('links to so many messages of a batch at most as an SDK keeps', async () => {
    await using producer = new Producer(servers());
    const sent = Array.from({ length: 200 }, (_, i) => producer.send({ topic, value: `${i}` }));
    await Promise.all(sent);
    await using consumer = await consumerOf();
    for await (const batch of consumer.batches({ minMessages: 200 })) {
      expect(batch.length).to.equal(200);
      break;
    }
    expect(called(`poll ${topic}`)[0]!.links).to.have.lengthOf(128);
  });

  it('counts and measures by the conventions', async () => {
    await using producer = new Producer(servers());
    await producer.send(['a', 'b'].map((value) => ({ topic, value })));
    await rejection(producer.send(['c', 'd'].map((value, i) => ({ topic, partition: i * 9, value }))));
    await using consumer = await consumerOf();
    const messages: Message[] = [];
    for await (const message of consumer.messages({ until: 'end' })) messages.push(message);
    await consumer.commit(messages.at(-1));
    withMessageContext(messages[0]!, () => undefined);

    const sent = await pointsOf('messaging.client.sent.messages');
    expect(sent.map(({ value, error }) => [value, typeof error])).to.deep.include.members([
      [3, 'undefined'],
      [1, 'string'],
    ]);
    expect(sent.every((point) => point.topic === topic && point.unit === '{message}')).to.equal(true);
    const consumed = await pointsOf('messaging.client.consumed.messages');
    expect(consumed).to.deep.equal([
      { unit: '{message}', operation: 'poll', topic, error: undefined, value: messages.length },
    ]);
    const durations = await pointsOf('messaging.client.operation.duration');
    const operationsOf = new Set(durations.map(({ operation }) => operation));
    expect(operationsOf).to.deep.equal(new Set(['send', 'poll', 'commit']));
    for (const { unit, value } of durations) {
      expect(unit).to.equal('s');
      expect((value as Histogram).sum).to.be.within(0, 60);
    }
    const [processed] = await pointsOf('messaging.process.duration');
    expect((processed!.value as Histogram).count).to.equal(1);
  });

  it('is told of nothing once it is disabled, and has the shape of an instrumentation', async () => {
    expect(instrumentation.getConfig()).to.deep.equal({ enabled: true });
    instrumentation.disable();
    instrumentation.disable();
    expect(instrumentation.getConfig().enabled).to.equal(false);
    await using producer = new Producer(servers());
    await producer.send({ topic, value: 'a' });
    expect(spans.getFinishedSpans()).to.deep.equal([]);
    const own = new InMemorySpanExporter();
    instrumentation.setTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] }));
    instrumentation.setMeterProvider(meterProvider);
    instrumentation.setConfig({ receiveSpanOfMessages: true });
    instrumentation.enable();
    instrumentation.enable();
    await producer.send({ topic, value: 'a' });
    await using consumer = await consumerOf();
    for await (const message of consumer) {
      expect(message.offset).to.equal(0);
      break;
    }
    expect(own.getFinishedSpans().map(({ name }) => name)).to.deep.equal([`send ${topic}`, `poll ${topic}`]);
    instrumentation.setTracerProvider(trace);
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(instrumentation.instrumentationVersion).to.equal(version);
  });
});
