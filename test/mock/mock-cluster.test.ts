import { expect } from 'chai';
import { Consumer, MockCluster, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { Member, NumberedTopic } from '../helpers/member.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Tests of users run on the mock cluster. Its groups took 44 s to rebalance, and members that speak different protocols
// ended the process. With the session that librdkafka begins with, 45 s: a rebalance must not wait for it.

describe('a group on the mock cluster', () => {
  let cluster: Cluster & { readonly mock: MockCluster };
  before('cluster', async () => {
    cluster = await mockCluster();
  });
  after('end of it', () => cluster.close());

  const quick = 5000;

  it('has its next member at once when the last one has left', async () => {
    await using topic = await NumberedTopic.create(cluster, { messages: 1 });
    const group = { 'group.id': uniqueGroup() };
    for (let i = 0; i < 4; i++) {
      await using member = new Member(cluster, group);
      await member.consumer.subscribe(topic.topic);
      await eventually(() => member.held.length === 1, { timeoutMs: quick, what: `member ${i} has the partition` });
    }
  });

  for (const strategy of ['range', 'cooperative-sticky'] as const) {
    it(`shares partitions out, and takes them back, at once (${strategy})`, async () => {
      await using topic = await NumberedTopic.create(cluster, { partitions: 2, messages: 1 });
      // Members learn of a rebalance by their heartbeats.
      const group = {
        'group.id': uniqueGroup(),
        'partition.assignment.strategy': strategy,
        'heartbeat.interval.ms': 100,
        'statistics.interval.ms': 50,
      };
      await using stays = new Member(cluster, group);
      await stays.subscribed(topic);
      const goes = new Member(cluster, group);
      await goes.consumer.subscribe(topic.topic);
      await eventually(() => stays.held.length === 1 && goes.held.length === 1, { timeoutMs: quick });
      await goes.consumer.close();
      await eventually(() => stays.held.length === 2, { timeoutMs: quick });
    });
  }

  it('refuses a member without a protocol in common with the others', async () => {
    await using topic = await NumberedTopic.create(cluster, { messages: 1 });
    const group = { 'group.id': uniqueGroup() };
    await using eager = new Member(cluster, { ...group, 'partition.assignment.strategy': 'range' });
    await eager.subscribed(topic);
    await using other = new Member(cluster, { ...group, 'partition.assignment.strategy': 'cooperative-sticky' });
    await other.consumer.subscribe(topic.topic);
    await eventually(() => other.errors.some(({ code }) => code === 'ERR_INCONSISTENT_GROUP_PROTOCOL'), {
      what: 'it is told why',
    });
    expect(eager.held).to.deep.equal([0]);
  });

  it('finds the protocol that all members have in common', async () => {
    await using topic = await NumberedTopic.create(cluster, { partitions: 2, messages: 1 });
    const group = { 'group.id': uniqueGroup(), 'heartbeat.interval.ms': 100, 'statistics.interval.ms': 50 };
    await using one = new Member(cluster, { ...group, 'partition.assignment.strategy': 'range,roundrobin' });
    await one.subscribed(topic);
    await using two = new Member(cluster, { ...group, 'partition.assignment.strategy': 'roundrobin' });
    await two.consumer.subscribe(topic.topic);
    await eventually(() => one.held.length === 1 && two.held.length === 1, { timeoutMs: quick });
  });

  it('answers a member that unsubscribes and subscribes again', async () => {
    await using topic = await NumberedTopic.create(cluster, { messages: 1 });
    await using member = new Member(cluster, { 'group.id': uniqueGroup() });
    for (let i = 0; i < 5; i++) {
      await member.consumer.subscribe(topic.topic);
      await eventually(() => member.held.length === 1, { timeoutMs: quick, what: `subscription ${i}` });
      await member.consumer.unsubscribe();
    }
  });
});

describe('the mock cluster', () => {
  it('never sleeps while somebody waits for a call', async () => {
    for (let i = 0; i < 60; i++) {
      const begun = performance.now();
      const mock = await MockCluster.start();
      mock.createTopic('in');
      mock.createTopic('out');
      await mock.close();
      expect(performance.now() - begun, `ms of cluster ${i}`).to.be.below(900);
    }
  });

  it('looks up times', async () => {
    const mock = await MockCluster.start();
    try {
      const topic = uniqueTopic();
      mock.createTopic(topic);
      const config = { 'bootstrap.servers': mock.bootstrapServers };
      await using producer = new Producer(config);
      // One batch, and others behind it. Times go up and down.
      const times = [1000, 3000, 2000, 5000];
      await producer.send(times.map((timestamp) => ({ topic, partition: 0, value: 'x', timestamp })));
      await producer.send({ topic, partition: 0, value: 'x', timestamp: 4000 });
      await producer.send({ topic, partition: 0, value: 'x', timestamp: 9000 });
      await using consumer = new Consumer({ ...config, 'group.id': uniqueGroup() });
      const at = async (timestamp: number) =>
        (await inTime(consumer.offsetsForTimes([{ topic, partition: 0, timestamp }])))[0]!.offset;
      expect(await at(500)).to.equal(0);
      expect(await at(1000)).to.equal(0);
      expect(await at(1500)).to.equal(1);
      expect(await at(3001)).to.equal(3);
      expect(await at(5001)).to.equal(5);
      mock.deleteRecords(topic, 0, 2);
      expect(await at(1000)).to.equal(2);
    } finally {
      await mock.close();
    }
  });
});
