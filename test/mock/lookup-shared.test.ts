import { expect } from 'chai';
import type { Consumer } from 'seekafka';
import { type FaultyCluster, threeBrokers } from '../helpers/faults.js';
import { mockCluster } from '../helpers/clusters.js';
import { at, consumerOn, fill } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { mainThreads, mainThreadsAtRest } from '../helpers/threads.js';
import { eventually, inTime } from '../helpers/wait.js';

// Consumers whose connections are set up alike ask on one handle. What one of them does must not be felt by another.

const end = async (consumer: Consumer, topic: string) => (await inTime(consumer.endOffsets([at(topic, 0)])))[0]!.offset;

describe('consumers that share the handle for their questions', () => {
  let cluster: FaultyCluster;
  let topic: string;
  before('a topic with three messages', async () => {
    cluster = await threeBrokers();
    topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 3 });
  });
  after(() => cluster.close());

  it('add it once, not each: ten of them have eleven handles', async () => {
    const before = await mainThreadsAtRest();
    const consumers = Array.from({ length: 10 }, () => consumerOn(cluster));
    expect(await Promise.all(consumers.map((c) => end(c, topic)))).to.deep.equal(consumers.map(() => 3));
    if (process.platform === 'linux') expect(mainThreads() - before).to.equal(10 + 1);
    await Promise.all(consumers.map((c) => c.close()));
    await eventually(() => expect(mainThreads()).to.be.at.most(before));
  });

  it('are answered when another one closes meanwhile, and afterwards', async () => {
    await using one = consumerOn(cluster);
    await using other = consumerOn(cluster);
    await Promise.all([end(one, topic), end(other, topic)]);
    const asked = end(other, topic);
    await one.close();
    expect(await asked).to.equal(3);
    expect(await end(other, topic)).to.equal(3);
    await other.close();
    await using third = consumerOn(cluster);
    expect(await end(third, topic)).to.equal(3);
  });

  it('begin anew beside one that is still ending', async () => {
    await using one = consumerOn(cluster);
    await end(one, topic);
    const closing = one.close();
    await using other = consumerOn(cluster);
    expect(await end(other, topic)).to.equal(3);
    await closing;
    expect(await end(other, topic)).to.equal(3);
  });

  it('of two clusters do not: each asks its own', async () => {
    const large = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => large.close() };
    large.mock.createTopic(topic, 1);
    await fill(large, topic, { count: 7 });
    await using ofSmall = consumerOn(cluster);
    await using ofLarge = consumerOn(large);
    expect(await Promise.all([end(ofSmall, topic), end(ofLarge, topic)])).to.deep.equal([3, 7]);
  });

  it('fail each for its own closing alone, while brokers are slow', async () => {
    await using one = consumerOn(cluster);
    await using other = consumerOn(cluster);
    await Promise.all([end(one, topic), end(other, topic)]);
    for (const broker of [1, 2, 3]) cluster.mock.setRoundTripTime(broker, 1000);
    const [ofOne, ofOther] = [rejection(one.endOffsets([at(topic, 0)])), end(other, topic)];
    await one.close();
    expect(await ofOne).to.include({ code: 'ERR__DESTROY' });
    for (const broker of [1, 2, 3]) cluster.mock.setRoundTripTime(broker, 0);
    expect(await ofOther).to.equal(3);
  });
});
