import { expect } from 'chai';
import { Consumer, type ConsumerConfig, type Message, type MessageBatch, Producer } from 'seekafka';
import { type Cluster, describeOnBoth, describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { quickGroup } from '../helpers/member.js';
import { committedOf, fill } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// What was consumed in one stint of holding a partition says nothing in another: a commit of it would set back what the
// member that has the partition now has done.

const membersOf = (cluster: Cluster, more: Partial<ConsumerConfig> = {}) => {
  const config = {
    'bootstrap.servers': cluster.bootstrapServers,
    'auto.offset.reset': 'earliest' as const,
    'enable.auto.commit': false,
    ...quickGroup(cluster),
    ...more,
  };
  return { group: config['group.id']!, make: () => new Consumer(config) };
};

/** Reads in the background; the loop's errors are the test's. */
function reads(consumer: Consumer): { readonly messages: Message[]; readonly done: Promise<void> } {
  const messages: Message[] = [];
  const done = (async () => {
    for await (const message of consumer) messages.push(message);
  })();
  done.catch(() => undefined);
  return { messages, done };
}

interface Read {
  readonly batches: readonly MessageBatch[];
  readonly seen: readonly Message[];
}

/** Reads so many messages, by batches. */
async function firstOf(consumer: Consumer, count: number): Promise<Read> {
  const batches: MessageBatch[] = [];
  const seen: Message[] = [];
  for await (const batch of consumer.batches()) {
    batches.push(batch);
    seen.push(...batch);
    if (seen.length === count) break;
  }
  return { batches, seen };
}

/** What was read of a partition: its message 3, or its batch. */
const ofPartition = (partition: number, what: 'message' | 'batch', { batches, seen }: Read): Message | MessageBatch =>
  what === 'message'
    ? seen.find((message) => message.partition === partition && message.offset === 3)!
    : batches.find((batch) => batch.topicPartitions.some((row) => row.partition === partition))!;

const shared = (consumers: readonly Consumer[], each: number) =>
  eventually(() => consumers.every((consumer) => consumer.assignment.length === each), {
    timeoutMs: 20_000,
    what: `${each} partitions each`,
  });

describeOnBoth('a commit of what was taken away', (cluster) => {
  for (const what of ['message', 'batch'] as const) {
    for (const strategy of ['range', 'cooperative-sticky'] as const) {
      it(`rejects and sets no other member's commit back: of a ${what}, ${strategy}`, async () => {
        const topic = await cluster().createTopic(2);
        await fill(cluster(), topic, { partitions: 2, count: 10 });
        const { group, make } = membersOf(cluster(), { 'partition.assignment.strategy': strategy });
        await using one = make();
        await one.subscribe(topic);
        const { seen, batches } = await firstOf(one, 20);
        const loop = reads(one);
        await using two = make();
        const other = reads(two);
        await two.subscribe(topic);
        await shared([one, two], 1);
        const gone = two.assignment[0]!.partition;
        await eventually(() => other.messages.length === 10);
        await two.commit([{ topic, partition: gone, offset: 10 }]);
        const stale = ofPartition(gone, what, { seen, batches });
        const error = await inTime(rejection(one.commit(stale)));
        expect(error).to.include({ code: 'ERR__STATE', operation: 'commit' });
        expect((error as Error).message)
          .to.include(topic)
          .and.to.include(`${gone}`);
        expect(await committedOf(cluster(), group, topic, gone)).to.equal(10);
        // What is held still goes.
        const kept = seen.find((message) => message.partition !== gone && message.offset === 4)!;
        await inTime(one.commit(kept));
        expect(await committedOf(cluster(), group, topic, kept.partition)).to.equal(5);
        void loop;
      });

      it(`rejects although the partition has come back meanwhile: of a ${what}, ${strategy}`, async () => {
        const topic = await cluster().createTopic(2);
        await fill(cluster(), topic, { partitions: 2, count: 10 });
        const { group, make } = membersOf(cluster(), { 'partition.assignment.strategy': strategy });
        await using one = make();
        await one.subscribe(topic);
        const read = await firstOf(one, 20);
        reads(one);
        const two = make();
        const other = reads(two);
        await two.subscribe(topic);
        await shared([one, two], 1);
        const gone = two.assignment[0]!.partition;
        await eventually(() => other.messages.length === 10);
        await two.commit([{ topic, partition: gone, offset: 10 }]);
        await two.close();
        await shared([one], 2);
        const stale = ofPartition(gone, what, read);
        const error = await inTime(rejection(one.commit(stale)));
        expect(error).to.include({ code: 'ERR__STATE', operation: 'commit' });
        expect(await committedOf(cluster(), group, topic, gone)).to.equal(10);
        // Offsets are the application's own word.
        await inTime(one.commit([{ topic, partition: gone, offset: 2 }]));
        expect(await committedOf(cluster(), group, topic, gone)).to.equal(2);
      });
    }
  }

  it('rejects after unsubscribe() and subscribe() too', async () => {
    const topic = await cluster().createTopic(1);
    await fill(cluster(), topic, { count: 10 });
    const { group, make } = membersOf(cluster());
    await using one = make();
    await one.subscribe(topic);
    let kept: Message | undefined;
    for await (const message of one) {
      kept = message;
      if (message.offset === 3) break;
    }
    await one.unsubscribe();
    expect(await inTime(rejection(one.commit(kept)))).to.have.property('code', 'ERR__STATE');
    await one.subscribe(topic);
    await shared([one], 1);
    expect(await inTime(rejection(one.commit(kept)))).to.have.property('code', 'ERR__STATE');
    expect(await committedOf(cluster(), group, topic)).to.equal(-1);
  });
});

describeOnKafka('a rewind before a rebalance that gives the partition back', (cluster) => {
  for (const how of ['transaction', 'commit', 'timer'] as const) {
    it(`is not forgotten, where what was read had been committed by ${how}`, async () => {
      const topic = await cluster().createTopic(2);
      const out = await cluster().createTopic(1);
      await fill(cluster(), topic, { partitions: 2, count: 10 });
      const servers = { 'bootstrap.servers': cluster().bootstrapServers };
      await using transactional = new Producer({ ...servers, 'transactional.id': uniqueGroup('tx') });
      const { make, group } = membersOf(
        cluster(),
        how === 'timer' ? { 'enable.auto.commit': true, 'auto.commit.interval.ms': 100 } : {},
      );
      await using one = make();
      await one.subscribe(topic);
      let seen = 0;
      for await (const batch of one.batches()) {
        if (how === 'commit') await one.commit(batch);
        if (how === 'transaction') {
          await transactional.transaction(async (tx) => {
            await tx.send({ topic: out, value: 'x' });
            await tx.sendOffsets(one, batch);
          });
        }
        if ((seen += batch.length) === 20) break;
      }
      if (how === 'timer') {
        const waiting = reads(one); // what came before is processed now
        await eventually(async () => {
          const rows = await Promise.all([0, 1].map((p) => committedOf(cluster(), group, topic, p)));
          return rows.join() === '10,10';
        });
        void waiting;
      }
      one.pause(); // so that the position stays where it is sought to
      await one.seekToBeginning();
      await using two = make();
      await two.subscribe(topic);
      await shared([one, two], 1);
      const [kept] = await one.position();
      expect(kept!.offset).to.equal(0);
    });
  }
});

describe('lag()', () => {
  it('leaves out a partition whose position is not known', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic(2);
    await fill(cluster, topic, { partitions: 2, count: 100 });
    const consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'latest',
    });
    consumer.on('error', () => undefined);
    for (let i = 0; i < 3000; i++) cluster.mock.pushRequestError(1, 9, 14); // OffsetFetch: the coordinator loads
    consumer
      .assign([
        { topic, partition: 0, offset: 40 },
        { topic, partition: 1 },
      ])
      .catch(() => undefined);
    await eventually(() => consumer.assignment.length === 2);
    // The start is looked for during some seconds.
    await eventually(async () => (await rejection(consumer.position())) instanceof Error, { timeoutMs: 30_000 });
    const lag = await inTime(consumer.lag(), 'lag()', 30_000);
    expect(lag.filter(({ partition }) => partition === 1)).to.deep.equal([]);
    for (const row of lag) expect(row).to.deep.equal({ topic, partition: 0, lag: 60 });
    await consumer.close({ timeoutMs: 500 });
  });

  it('leaves out a partition that is lost while the question is under way', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { partitions: 1, count: 100 });
    const consumer = membersOf(cluster).make();
    consumer.on('error', () => undefined);
    const lost = new Promise((resolve) => consumer.once('lost', resolve));
    try {
      await consumer.subscribe(topic);
      const { messages } = reads(consumer);
      await eventually(() => messages.length === 100, { what: 'it has read all' });
      expect(await consumer.lag()).to.deep.equal([{ topic, partition: 0, lag: 0 }]);
      cluster.mock.setGroupInitialRebalanceDelay(20_000); // it does not come back before the answer
      cluster.mock.pushRequestError(1, 2, 0, 2000); // ListOffsets
      const asked = consumer.lag();
      cluster.mock.pushRequestError(1, 12, 25); // Heartbeat: who is that member?
      await inTime(lost);
      // Where the loss comes after the answer it is 0. The whole log it is never.
      for (const row of await inTime(asked)) expect(row).to.deep.equal({ topic, partition: 0, lag: 0 });
    } finally {
      await consumer.close({ timeoutMs: 500 });
    }
  });

  it('is 0 without an assignment, and counts where the position is known', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic(2);
    await fill(cluster, topic, { partitions: 2, count: 10 });
    await using consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers });
    expect(await consumer.lag()).to.deep.equal([]);
    await consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: 3 + partition })));
    expect(await consumer.lag()).to.have.deep.members([
      { topic, partition: 0, lag: 7 },
      { topic, partition: 1, lag: 6 },
    ]);
  });
});
