import { expect } from 'chai';
import { Producer } from 'seekafka';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { skip } from '../helpers/groups.js';
import { at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';

// S16: seekToTimestamp goes to the first message at or after the time, to the end where there is none.

/** Not long ago, or retention would delete the messages. */
const T0 = Date.now() - 3_600_000;

/** Sends one message for each time to a partition, in this order. */
async function fillAt(cluster: Cluster, topic: string, times: readonly number[], partition = 0): Promise<void> {
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  await producer.send(
    times.map((time, sequence) => ({ topic, partition, value: `${partition}:${sequence}`, timestamp: time })),
  );
}

describeOnBoth('S16: seekToTimestamp', (cluster) => {
  const prepare = async (times: readonly number[], partitions = 1) => {
    const topic = await cluster().createTopic(partitions);
    await fillAt(cluster(), topic, times);
    const consumer = consumerOn(cluster());
    await consumer.assign(range(0, partitions).map((partition) => ({ topic, partition })));
    return { topic, consumer };
  };
  /** Messages at 0, 10, 20, ... 90 ms after T0. */
  const tens = range(0, 10).map((i) => T0 + i * 10);

  for (const [where, time, expected] of [
    ['the time of a message: there', T0 + 30, 3],
    ['a time between two: the later', T0 + 31, 4],
    ['a time before the first: the first', T0 - 1, 0],
    ['time 0: the first', 0, 0],
    ['the time of the last: the last', T0 + 90, 9],
    ['a time behind the last: the end', T0 + 91, 10],
    ['the largest time there is: the end', Number.MAX_SAFE_INTEGER, 10],
  ] as const) {
    it(`goes by ${where}`, async () => {
      const { topic, consumer } = await prepare(tens);
      await using _ = consumer;
      expect(await consumer.seekToTimestamp(time)).to.deep.equal([at(topic, expected)]);
      expect(await consumer.position()).to.deep.equal([at(topic, expected)]);
      await fill(cluster(), topic, { count: 1, from: 10 });
      expect(await takeSequences(consumer, 11 - expected)).to.deep.equal(range(expected, 11));
    });
  }

  it('takes a Date for the same as its milliseconds', async () => {
    const { topic, consumer } = await prepare(tens);
    await using _ = consumer;
    expect(await consumer.seekToTimestamp(new Date(T0 + 45))).to.deep.equal([at(topic, 5)]);
    expect(await takeSequences(consumer, 1)).to.deep.equal([5]);
  });

  it('goes to the first in the log, not to the earliest in time, where times are out of order', async () => {
    const { topic, consumer } = await prepare([T0, T0 + 50, T0 + 20, T0 + 30, T0 + 60]);
    await using _ = consumer;
    expect(await consumer.seekToTimestamp(T0 + 20)).to.deep.equal([at(topic, 1)]);
    expect(await consumer.seekToTimestamp(T0 + 51)).to.deep.equal([at(topic, 4)]);
    expect(await takeSequences(consumer, 1)).to.deep.equal([4]);
  });

  it('finds each partition its own place, and the empty one its end', async () => {
    const { topic, consumer } = await prepare(tens, 3);
    await using _ = consumer;
    await fillAt(cluster(), topic, [T0 + 1, T0 + 2], 1);
    const rows = await consumer.seekToTimestamp(T0 + 2);
    expect(rows).to.have.deep.members([at(topic, 1, 0), at(topic, 1, 1), at(topic, 0, 2)]);
  });

  it('of named partitions leaves the others', async () => {
    const { topic, consumer } = await prepare(tens, 2);
    await using _ = consumer;
    await fillAt(cluster(), topic, tens, 1);
    await consumer.seekToBeginning();
    expect(await consumer.seekToTimestamp(T0 + 70, [{ topic, partition: 1 }])).to.deep.equal([at(topic, 7, 1)]);
    expect(await consumer.position()).to.have.deep.members([at(topic, 0, 0), at(topic, 7, 1)]);
  });

  it('waits for the assignment as every seek does', async () => {
    const topic = await cluster().createTopic();
    await fillAt(cluster(), topic, tens);
    await using consumer = consumerOn(cluster());
    const waiting = consumer.seekToTimestamp(T0 + 55);
    await consumer.subscribe(topic);
    expect(await waiting).to.deep.equal([at(topic, 6)]);
    expect(await takeSequences(consumer, 4)).to.deep.equal(range(6, 10));
  });

  it('in onAssigned is the start offset', async () => {
    const topic = await cluster().createTopic();
    await fillAt(cluster(), topic, tens);
    await using consumer = consumerOn(cluster());
    await consumer.subscribe(topic, { onAssigned: async () => void (await consumer.seekToTimestamp(T0 + 75)) });
    expect(await takeSequences(consumer, 2)).to.deep.equal([8, 9]);
  });

  it("goes by the broker's clock where the topic has LogAppendTime", async function () {
    if (cluster().name === 'mock') skip(this, 'the mock cluster has no topic configuration');
    const topic = await cluster().createTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
    await fillAt(cluster(), topic, [T0, T0, T0]);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const { timestamp } = await producer.send({ topic, partition: 0, value: '0:3', timestamp: T0 });
    expect(timestamp).to.be.greaterThan(T0);
    await using consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await consumer.seekToTimestamp(T0 + 1)).to.deep.equal([at(topic, 0)]);
    const [row] = await consumer.seekToTimestamp(timestamp);
    expect(row!.offset).to.be.within(0, 3); // some of them may have the same millisecond
    expect(await consumer.seekToTimestamp(timestamp + 1)).to.deep.equal([at(topic, 4)]);
  });

  it('agrees with offsetsForTimes, which says -1 where a seek goes to the end', async () => {
    const { topic, consumer } = await prepare(tens);
    await using _ = consumer;
    for (const time of [T0 - 5, T0 + 44, T0 + 90]) {
      const [looked] = await consumer.offsetsForTimes([{ topic, partition: 0, timestamp: time }]);
      expect(await consumer.seekToTimestamp(time)).to.deep.equal([looked]);
    }
    const [none] = await consumer.offsetsForTimes([{ topic, partition: 0, timestamp: T0 + 1000 }]);
    expect(none).to.deep.equal(at(topic, -1));
    expect(await consumer.seekToTimestamp(T0 + 1000)).to.deep.equal([at(topic, 10)]);
  });

  it('rejects for a partition that does not exist, and moves the others', async () => {
    const { topic, consumer } = await prepare(tens);
    await using _ = consumer;
    const error = await rejection(
      consumer.seekToTimestamp(T0 + 30, [
        { topic, partition: 0 },
        { topic, partition: 9 },
      ]),
    );
    expect(error).to.include({ code: 'ERR__STATE', operation: 'seekToTimestamp' });
    expect(await consumer.position()).to.deep.equal([at(topic, 3)]);
  });
});
