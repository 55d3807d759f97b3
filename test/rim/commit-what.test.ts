import { expect } from 'chai';
import { Consumer, type Message, type MessageBatch, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';

// What commit(), sendOffsets() and seek() are given is the caller's: it may change, answer differently each time, or be no
// message at all. It is read once; of a message counts what arrived; and what is none is refused by the argument's name.

describe('what is given to be committed', () => {
  let cluster: Cluster;
  before(async () => (cluster = await mockCluster()));
  after(() => cluster.close());

  async function scene() {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 20 });
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const consumer = new Consumer({
      ...servers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      'enable.auto.commit': false,
    });
    const producer = new Producer({ ...servers, 'transactional.id': uniqueGroup() });
    const place = { topic, partition: 0 };
    await consumer.assign([place]);
    const messages: Message[] = [];
    const batches: MessageBatch[] = [];
    for await (const batch of consumer.batches({ maxMessages: 5 })) {
      batches.push(batch);
      messages.push(...batch);
      if (messages.length >= 10) break;
    }
    return {
      consumer,
      place,
      message: messages[3]!,
      batch: batches[0]!,
      sends: (what: unknown) => producer.transaction((tx) => tx.sendOffsets(consumer, what as Message)),
      sendsFor: (who: unknown) => producer.transaction((tx) => tx.sendOffsets(who as Consumer, messages[3])),
      committed: async () => (await consumer.committed([place]))[0]!.offset,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([consumer.close(), producer.close()]);
      },
    };
  }

  /** Each property answers one more than the last time. */
  function counting(place: { topic: string; partition: number }, offset: number) {
    const reads: string[] = [];
    const row = {
      get topic() {
        reads.push('topic');
        return place.topic;
      },
      get partition() {
        reads.push('partition');
        return place.partition;
      },
      get offset() {
        reads.push('offset');
        return offset++;
      },
    };
    return { row, reads };
  }

  it('is read once', async () => {
    await using its = await scene();
    for (const [name, call] of [
      ['commit', (rows: (typeof its.place & { offset: number })[]) => its.consumer.commit(rows)],
      ['sendOffsets', its.sends],
      ['seek', (rows: (typeof its.place & { offset: number })[]) => its.consumer.seek(rows)],
    ] as const) {
      const { row, reads } = counting(its.place, 4);
      await call([row]);
      expect(reads, name).to.deep.equal(['topic', 'partition', 'offset']);
      if (name !== 'seek') expect(await its.committed(), name).to.equal(4);
    }
  });

  it('is, of a message, the offset at which it arrived', async () => {
    await using its = await scene();
    for (const offset of [0, 1e6, NaN, -5, 'x', null]) {
      Object.assign(its.message, { offset, partition: 7, topic: 'other' });
      await its.consumer.commit(its.message);
      expect(await its.committed()).to.equal(4);
      await its.sends(its.message);
      expect(await its.committed()).to.equal(4);
    }
  });

  const revoked = (target: object) => {
    const { proxy, revoke } = Proxy.revocable(target, {});
    revoke();
    return proxy;
  };
  const wrong: [string, (its: { message: Message; batch: MessageBatch }) => unknown][] = [
    ['a proxy of a message', ({ message }) => new Proxy(message, {})],
    ['an heir of a message', ({ message }) => Object.create(message) as unknown],
    ['a copy of a message', ({ message }) => ({ ...message })],
    ['the prototype of a message', ({ message }) => Object.getPrototypeOf(message) as unknown],
    ['a proxy of a batch', ({ batch }) => new Proxy(batch, {})],
    ['an heir of a batch', ({ batch }) => Object.create(batch) as unknown],
    ['a proxy of a message that was revoked', ({ message }) => revoked(message)],
    ['a proxy of an array that was revoked', () => revoked([])],
    ['an array of a revoked proxy', ({ message }) => [revoked(message)]],
  ];
  for (const [name, make] of wrong) {
    it(`is refused by the name of the argument: ${name}`, async () => {
      await using its = await scene();
      const what = make(its);
      for (const call of [(x: unknown) => its.consumer.commit(x as Message), its.sends]) {
        const error = (await rejection(call(what))) as Error;
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message).to.match(/^what(\[0\])?: expected /);
      }
      expect(await its.committed()).to.equal(-1);
      if (!name.includes('revoked')) return;
      for (const [argument, call] of [
        ['to', () => its.consumer.seek(what as Message)],
        ['partitions', () => its.consumer.seekToEnd(what as Message[])],
        ['partitions', () => its.consumer.assign(what as Message[])],
        ['partitions', () => its.consumer.committed(what as Message[])],
        ['query', () => its.consumer.offsetsForTimes(what as never)],
        ['topics', () => its.consumer.subscribe(what as string[])],
        ['listener', () => its.consumer.subscribe('t', what as object)],
        ['options', () => its.consumer.seekToEnd(undefined, what as object)],
        ['options', () => its.consumer.close(what as object)],
      ] as const) {
        if (name.startsWith('an array') && (argument === 'listener' || argument === 'options')) continue;
        const error = (await rejection(call())) as Error;
        expect(error, argument).to.be.instanceOf(TypeError);
        expect(error.message).to.match(new RegExp(`^${argument}(\\[0\\])?: expected `));
      }
    });
  }

  it('is refused by the name of the argument: for a consumer that is a revoked proxy', async () => {
    await using its = await scene();
    const error = (await rejection(its.sendsFor(revoked(its.consumer)))) as Error;
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.match(/^consumer: expected /);
  });
});
