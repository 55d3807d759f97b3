import { expect } from 'chai';
import client from 'prom-client';
import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
import { collect } from 'seekafka/prometheus';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// seekafka/prometheus with the real prom-client: what its registry gives is what happened.

interface Line {
  name: string;
  labels: Record<string, string>;
  value: number;
}

function parsed(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, of]) => [key, of]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) }];
  });
}

describe('seekafka/prometheus', () => {
  let cluster: MockCluster;
  let topic: string;
  beforeEach(async () => {
    cluster = await MockCluster.start();
    topic = uniqueTopic();
    cluster.createTopic(topic, 2);
  });
  afterEach(() => cluster.close());
  const config = () => ({ 'bootstrap.servers': cluster.bootstrapServers, 'statistics.interval.ms': 50 });

  it('tells the lag, the queues, the traffic and the rebalances of clients, and their errors', async () => {
    const registry = new client.Registry();
    await using producer = new Producer({ ...config(), 'client.id': 'orders' });
    const group = uniqueGroup();
    const consumer = new Consumer({ ...config(), 'group.id': group });
    using _collector = collect(registry, [producer, consumer]);
    const now = async (name: string, labels: Record<string, string>) =>
      parsed(await registry.metrics()).find(
        (line) => line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value),
      )?.value;
    const becomes = (name: string, labels: Record<string, string>, value: number | ((is: number) => boolean)) => {
      const right = (is: number) => (typeof value === 'number' ? is === value : value(is));
      const what = `${name} of ${JSON.stringify(labels)}`;
      return eventually(async () => right((await now(name, labels)) ?? NaN), { what });
    };

    await producer.send([0, 1].flatMap((partition) => ['a', 'b', 'c'].map((value) => ({ topic, partition, value }))));
    const ofProducer = { client: 'Producer', client_id: 'orders' };
    await becomes('seekafka_produced_messages_total', ofProducer, 6);
    await becomes('seekafka_producer_queue_messages', ofProducer, 0);
    await becomes('seekafka_brokers_up', ofProducer, 1);
    await becomes('seekafka_sent_bytes_total', ofProducer, (bytes) => bytes > 100);
    await becomes('seekafka_broker_connects_total', { ...ofProducer, broker: '1' }, (count) => count >= 1);

    await consumer.subscribe(topic);
    await consumer.seekToBeginning();
    const ofConsumer = { client: 'Consumer', group };
    for await (const message of consumer.messages({ until: [{ topic, partition: 0, offset: 2 }] })) {
      expect(message.partition).to.equal(0);
    }
    await consumer.commit([{ topic, partition: 0, offset: 2 }]);
    await becomes('seekafka_consumer_committed_lag_messages', { ...ofConsumer, topic, partition: '0' }, 1);
    await becomes('seekafka_consumer_lag_messages', { ...ofConsumer, topic, partition: '0' }, (lag) => lag <= 1);
    await becomes('seekafka_assigned_partitions', ofConsumer, 2);
    await becomes('seekafka_rebalances_total', ofConsumer, (count) => count >= 1);
    await becomes('seekafka_consumed_messages_total', ofConsumer, (count) => count >= 2);

    consumer.on('error', () => undefined);
    cluster.brokerDown(1);
    await becomes('seekafka_errors_total', { ...ofConsumer, code: 'ERR__TRANSPORT' }, (count) => count >= 1);
    await becomes('seekafka_brokers_up', ofConsumer, 0);
    cluster.brokerUp(1);

    // A client that is closed has no series any more.
    await consumer.close();
    expect(parsed(await registry.metrics()).filter(({ labels }) => labels.client === 'Consumer')).to.deep.equal([]);
  });

  it('gives what prom-client makes of metrics of its own: both formats, JSON, default labels, removal', async () => {
    const registry = new client.Registry();
    registry.setDefaultLabels({ service: 'shop' });
    await using producer = new Producer(config());
    const collector = collect(registry, producer, { prefix: 'shop_', partitions: false });
    await eventually(async () => /shop_brokers_up\{/.test(await registry.metrics()));
    const text = await registry.metrics();
    expect(text).to.match(
      /# HELP shop_requests_sent_total Requests sent to brokers\.\n# TYPE shop_requests_sent_total counter\n/,
    );
    expect(text).to.match(/shop_requests_sent_total\{.*service="shop".*\} \d+/);
    expect(text).not.to.match(/partition=/);
    const json = await registry.getMetricsAsJSON();
    expect(json.find(({ name }) => name === 'shop_brokers_up')).to.have.property('type', 'gauge');
    registry.resetMetrics();
    registry.setContentType(client.Registry.OPENMETRICS_CONTENT_TYPE as never);
    const open = await registry.metrics();
    expect(open).to.match(/# TYPE shop_requests_sent counter\nshop_requests_sent_total\{/);
    expect(open).to.match(/# EOF\n$/);
    expect(() => collect(registry, producer, { prefix: 'shop_' })).to.throw(/already been registered/);
    collector.stop();
    collector.stop();
    expect(registry.getMetricsAsArray()).to.deep.equal([]);
    expect(producer.listenerCount('statistics')).to.equal(0);
  });

  it('takes clients that come later, and lets go of them', async () => {
    const registry = new client.Registry();
    using collector = collect(registry, []);
    const producers = [new Producer(config()), new Producer(config())];
    for (const producer of producers) collector.add(producer);
    collector.add(producers[0]!);
    const up = async () => parsed(await registry.metrics()).filter(({ name }) => name === 'seekafka_brokers_up');
    await eventually(async () => (await up()).length === 2);
    expect(new Set((await up()).map(({ labels }) => labels.handle)).size).to.equal(2); // else the lines were the same
    collector.remove(producers[1]!);
    expect(await up()).to.have.lengthOf(1);
    for (const producer of producers) await producer.close();
    expect(await up()).to.deep.equal([]);
  });

  it('refuses what is no registry, no client, and a client without statistics', async () => {
    const registry = new client.Registry();
    await using mute = new Admin({ 'bootstrap.servers': cluster.bootstrapServers });
    const wrong: [() => unknown, RegExp][] = [
      [() => collect({} as never, mute), /^registry: expected a Registry of prom-client, got an object$/],
      [() => collect(registry, 'x' as never), /^clients\[0\]: expected a Consumer, a Producer or an Admin, got 'x'$/],
      [() => collect(registry, [mute]), /^clients\[0\]: expected a client with 'statistics.interval.ms' above 0/],
      [() => collect(registry, [cluster as never]), /^clients\[0\]: expected a Consumer, a Producer or an Admin/],
      [() => collect(registry, [], { prefix: 'a-b' }), /^options.prefix: expected the beginning/],
      [() => collect(registry, [], { partitions: 1 as never }), /^options.partitions: expected true or false, got 1$/],
      [() => collect(registry, [], { names: 1 } as never), /^options: unknown key 'names'/],
    ];
    for (const [attempt, message] of wrong) expect(attempt).to.throw(TypeError, message);
    expect(registry.getMetricsAsArray()).to.deep.equal([]);
  });
});
