import { expect } from 'chai';
import { type Consumer, type ConsumerConfig, KafkaError, type OffsetReset } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Reader, at, commitAt, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// S15: an offset outside of the log follows auto.offset.reset, and is told: never a silent jump.

describeOnBoth('S15: an offset outside of the log', (cluster) => {
  /** A log that begins at 5 and ends at 20, and a consumer that writes down what it is told. */
  const prepare = async (
    reset: NonNullable<ConsumerConfig['auto.offset.reset']>,
    config: Partial<ConsumerConfig> = {},
  ) => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    await cluster().deleteRecordsBefore(topic, 0, 5);
    const consumer = consumerOn(cluster(), { 'auto.offset.reset': reset, ...config });
    const told: OffsetReset[] = [];
    consumer.on('offsetReset', (one) => told.push(one));
    return { topic, consumer, told };
  };
  /** Where the loop gets to first, and where it ends: what was produced last is 20. */
  const finish = async (consumer: Consumer, topic: string, from: number) => {
    const reader = new Reader(consumer);
    await reader.until(20 - from);
    await fill(cluster(), topic, { count: 1, from: 20 });
    await reader.until(21 - from);
    expect(reader.sequences()).to.deep.equal(range(from, 21));
  };

  for (const [where, asked] of [
    ['before its beginning', 2],
    ['behind its end', 1000],
  ] as const) {
    it(`${where} goes to the beginning by 'earliest', and says so once`, async () => {
      const { topic, consumer, told } = await prepare('earliest');
      await using _ = consumer;
      await consumer.assign([{ topic, partition: 0 }]);
      expect(await consumer.seek(at(topic, asked))).to.deep.equal([at(topic, asked)]);
      await finish(consumer, topic, 5);
      expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: asked, offset: 5 }]);
      expect(await consumer.position()).to.deep.equal([at(topic, 21)]);
    });

    it(`${where} goes to the end by 'latest', and says so once`, async () => {
      const { topic, consumer, told } = await prepare('latest');
      await using _ = consumer;
      await consumer.assign([at(topic, 19)]);
      const reader = new Reader(consumer);
      await reader.until(1);
      await consumer.seek(at(topic, asked));
      await eventually(() => told.length);
      await fill(cluster(), topic, { count: 2, from: 20 });
      await reader.until(3);
      expect(reader.sequences()).to.deep.equal([19, 20, 21]);
      expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: asked, offset: 20 }]);
    });

    it(`${where} rejects the iterator by 'error', and the consumer can be sought from there`, async () => {
      const { topic, consumer, told } = await prepare('error');
      await using _ = consumer;
      await consumer.assign([at(topic, 10)]);
      const reader = new Reader(consumer);
      await reader.until(10);
      await consumer.seek(at(topic, asked));
      const error = await rejection(reader.done);
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code: 'ERR__AUTO_OFFSET_RESET' });
      const { partitions } = error as KafkaError;
      expect(partitions?.map(({ topic: name, partition }) => [name, partition])).to.deep.equal([[topic, 0]]);
      expect((error as KafkaError).message).to.include(String(asked));
      expect(told).to.deep.equal([]);
      // librdkafka refuses to seek what it has stopped for such an error.
      expect(await consumer.seek(at(topic, 18))).to.deep.equal([at(topic, 18)]);
      expect(await takeSequences(consumer, 2)).to.deep.equal([18, 19]);
    });

    it(`${where} as a start offset is told too`, async () => {
      const { topic, consumer, told } = await prepare('earliest');
      await using _ = consumer;
      await consumer.assign([at(topic, asked)]);
      await finish(consumer, topic, 5);
      expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: asked, offset: 5 }]);
    });

    it(`${where} as the committed offset is told too`, async () => {
      const group = uniqueGroup();
      const { topic, consumer, told } = await prepare('earliest', { 'group.id': group });
      await using _ = consumer;
      await commitAt(cluster(), group, topic, asked);
      await consumer.subscribe(topic);
      await finish(consumer, topic, 5);
      expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: asked, offset: 5 }]);
    });

    it(`${where} of one partition leaves the others where they are, also in an eager group`, async () => {
      const topic = await cluster().createTopic(3);
      await fill(cluster(), topic, { partitions: 3, count: 20 });
      for (const partition of [0, 1, 2]) await cluster().deleteRecordsBefore(topic, partition, 5);
      await using consumer = consumerOn(cluster(), { 'partition.assignment.strategy': 'range' });
      const told: OffsetReset[] = [];
      consumer.on('offsetReset', (one) => told.push(one));
      await consumer.subscribe(topic);
      const reader = new Reader(consumer);
      await reader.until(45);
      await consumer.seek(at(topic, asked, 1));
      await reader.until(60);
      await fill(cluster(), topic, { partitions: 3, count: 2, from: 20 });
      await reader.until(66);
      expect(reader.sequences(0)).to.deep.equal(range(5, 22));
      expect(reader.sequences(1)).to.deep.equal([...range(5, 20), ...range(5, 22)]);
      expect(reader.sequences(2)).to.deep.equal(range(5, 22));
      expect(told).to.deep.equal([{ topic, partition: 1, askedOffset: asked, offset: 5 }]);
    });
  }

  it('that is its end is none: it waits there, and nothing is told', async () => {
    const { topic, consumer, told } = await prepare('earliest');
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    await consumer.seek(at(topic, 20));
    const reader = new Reader(consumer);
    await fill(cluster(), topic, { count: 2, from: 20 });
    await reader.until(2);
    expect(reader.sequences()).to.deep.equal([20, 21]);
    expect(told).to.deep.equal([]);
  });

  it('that a later seek has left already moves nothing', async () => {
    const { topic, consumer, told } = await prepare('earliest');
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    await consumer.seek(at(topic, 1000));
    await consumer.seek(at(topic, 15));
    await finish(consumer, topic, 15);
    // Told it may have been, in the moment between the two.
    expect(told.length).to.be.at.most(1);
    expect(await consumer.position()).to.deep.equal([at(topic, 21)]);
  });

  it('far away, at the largest offset there is, is no other number on the way', async () => {
    const { topic, consumer, told } = await prepare('earliest');
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    const far = Number.MAX_SAFE_INTEGER;
    expect(await consumer.seek(at(topic, far))).to.deep.equal([at(topic, far)]);
    expect(await takeSequences(consumer, 1)).to.deep.equal([5]);
    expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: far, offset: 5 }]);
  });

  it('while the partition is paused leaves it paused, and goes where the policy says on resume', async () => {
    const { topic, consumer, told } = await prepare('earliest');
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    await takeSequences(consumer, 1);
    consumer.pause();
    await consumer.seek(at(topic, 2));
    expect(consumer.paused).to.deep.equal([{ topic, partition: 0 }]);
    consumer.resume();
    await finish(consumer, topic, 5);
    expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: 2, offset: 5 }]);
  });

  it('that comes about by retention while the consumer is behind is told too', async () => {
    const { topic, consumer, told } = await prepare('earliest');
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    await takeSequences(consumer, 1);
    consumer.pause(); // what was fetched is fetched again
    await cluster().deleteRecordsBefore(topic, 0, 12);
    consumer.resume();
    expect(await takeSequences(consumer, 8)).to.deep.equal(range(12, 20));
    expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: 6, offset: 12 }]);
  });
});
