import { expect } from 'chai';
import type { Consumer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { Reader, at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// A loop that is left leaves the consumer usable, and the next one goes on with the next message; two at once would
// split the messages silently, so the second is refused.

describe('a loop that is left', () => {
  let cluster: Cluster;
  let topic: string;
  before(async () => {
    cluster = await mockCluster();
    topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 30 });
  });
  after(() => cluster.close());

  const assigned = async () => {
    const consumer = consumerOn(cluster);
    await consumer.assign([{ topic, partition: 0 }]);
    return consumer;
  };
  const takeBatch = async (consumer: Consumer, maxMessages: number) => {
    for await (const batch of consumer.batches({ maxMessages })) return [...batch].map(({ offset }) => offset);
    throw new Error('the iterator ended');
  };

  it('by break, goes on with the next message', async () => {
    await using consumer = await assigned();
    expect(await takeSequences(consumer, 3)).to.deep.equal([0, 1, 2]);
    expect(await takeSequences(consumer, 1)).to.deep.equal([3]);
    expect(await takeSequences(consumer, 26)).to.deep.equal(range(4, 30));
  });

  it('by a throw, gives the error and goes on with the next message', async () => {
    await using consumer = await assigned();
    const loop = async () => {
      for await (const message of consumer) if (message.offset === 2) throw new Error('bad message');
    };
    expect(await rejection(loop())).to.have.property('message', 'bad message');
    expect(await takeSequences(consumer, 2)).to.deep.equal([3, 4]);
  });

  it('by return from a function, goes on with the next message', async () => {
    await using consumer = await assigned();
    const find = async (wanted: number) => {
      for await (const message of consumer) if (message.offset === wanted) return message.offset;
      return -1;
    };
    expect(await find(4)).to.equal(4);
    expect(await find(9)).to.equal(9);
    expect(await takeSequences(consumer, 1)).to.deep.equal([10]);
  });

  it('in batches, goes on behind the batch that was handed out; and the two kinds of loop take turns', async () => {
    await using consumer = await assigned();
    expect(await takeBatch(consumer, 4)).to.deep.equal([0, 1, 2, 3]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([4, 5]);
    expect(await takeBatch(consumer, 3)).to.deep.equal([6, 7, 8]);
    expect(await takeBatch(consumer, 100)).to.deep.equal(range(9, 30));
  });

  it('long before the next one begins, keeps what was fetched, and no more than its share', async () => {
    await using consumer = await assigned();
    await takeSequences(consumer, 1);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await takeSequences(consumer, 29)).to.deep.equal(range(1, 30));
  });

  it('is left for good: next() says done, and return() may be called again', async () => {
    await using consumer = await assigned();
    const iterator = consumer[Symbol.asyncIterator]();
    expect((await iterator.next()).value).to.have.property('offset', 0);
    expect(await iterator.return!()).to.deep.equal({ value: undefined, done: true });
    expect(await iterator.return!()).to.deep.equal({ value: undefined, done: true });
    expect(await iterator.next()).to.deep.equal({ value: undefined, done: true });
    expect(await takeSequences(consumer, 1)).to.deep.equal([1]);
  });

  it('while its next message is being waited for, takes no message with it', async () => {
    await using consumer = await assigned();
    await takeSequences(consumer, 30);
    const iterator = consumer[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return!();
    expect(await inTime(waiting)).to.deep.equal({ value: undefined, done: true });
    const own = await cluster.createTopic();
    await consumer.assign([{ topic: own, partition: 0 }]);
    const reader = new Reader(consumer);
    await fill(cluster, own, { count: 5 });
    await reader.until(5);
    expect(reader.sequences()).to.deep.equal(range(0, 5));
  });

  it('is the only one: a second one meanwhile is an error, and the first goes on', async () => {
    await using consumer = await assigned();
    const first = consumer[Symbol.asyncIterator]();
    expect((await first.next()).value).to.have.property('offset', 0);
    for (const second of [consumer[Symbol.asyncIterator](), consumer.batches()]) {
      expect(await rejection(second.next()))
        .to.be.instanceOf(Error)
        .with.property('message')
        .that.includes('iterated');
      expect(await second.next()).to.deep.equal({ value: undefined, done: true });
    }
    expect((await first.next()).value).to.have.property('offset', 1);
    await first.return!();
    expect(await takeSequences(consumer, 1)).to.deep.equal([2]);
  });

  it('is the only one also while it still waits for its first message', async () => {
    await using consumer = consumerOn(cluster);
    const first = consumer[Symbol.asyncIterator]();
    const waiting = first.next();
    expect(await rejection(consumer.batches().next())).to.be.instanceOf(Error);
    await consumer.assign([at(topic, 29)]);
    expect((await waiting).value).to.have.property('offset', 29);
  });

  it('that was asked for several steps at once gives them in order', async () => {
    await using consumer = await assigned();
    const iterator = consumer[Symbol.asyncIterator]();
    const steps = await Promise.all(range(0, 10).map(() => iterator.next()));
    expect(steps.map(({ value }) => (value as { offset: number }).offset)).to.deep.equal(range(0, 10));
  });

  it('by its signal, ends without an error, and the next one goes on', async () => {
    await using consumer = await assigned();
    const controller = new AbortController();
    const seen: number[] = [];
    const loop = async () => {
      for await (const batch of consumer.batches({ maxMessages: 10, signal: controller.signal })) {
        for (const { offset } of batch) seen.push(offset);
        if (seen.length === 20) controller.abort(new Error('enough'));
      }
    };
    await inTime(loop());
    expect(seen).to.deep.equal(range(0, 20));
    expect(await takeSequences(consumer, 10)).to.deep.equal(range(20, 30));

    const later = new AbortController();
    const waiting = consumer.batches({ signal: later.signal }).next();
    later.abort(new Error('nothing comes'));
    expect(await inTime(waiting)).to.deep.equal({ value: undefined, done: true });
  });
});
