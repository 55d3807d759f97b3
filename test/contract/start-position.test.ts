import { expect } from 'chai';
import { type ConsumerConfig, KafkaError } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import {
  Reader,
  at,
  commitAt,
  committedOf,
  consumerOn,
  fill,
  quickGroup,
  range,
  take,
  takeSequences,
} from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';

// S17: a consumer that never seeks. It starts at its committed offsets, else by auto.offset.reset, goes on there after a
// restart, and asks nothing of the cluster that it would not ask without this package's seeking.

type Way = 'subscribe' | 'assign';

describeOnBoth('S17: where a consumer starts that never seeks', (cluster) => {
  for (const way of ['subscribe', 'assign'] as const satisfies readonly Way[]) {
    /** A log from 5 to 20, and a consumer that gets it. */
    const prepare = async (config: Partial<ConsumerConfig>, committed?: number) => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 20 });
      if (committed !== 0) await cluster().deleteRecordsBefore(topic, 0, 5);
      const group = uniqueGroup();
      if (committed !== undefined) await commitAt(cluster(), group, topic, committed);
      const consumer = consumerOn(cluster(), { 'group.id': group, ...config });
      const told: unknown[] = [];
      consumer.on('offsetReset', (reset) => told.push(reset));
      if (way === 'subscribe') await consumer.subscribe(topic);
      else await consumer.assign([{ topic, partition: 0 }]);
      return { topic, group, consumer, told };
    };

    for (const reset of ['earliest', 'latest', 'error'] as const) {
      it(`at the committed offset, whatever auto.offset.reset says (${way}, ${reset})`, async () => {
        const { consumer, told } = await prepare({ 'auto.offset.reset': reset }, 12);
        await using _ = consumer;
        expect(await takeSequences(consumer, 8)).to.deep.equal(range(12, 20));
        expect(told).to.deep.equal([]);
      });
    }

    it(`at the committed offset 0, which is not none (${way})`, async () => {
      const { consumer } = await prepare({ 'auto.offset.reset': 'latest' }, 0);
      await using _ = consumer;
      expect(await takeSequences(consumer, 20)).to.deep.equal(range(0, 20));
    });

    it(`without one by 'earliest': at the first message that there is (${way})`, async () => {
      const { consumer, told } = await prepare({ 'auto.offset.reset': 'earliest' });
      await using _ = consumer;
      expect(await takeSequences(consumer, 15)).to.deep.equal(range(5, 20));
      expect(told).to.deep.equal([]);
    });

    it(`without one by 'latest', which is the default: behind the last message (${way})`, async () => {
      const { topic, consumer, told } = await prepare({ 'auto.offset.reset': undefined });
      await using _ = consumer;
      const reader = new Reader(consumer);
      if (way === 'subscribe') await new Promise((resolve) => consumer.once('assigned', resolve));
      await fill(cluster(), topic, { count: 3, from: 20 });
      await reader.until(3);
      expect(reader.sequences()).to.deep.equal([20, 21, 22]);
      expect(told).to.deep.equal([]);
    });

    it(`without one by 'error': nowhere, and the iterator says why (${way})`, async () => {
      const { topic, consumer } = await prepare({ 'auto.offset.reset': 'error' });
      await using _ = consumer;
      const error = await rejection(new Reader(consumer).done);
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code: 'ERR__NO_OFFSET' });
      expect((error as KafkaError).partitions?.map(({ partition }) => partition)).to.deep.equal([0]);
      expect((error as KafkaError).message).to.include(topic);
      // It is held all the same, and goes where it is sent.
      expect(await consumer.seek(at(topic, 17))).to.deep.equal([at(topic, 17)]);
      expect(await takeSequences(consumer, 3)).to.deep.equal([17, 18, 19]);
    });
  }

  it("without a group by 'error': nowhere, and the iterator says why", async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 5 });
    await using consumer = consumerOn(cluster(), { 'group.id': undefined, 'auto.offset.reset': 'error' });
    await consumer.assign([{ topic, partition: 0 }, at(topic, 3, 1)]);
    const error = await rejection(new Reader(consumer).done);
    expect(error).to.include({ code: 'ERR__NO_OFFSET' });
    expect((error as KafkaError).partitions?.map(({ partition }) => partition)).to.deep.equal([0]);
    // The other one was told where to start.
    expect(await take(consumer, 2)).to.deep.equal([3, 4].map((sequence) => ({ partition: 1, sequence })));
  });

  it('without a group: by auto.offset.reset', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 5 });
    await using consumer = consumerOn(cluster(), { 'group.id': undefined });
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
  });

  it('each partition by itself: committed, at 0, and not at all', async () => {
    const topic = await cluster().createTopic(3);
    await fill(cluster(), topic, { partitions: 3, count: 10 });
    const group = uniqueGroup();
    await commitAt(cluster(), group, topic, 7, 0);
    await commitAt(cluster(), group, topic, 0, 1);
    await using consumer = consumerOn(cluster(), { 'group.id': group, 'auto.offset.reset': 'latest' });
    await consumer.subscribe(topic);
    const reader = new Reader(consumer);
    await reader.until(13);
    await fill(cluster(), topic, { partitions: 3, count: 1, from: 10 });
    await reader.until(16);
    expect([0, 1, 2].map((partition) => reader.sequences(partition))).to.deep.equal([range(7, 11), range(0, 11), [10]]);
  });

  it('in an empty topic, and gets the first message that comes, by each policy', async () => {
    for (const reset of ['earliest', 'latest'] as const) {
      const topic = await cluster().createTopic();
      await using consumer = consumerOn(cluster(), { 'auto.offset.reset': reset });
      await consumer.assign([{ topic, partition: 0 }]);
      const reader = new Reader(consumer);
      await fill(cluster(), topic, { count: 2 });
      await reader.until(2);
      expect(reader.sequences()).to.deep.equal([0, 1]);
    }
  });
});

describeOnBoth('S17: a restart', (cluster) => {
  it('goes on behind the last processed message, with nothing lost and at most one again', async () => {
    const topic = await cluster().createTopic(2);
    const group = uniqueGroup();
    const config = { 'group.id': group, ...quickGroup(cluster()) };
    await fill(cluster(), topic, { partitions: 2, count: 50 });
    const seen = [new Map<number, number>(), new Map<number, number>()];
    let doubled = 0;
    for (const count of [13, 1, 40, 46]) {
      await using consumer = consumerOn(cluster(), config);
      await consumer.subscribe(topic);
      for (const { partition, sequence } of await take(consumer, count)) {
        const times = (seen[partition]!.get(sequence) ?? 0) + 1;
        seen[partition]!.set(sequence, times);
        if (times > 1) doubled++;
      }
    }
    // The message in hand when the loop was left is not processed, and so the first of the next consumer's partition.
    expect(doubled).to.equal(3);
    for (const partition of [0, 1]) {
      const sequences = [...seen[partition]!.keys()].sort((a, b) => a - b);
      expect(sequences).to.deep.equal(range(0, sequences.length));
    }
    expect(seen[0]!.size + seen[1]!.size).to.equal(97);
  });

  it('after which nothing came is where it was, and not at the end', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const group = uniqueGroup();
    const config = { 'group.id': group, 'auto.offset.reset': 'latest', ...quickGroup(cluster()) } as const;
    await commitAt(cluster(), group, topic, 4);
    for (let i = 0; i < 2; i++) {
      await using consumer = consumerOn(cluster(), config);
      await consumer.subscribe(topic);
      await new Promise((resolve) => consumer.once('assigned', resolve));
    }
    expect(await committedOf(cluster(), group, topic)).to.equal(4);
    await using consumer = consumerOn(cluster(), config);
    await consumer.subscribe(topic);
    expect(await takeSequences(consumer, 6)).to.deep.equal(range(4, 10));
  });

  it('of a loop that ran to its end commits all of it', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const group = uniqueGroup();
    const consumer = consumerOn(cluster(), { 'group.id': group });
    await consumer.subscribe(topic);
    const reader = new Reader(consumer);
    await reader.until(10); // and asks for the eleventh
    await consumer.close();
    await reader.done;
    expect(await committedOf(cluster(), group, topic)).to.equal(10);
  });

  it('by hand-made commits alone goes on where they say', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const group = uniqueGroup();
    const config = { 'group.id': group, 'enable.auto.commit': false, ...quickGroup(cluster()) };
    {
      await using consumer = consumerOn(cluster(), config);
      await consumer.subscribe(topic);
      for await (const message of consumer) {
        if (message.offset === 3) await consumer.commit(message);
        if (message.offset === 8) break;
      }
    }
    await using consumer = consumerOn(cluster(), config);
    await consumer.subscribe(topic);
    expect(await takeSequences(consumer, 6)).to.deep.equal(range(4, 10));
    expect(await consumer.position()).to.deep.equal([at(topic, 10)]);
  });
});
