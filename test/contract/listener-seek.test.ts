import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Consumer, ConsumerConfig, RebalanceListener, TopicPartitionOffset } from 'seekafka';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { Reader, at, commitAt, consumerOn, fill, quickGroup, range, take, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { awake, eventually } from '../helpers/wait.js';

// S13: seeking in the listeners of a rebalance. In onAssigned a seek becomes the start offset, in onRevoked and onLost it
// waits for the next assignment; awaited there it must not stand in the way of that assignment.

type SeekCall = (consumer: Consumer, topic: string) => Promise<TopicPartitionOffset[]>;

/** Of a topic with 20 messages, of which the group has committed 9. */
const starts: readonly (readonly [name: string, expected: number, call: SeekCall])[] = [
  ['seek', 12, (c, topic) => c.seek(at(topic, 12))],
  ['seekToBeginning', 0, (c) => c.seekToBeginning()],
  ['seekToEnd', 20, (c, topic) => c.seekToEnd([{ topic, partition: 0 }])],
  ['seekToCommitted', 9, (c) => c.seekToCommitted()],
  ['seekBy', 6, (c) => c.seekBy(-3)],
  ['seekToLast', 15, (c) => c.seekToLast(5)],
];

/**
 * What librdkafka has fetched and not ignored since it was made, by its statistics: the first that have so many messages. On a
 * busy machine they are told late.
 */
async function fetchedMessages(consumer: Consumer, atLeast: number): Promise<number> {
  return await new Promise((resolve) =>
    consumer.on('statistics', ({ rxmsgs }) => {
      if (rxmsgs >= atLeast) resolve(rxmsgs);
    }),
  );
}

describeOnBoth('S13: a seek in onAssigned', (cluster) => {
  const prepare = async (config: Partial<ConsumerConfig> = {}) => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    const group = uniqueGroup();
    await commitAt(cluster(), group, topic, 9);
    return { topic, group, consumer: consumerOn(cluster(), { 'group.id': group, ...config }) };
  };

  for (const [name, expected, call] of starts) {
    it(`is the start offset, and may be awaited: ${name}`, async () => {
      const { topic, consumer } = await prepare();
      await using _ = consumer;
      const told: string[] = [];
      await consumer.subscribe(topic, {
        async onAssigned() {
          const rows = await call(consumer, topic);
          told.push(JSON.stringify(rows));
          // The promise did not wait for this listener to end, and says what position() says.
          told.push(JSON.stringify(await consumer.position()));
        },
      });
      const taking = takeSequences(consumer, 20 - expected + 1);
      await eventually(() => told.length === 2);
      expect(told).to.deep.equal([JSON.stringify([at(topic, expected)]), JSON.stringify([at(topic, expected)])]);
      await fill(cluster(), topic, { count: 1, from: 20 });
      expect(await taking).to.deep.equal(range(expected, 21));
    });

    it(`is the start offset also when nobody awaits it: ${name}`, async () => {
      const { topic, consumer } = await prepare();
      await using _ = consumer;
      let sought: Promise<TopicPartitionOffset[]> | undefined;
      await consumer.subscribe(topic, { onAssigned: () => void (sought = call(consumer, topic)) });
      const taking = takeSequences(consumer, 20 - expected + 1);
      await eventually(() => sought);
      expect(await sought).to.deep.equal([at(topic, expected)]);
      await fill(cluster(), topic, { count: 1, from: 20 });
      expect(await taking).to.deep.equal(range(expected, 21));
    });
  }

  it('keeps librdkafka from fetching from anywhere else first', async () => {
    const { topic, consumer } = await prepare({ 'statistics.interval.ms': 50 });
    await using _ = consumer;
    await consumer.subscribe(topic, { onAssigned: async () => void (await consumer.seek(at(topic, 17))) });
    expect(await takeSequences(consumer, 3)).to.deep.equal([17, 18, 19]);
    // More would have come before these three: the fetch from the committed offset, or from the beginning.
    expect(await fetchedMessages(consumer, 3)).to.equal(3);
  });

  it('holds the start back for as long as the listener thinks about where to begin', async () => {
    const { topic, consumer } = await prepare({ 'statistics.interval.ms': 50 });
    await using _ = consumer;
    await consumer.subscribe(topic, {
      async onAssigned() {
        await sleep(300); // as the database would that knows the offset
        await consumer.seek(at(topic, 15));
      },
    });
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(15, 20));
    expect(await fetchedMessages(consumer, 5)).to.equal(5);
  });

  it('of some of the partitions leaves the others to start as they would have', async () => {
    const topic = await cluster().createTopic(3);
    await fill(cluster(), topic, { partitions: 3, count: 10 });
    const group = uniqueGroup();
    await commitAt(cluster(), group, topic, 4, 1);
    await using consumer = consumerOn(cluster(), { 'group.id': group });
    await consumer.subscribe(topic, { onAssigned: async () => void (await consumer.seek(at(topic, 8, 0))) });
    const seen = await take(consumer, 2 + 6 + 10);
    const first = [0, 1, 2].map((partition) => seen.find((one) => one.partition === partition)?.sequence);
    expect(first).to.deep.equal([8, 4, 0]);
  });

  it('twice: the last call decides, and both resolve with it', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    let sought: unknown;
    await consumer.subscribe(topic, {
      async onAssigned() {
        sought = await Promise.all([consumer.seekToEnd(), consumer.seek(at(topic, 18))]);
      },
    });
    expect(await takeSequences(consumer, 2)).to.deep.equal([18, 19]);
    expect(sought).to.deep.equal([[at(topic, 18)], [at(topic, 18)]]);
  });

  it('after seeks that waited for the assignment: the listener has the last word', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const waiting = consumer.seekToEnd();
    await consumer.subscribe(topic, { onAssigned: async () => void (await consumer.seek(at(topic, 16))) });
    expect(await takeSequences(consumer, 4)).to.deep.equal(range(16, 20));
    await waiting;
  });

  it('a listener that throws ends the iterator with its error, although its seek took effect', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    await consumer.subscribe(topic, {
      async onAssigned() {
        await consumer.seek(at(topic, 16));
        throw new Error('no database');
      },
    });
    expect(await rejection(new Reader(consumer).done)).to.have.property('message', 'no database');
    // The consumer goes on; only that iterator has ended.
    expect(await takeSequences(consumer, 4)).to.deep.equal(range(16, 20));
  });
});

describeOnBoth('S13: a seek in onRevoked', (cluster) => {
  for (const [name, call] of [
    ['whole', (c) => c.seekToBeginning()],
    ['named', (c, topic) => c.seek(at(topic, 0))],
  ] as const satisfies readonly (readonly [string, SeekCall])[]) {
    it(`awaited there, does not stand in the way of the next assignment, which it waits for (${name})`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 10 });
      await using consumer = consumerOn(cluster(), quickGroup(cluster()));
      const told: string[] = [];
      const listener: RebalanceListener = {
        async onRevoked() {
          told.push('revoked');
          const rows = await call(consumer, topic);
          told.push(`sought ${rows[0]?.offset}`);
        },
      };
      await consumer.subscribe(topic, listener);
      expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
      await consumer.unsubscribe();
      expect(told).to.deep.equal(['revoked']);
      // What was processed is committed by the revocation all the same.
      expect(await consumer.committed([{ topic, partition: 0 }])).to.deep.equal([at(topic, 4)]);
      await consumer.subscribe(topic, listener);
      expect(await takeSequences(consumer, 10)).to.deep.equal(range(0, 10));
      expect(told).to.deep.equal(['revoked', 'sought 0']);
    });
  }

  it('that nobody awaits waits for the next assignment too', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster(), quickGroup(cluster()));
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    await consumer.subscribe(topic, { onRevoked: () => void (sought ??= consumer.seek(at(topic, 7))) });
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    await consumer.unsubscribe();
    await consumer.subscribe(topic);
    expect(await takeSequences(consumer, 3)).to.deep.equal(range(7, 10));
    expect(await sought).to.deep.equal([at(topic, 7)]);
  });

  it('of the end: close() does not wait for it', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const consumer = consumerOn(cluster());
    let failure: unknown;
    await consumer.subscribe(topic, {
      async onRevoked() {
        failure = await rejection(consumer.seekToBeginning());
      },
    });
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    const start = awake();
    await consumer.close();
    expect(awake() - start).to.be.lessThan(5000);
    expect(failure).to.include({ code: 'ERR__DESTROY' });
  });

  it('the listener may commit, and is waited for', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster(), { 'enable.auto.commit': false });
    let done = false;
    await consumer.subscribe(topic, {
      async onRevoked() {
        await sleep(100);
        await consumer.commit([at(topic, 3)]);
        done = true;
      },
    });
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    await consumer.unsubscribe();
    expect(done).to.equal(true);
    expect(await consumer.committed([{ topic, partition: 0 }])).to.deep.equal([at(topic, 3)]);
  });
});

describeOnBoth('S13: a seek in onLost', (cluster) => {
  /** How an assignment is lost: the application does not ask for messages for longer than max.poll.interval.ms. */
  const quickToLose = (on: Cluster): Partial<ConsumerConfig> =>
    on.name === 'mock'
      ? { 'session.timeout.ms': 1000, 'max.poll.interval.ms': 1000, 'heartbeat.interval.ms': 200 }
      : { 'session.timeout.ms': 6000, 'max.poll.interval.ms': 6000, 'heartbeat.interval.ms': 500 };

  it('awaited there, takes effect with the assignment that follows', async function () {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster(), quickToLose(cluster()));
    let sought: unknown;
    await consumer.subscribe(topic, {
      async onLost() {
        sought = await consumer.seek(at(topic, 8));
      },
    });
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    await new Promise((resolve) => consumer.once('lost', resolve));
    expect(sought).to.equal(undefined);
    expect(await takeSequences(consumer, 2)).to.deep.equal([8, 9]);
    expect(sought).to.deep.equal([at(topic, 8)]);
  });
});
