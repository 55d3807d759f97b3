import { expect } from 'chai';
import { type ConsumerConfig, KafkaError } from 'seekafka';
import { describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { Reader, at, commitAt, consumerOn, fill, range, take, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';

// S16: seekToCommitted goes to the committed offset (0 is one), where there is none to where auto.offset.reset says; and
// a partition whose look-up failed rejects and does not move.

describeOnBoth('S16: seekToCommitted', (cluster) => {
  /** A log from 5 to 20, being read. */
  const prepare = async (config: Partial<ConsumerConfig>, committed?: number) => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    if (committed !== 0) await cluster().deleteRecordsBefore(topic, 0, 5);
    const group = uniqueGroup();
    if (committed !== undefined) await commitAt(cluster(), group, topic, committed);
    const consumer = consumerOn(cluster(), { 'group.id': group, 'enable.auto.commit': false, ...config });
    await consumer.assign([at(topic, 10)]);
    expect(await takeSequences(consumer, 3)).to.deep.equal([10, 11, 12]);
    return { topic, group, consumer };
  };

  it('goes to what is committed, back and forth', async () => {
    const { topic, consumer } = await prepare({}, 7);
    await using _ = consumer;
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 7)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([7, 8]);
    await consumer.commit([at(topic, 18)]);
    expect(await consumer.seekToCommitted([{ topic, partition: 0 }])).to.deep.equal([at(topic, 18)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([18, 19]);
  });

  it('takes 0 for an offset, and not for none', async () => {
    const { topic, consumer } = await prepare({ 'auto.offset.reset': 'latest' }, 0);
    await using _ = consumer;
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 0)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([0, 1]);
  });

  it('sees what another client of the group has committed meanwhile', async () => {
    const { topic, group, consumer } = await prepare({}, 7);
    await using _ = consumer;
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 7)]);
    await commitAt(cluster(), group, topic, 15);
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 15)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([15, 16]);
  });

  it("where nothing is committed goes to the beginning by 'earliest'", async () => {
    const { topic, consumer } = await prepare({ 'auto.offset.reset': 'earliest' });
    await using _ = consumer;
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 5)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([5, 6]);
  });

  it("where nothing is committed goes to the end by 'latest'", async () => {
    const { topic, consumer } = await prepare({ 'auto.offset.reset': 'latest' });
    await using _ = consumer;
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 20)]);
    await fill(cluster(), topic, { count: 1, from: 20 });
    expect(await takeSequences(consumer, 1)).to.deep.equal([20]);
  });

  it("where nothing is committed rejects by 'error', and the partition goes on where it was", async () => {
    const { topic, consumer } = await prepare({ 'auto.offset.reset': 'error' });
    await using _ = consumer;
    const error = await rejection(consumer.seekToCommitted());
    expect(error).to.be.instanceOf(KafkaError);
    expect(error).to.include({ code: 'ERR__NO_OFFSET', operation: 'seekToCommitted' });
    expect((error as KafkaError).partitions).to.have.length(1);
    expect(await consumer.position()).to.deep.equal([at(topic, 13)]);
    expect(await takeSequences(consumer, 7)).to.deep.equal(range(13, 20));
  });

  it('does not take what was processed for what is committed', async () => {
    const { topic, consumer } = await prepare({}, 7);
    await using _ = consumer;
    await takeSequences(consumer, 5);
    expect(await consumer.seekToCommitted()).to.deep.equal([at(topic, 7)]);
    expect(await consumer.committed()).to.deep.equal([at(topic, 7)]);
  });

  it('without a group rejects, as there is nobody to have committed', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 3 });
    await using consumer = consumerOn(cluster(), { 'group.id': undefined });
    await consumer.assign([at(topic, 1)]);
    const error = await rejection(consumer.seekToCommitted());
    expect(error).to.include({ code: 'ERR__UNKNOWN_GROUP', operation: 'seekToCommitted' });
    expect(await takeSequences(consumer, 2)).to.deep.equal([1, 2]);
  });
});

// On the mock cluster alone, which can be told to answer with an error.
const onMock = describe('S16: a look-up that fails (mock)', () => {
  const listOffsetsKey = 2;
  const offsetFetchKey = 9;
  const topicAuthorizationFailed = 29;
  const groupAuthorizationFailed = 30;
  const leaderNotAvailable = 5;

  const prepare = async () => {
    const cluster = await mockCluster();
    const topic = await cluster.createTopic(2);
    await fill(cluster, topic, { partitions: 2, count: 20 });
    const consumer = consumerOn(cluster);
    await consumer.assign([0, 1].map((partition) => at(topic, 10, partition)));
    expect(await take(consumer, 20)).to.have.length(20);
    await consumer.seek([0, 1].map((partition) => at(topic, 10, partition)));
    const dispose = async () => {
      await consumer.close();
      await cluster.close();
    };
    return { topic, cluster, consumer, [Symbol.asyncDispose]: dispose };
  };

  for (const [operation, key, errno, code] of [
    ['seekToBeginning', listOffsetsKey, topicAuthorizationFailed, 'ERR_TOPIC_AUTHORIZATION_FAILED'],
    ['seekToEnd', listOffsetsKey, topicAuthorizationFailed, 'ERR_TOPIC_AUTHORIZATION_FAILED'],
    ['seekToCommitted', offsetFetchKey, groupAuthorizationFailed, 'ERR_GROUP_AUTHORIZATION_FAILED'],
  ] as const) {
    it(`rejects and moves no partition, and what was fetched is delivered: ${operation}`, async () => {
      await using it = await prepare();
      const { topic, cluster, consumer } = it;
      cluster.mock.pushRequestError(1, key, errno);
      const error = await rejection(consumer[operation]());
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code, operation });
      expect((error as KafkaError).partitions).to.have.length(2);
      expect(await consumer.position()).to.have.deep.members([at(topic, 10, 0), at(topic, 10, 1)]);
      const reader = new Reader(consumer);
      await reader.until(20);
      for (const partition of [0, 1]) expect(reader.sequences(partition)).to.deep.equal(range(10, 20));
    });
  }

  it('by an error that passes is asked again, and succeeds', async () => {
    await using it = await prepare();
    const { topic, cluster, consumer } = it;
    cluster.mock.pushRequestError(1, listOffsetsKey, leaderNotAvailable);
    cluster.mock.pushRequestError(1, listOffsetsKey, leaderNotAvailable);
    const rows = await consumer.seekToBeginning();
    expect(rows).to.have.deep.members([at(topic, 0, 0), at(topic, 0, 1)]);
  });

  it('gives way to the seek before it, which resolves with its own offset', async () => {
    await using it = await prepare();
    const { topic, cluster, consumer } = it;
    cluster.mock.pushRequestError(1, listOffsetsKey, topicAuthorizationFailed);
    const earlier = consumer.seek(at(topic, 3));
    const later = rejection(consumer.seekToEnd([{ topic, partition: 0 }]));
    expect(await later).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
    expect(await earlier).to.deep.equal([at(topic, 3)]);
    const reader = new Reader(consumer);
    await reader.until(27);
    expect(reader.sequences(0)).to.deep.equal(range(3, 20));
    expect(reader.sequences(1)).to.deep.equal(range(10, 20));
  });
});
setGroup(onMock, 'mock');
