import { expect } from 'chai';
import { Consumer, Producer, type ConsumerConfig } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { hows } from '../helpers/member.js';
import { at, fill } from '../helpers/numbered.js';
import { readTo } from '../helpers/reads.js';
import { Transactions } from '../helpers/transactions.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// S20: a read ends at its end although what lies before it is never delivered.

describeOnKafka('S20: a read to the end of a log', (cluster) => {
  let transactions: Transactions;
  before(() => {
    transactions = new Transactions(cluster());
  });
  after(() => transactions[Symbol.asyncDispose]());

  const on = (config: Partial<ConsumerConfig> = {}) =>
    new Consumer({
      'bootstrap.servers': cluster().bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      ...config,
    });

  const ends: Record<string, (topic: string) => Promise<{ end: number; messages: string }>> = {
    'a committed transaction': async (topic) => {
      await fill(cluster(), topic, { count: 3 });
      await transactions.committed([{ topic, partition: 0, value: '0:3' }]);
      return { end: 5, messages: '0..3' };
    },
    'aborted transactions': async (topic) => {
      await fill(cluster(), topic, { count: 3 });
      for (let i = 0; i < 3; i++) await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
      return { end: 9, messages: '0..2' };
    },
    'aborted transactions alone': async (topic) => {
      for (let i = 0; i < 3; i++) await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
      return { end: 6, messages: '' };
    },
  };

  for (const how of hows) {
    for (const [kind, write] of Object.entries(ends)) {
      it(`ends behind ${kind} (${how})`, async () => {
        const topic = await cluster().createTopic();
        const { end, messages } = await write(topic);
        await using consumer = on();
        await consumer.subscribe(topic);
        const read = await readTo(consumer, how, { until: 'end' });
        expect(read.of(0)).to.equal(messages);
        expect(read.remaining.at(-1)).to.equal(0);
        expect(await consumer.position()).to.deep.equal([at(topic, end)]);
        await consumer.commit();
        expect(await consumer.committed()).to.deep.equal([at(topic, end)]);
      });

      it(`ends behind ${kind} also while more of it comes (${how})`, async () => {
        const topic = await cluster().createTopic();
        const { end, messages } = await write(topic);
        await using consumer = on();
        // All of it is fetched before the read looks at it.
        await consumer.assign([at(topic, 0)]);
        await fill(cluster(), topic, { count: 5, from: end });
        const until = [at(topic, end)];
        const read = await readTo(consumer, how, { until });
        expect(read.of(0)).to.equal(messages);
        expect(await consumer.position()).to.deep.equal([at(topic, end)]);
        expect((await readTo(consumer, how, { until: 'end' })).of(0)).to.equal(`${end}..${end + 4}`);
      });
    }

    it(`ends in the middle of an aborted transaction, and commits no further than its end (${how})`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 3 });
      await transactions.aborted(Array.from({ length: 5 }, () => ({ topic, partition: 0, value: 'x' })));
      await fill(cluster(), topic, { count: 2, from: 9 });
      await using consumer = on();
      await consumer.assign([at(topic, 0)]);
      expect((await readTo(consumer, how, { until: [at(topic, 5)] })).of(0)).to.equal('0..2');
      await consumer.commit();
      expect(await consumer.committed()).to.deep.equal([at(topic, 5)]);
      expect((await readTo(consumer, how, { until: 'end' })).of(0)).to.equal('9..10');
    });

    it(`ends before an open transaction, and read_uncommitted behind it (${how})`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 3 });
      const open = await transactions.open([{ topic, partition: 0, value: '0:3' }]);
      await fill(cluster(), topic, { count: 2, from: 4 });
      for (const [isolation, messages] of [
        ['read_committed', '0..2'],
        ['read_uncommitted', '0..5'],
      ] as const) {
        await using consumer = on({ 'isolation.level': isolation });
        await consumer.subscribe(topic);
        expect((await readTo(consumer, how, { until: 'end' })).of(0), isolation).to.equal(messages);
      }
      await open.commit();
    });

    it(`ends in each of several partitions, whatever each of them ends in (${how})`, async () => {
      const topic = await cluster().createTopic(4);
      await fill(cluster(), topic, { partitions: 4, count: 10 });
      await transactions.aborted([0, 1].map((partition) => ({ topic, partition, value: 'x' })));
      await cluster().deleteRecordsBefore(topic, 1, 12); // all of it
      await cluster().deleteRecordsBefore(topic, 2, 4);
      await using consumer = on();
      await consumer.assign([0, 1, 2, 3].map((partition) => at(topic, 0, partition)));
      const read = await readTo(consumer, how, { until: 'end' });
      expect([0, 1, 2, 3].map(read.of)).to.deep.equal(['0..9', '', '4..9', '0..9']);
      expect(read.remaining.at(-1)).to.equal(0);
    });
  }

  it('ends in the holes of a compacted log', async () => {
    const topic = uniqueTopic();
    const config = {
      'cleanup.policy': 'compact',
      'segment.ms': 100,
      'min.cleanable.dirty.ratio': 0.01,
      'delete.retention.ms': 100,
    };
    await cluster().admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }]);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers, 'linger.ms': 0 });
    let next = 0;
    // Of the first thirty only the last of each key stays, which is 29; the others keep the log moving.
    const send = async (key: string) => {
      await producer.send({ topic, partition: 0, key, value: `0:${next++}` });
    };
    for (let i = 0; i < 30; i++) await send('changes');
    await using consumer = on();
    await consumer.assign([at(topic, 0)]);
    await eventually(
      async () => {
        await send(`stays ${next}`);
        await consumer.seekToBeginning();
        return (await readTo(consumer, 'by message', { until: [at(topic, 30)] })).of(0) === '29';
      },
      { timeoutMs: 20_000, intervalMs: 300, what: 'the log has been compacted' },
    );
    for (const how of hows) {
      for (const end of [1, 10, 29]) {
        await consumer.seekToBeginning();
        const read = await readTo(consumer, how, { until: [at(topic, end)] });
        expect([read.of(0), read.remaining.at(-1)], `until ${end}`).to.deep.equal(['', 0]);
      }
      await consumer.seekToBeginning();
      expect((await readTo(consumer, how, { until: 'end' })).of(0)).to.equal(`29..${next - 1}`);
    }
  });
});
