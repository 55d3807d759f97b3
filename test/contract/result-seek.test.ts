import { expect } from 'chai';
import type { Consumer, TopicPartition, TopicPartitionOffset } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { at, commitAt, consumerOn, fill, range, take } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';

// S14: what a seek resolves with is in force, one row a partition with an absolute offset, and position() says the same
// until something is delivered.

type SeekCall = (consumer: Consumer, partitions: TopicPartition[]) => Promise<TopicPartitionOffset[]>;

/** On three partitions that begin at 0, 5 and 10, end at 20, and are committed at 7, 8 and not at all. */
const calls: readonly (readonly [name: string, offsets: readonly number[], call: SeekCall])[] = [
  ['seek', [3, 13, 17], (c, [a, b, d]) => c.seek([at(a!.topic, 3, 0), at(b!.topic, 13, 1), at(d!.topic, 17, 2)])],
  ['seekToBeginning', [0, 5, 10], (c, partitions) => c.seekToBeginning(partitions)],
  ['seekToEnd', [20, 20, 20], (c, partitions) => c.seekToEnd(partitions)],
  ['seekToCommitted', [7, 8, 10], (c, partitions) => c.seekToCommitted(partitions)],
  ['seekBy, forward', [9, 10, 12], (c, partitions) => c.seekBy(2, partitions)],
  ['seekBy, back', [4, 5, 10], (c, partitions) => c.seekBy(-3, partitions)],
  ['seekBy, beyond the end', [20, 20, 20], (c, partitions) => c.seekBy(Number.MAX_SAFE_INTEGER, partitions)],
  ['seekBy, beyond the beginning', [0, 5, 10], (c, partitions) => c.seekBy(Number.MIN_SAFE_INTEGER, partitions)],
  ['seekToLast', [8, 8, 10], (c, partitions) => c.seekToLast(12, partitions)],
  ['seekToLast, none', [20, 20, 20], (c, partitions) => c.seekToLast(0, partitions)],
];

describeOnBoth('S14: what a seek resolves with', (cluster) => {
  const prepare = async () => {
    const topic = await cluster().createTopic(3);
    await fill(cluster(), topic, { partitions: 3, count: 20 });
    await cluster().deleteRecordsBefore(topic, 1, 5);
    await cluster().deleteRecordsBefore(topic, 2, 10);
    const group = uniqueGroup();
    await commitAt(cluster(), group, topic, 7, 0);
    await commitAt(cluster(), group, topic, 8, 1);
    const consumer = consumerOn(cluster(), { 'group.id': group });
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
    return { topic, consumer, partitions };
  };
  const sorted = (rows: readonly TopicPartitionOffset[]) => [...rows].sort((a, b) => a.partition - b.partition);

  for (const [name, offsets, call] of calls) {
    const expected = (topic: string) => offsets.map((offset, partition) => at(topic, offset, partition));

    it(`is the truth of each partition, in the order asked for: ${name}`, async () => {
      const { topic, consumer, partitions } = await prepare();
      await using _ = consumer;
      await consumer.assign(partitions);
      expect(await call(consumer, partitions)).to.deep.equal(expected(topic));
      expect(await consumer.position(partitions)).to.deep.equal(expected(topic));
      expect(await consumer.position([...partitions].reverse())).to.deep.equal(expected(topic).reverse());
    });

    it(`is the truth also when the seek waited for the assignment: ${name}`, async () => {
      const { topic, consumer, partitions } = await prepare();
      await using _ = consumer;
      const waiting = call(consumer, partitions);
      await consumer.assign(partitions);
      expect(await waiting).to.deep.equal(expected(topic));
      expect(await consumer.position(partitions)).to.deep.equal(expected(topic));
    });

    if (name !== 'seek') {
      it(`has every partition of the assignment when none is named: ${name}`, async () => {
        const { topic, consumer, partitions } = await prepare();
        await using _ = consumer;
        await consumer.assign(partitions);
        const rows = await call(consumer, undefined as never);
        expect(sorted(rows)).to.deep.equal(expected(topic));
        expect(sorted(await consumer.position())).to.deep.equal(expected(topic));
      });
    }
  }

  it('stands until something is delivered, however much is fetched ahead', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    await take(consumer, 1); // what comes after it is fetched
    await consumer.seek(at(topic, 4));
    expect(await consumer.position()).to.deep.equal([at(topic, 4)]);
    expect(await take(consumer, 1)).to.deep.equal([{ partition: 0, sequence: 4 }]);
    expect(await consumer.position()).to.deep.equal([at(topic, 5)]);
    await take(consumer, 15);
    expect(await consumer.position()).to.deep.equal([at(topic, 20)]);
  });

  it('has plain rows of its own, which nothing that the caller does can move', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    const asked = at(topic, 4);
    const [row] = await consumer.seek([asked]);
    expect(row).to.not.equal(asked);
    expect(Object.keys(row!).sort()).to.deep.equal(['offset', 'partition', 'topic']);
    row!.offset = 9;
    asked.offset = 9;
    expect(await consumer.position()).to.deep.equal([at(topic, 4)]);
    expect(await take(consumer, 1)).to.deep.equal([{ partition: 0, sequence: 4 }]);
  });

  it('is one row when one place is given without an array', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await consumer.seek(at(topic, 4))).to.deep.equal([at(topic, 4)]);
  });

  it('is empty for an empty list, which waits for no assignment and moves nothing', async () => {
    const { topic, consumer, partitions } = await prepare();
    await using _ = consumer;
    expect(await consumer.seek([], { timeoutMs: 2000 })).to.deep.equal([]);
    expect(await consumer.seekToEnd([], { timeoutMs: 2000 })).to.deep.equal([]);
    await consumer.assign(partitions);
    expect(await consumer.seek([])).to.deep.equal([]);
    expect(await consumer.seekToEnd([])).to.deep.equal([]);
    expect(sorted(await consumer.position())).to.deep.equal([at(topic, 7, 0), at(topic, 8, 1), at(topic, 10, 2)]);
  });

  it('of partitions that fail tells each of them, and the others are where they were sent', async () => {
    const { topic, consumer, partitions } = await prepare();
    await using _ = consumer;
    await consumer.assign(partitions.slice(0, 2));
    const error = await rejection(consumer.seek([at(topic, 15, 0), at(topic, 15, 2), at(topic, 15, 1)]));
    expect(error).to.include({ code: 'ERR__STATE', operation: 'seek' });
    const { partitions: failed } = error as { partitions: (TopicPartition & { error: unknown })[] };
    expect(failed.map(({ topic: name, partition }) => [name, partition])).to.deep.equal([[topic, 2]]);
    expect(failed[0]!.error).to.include({ code: 'ERR__STATE' });
    expect(sorted(await consumer.position())).to.deep.equal([at(topic, 15, 0), at(topic, 15, 1)]);
  });

  it('after rejections and repetitions is still that of the last call', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    await consumer.assign([{ topic, partition: 0 }]);
    const rows = await Promise.all(range(0, 20).map((offset) => consumer.seek(at(topic, offset))));
    expect(rows.at(-1)).to.deep.equal([at(topic, 19)]);
    expect(await consumer.position()).to.deep.equal([at(topic, 19)]);
    expect(await take(consumer, 1)).to.deep.equal([{ partition: 0, sequence: 19 }]);
  });
});
