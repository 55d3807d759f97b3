import { expect } from 'chai';
import { Consumer, type RebalanceListener, type TopicPartition } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

// Whatever method of its client a rebalance listener awaits: it settles, and the rebalance goes on. A step of the group
// waits for the listener, so a method that waited for that step would wait for ever.

/** A step of it takes milliseconds here. */
const BOUND_MS = 6000;

type Await = (consumer: Consumer, partitions: readonly TopicPartition[]) => Promise<unknown>;

const methods: Readonly<Record<string, Await>> = {
  'commit()': (c) => c.commit(),
  'commit(offsets)': (c, partitions) => c.commit(partitions.map((row) => ({ ...row, offset: 1 }))),
  seek: (c, partitions) => c.seek(partitions.map((row) => ({ ...row, offset: 1 }))),
  'seek of all': (c) => c.seekToBeginning(),
  seekToEnd: (c, partitions) => c.seekToEnd(partitions),
  seekToTimestamp: (c, partitions) => c.seekToTimestamp(1, partitions),
  seekToCommitted: (c, partitions) => c.seekToCommitted(partitions),
  'seekBy of all': (c) => c.seekBy(1),
  seekToLast: (c, partitions) => c.seekToLast(1, partitions),
  position: (c) => c.position(),
  'position of them': (c, partitions) => c.position(partitions),
  committed: (c) => c.committed(),
  'committed of them': (c, partitions) => c.committed(partitions),
  lag: (c) => c.lag(),
  endOffsets: (c, partitions) => c.endOffsets(partitions),
  beginningOffsets: (c) => c.beginningOffsets(),
  offsetsForTimes: (c, partitions) => c.offsetsForTimes(partitions.map((row) => ({ ...row, timestamp: 1 }))),
  partitionsFor: (c, [row]) => c.partitionsFor(row!.topic),
  connect: (c) => c.connect(),
  'process() of one message': async (c) => {
    const stop = new AbortController();
    await c.process(() => stop.abort(), { signal: stop.signal });
  },
  pause: async (c, partitions) => c.pause(partitions),
  'pause and resume of all': async (c) => {
    c.pause();
    c.resume();
  },
  'subscribe to the same': (c, [row]) => c.subscribe(row!.topic),
  'subscribe to another': (c) => c.subscribe('another-topic'),
  unsubscribe: (c) => c.unsubscribe(),
  assign: (c, [row]) => c.assign([row!]),
  'next() of a new iterator': (c) => c[Symbol.asyncIterator]().next(),
  'next() of batches()': (c) => c.batches().next(),
  'next() of a read with an end': (c) => c.messages({ until: 'end' }).next(),
  close: (c) => c.close({ timeoutMs: 20_000 }),
  'close twice': (c) => Promise.all([c.close({ timeoutMs: 20_000 }), c.close({ timeoutMs: 20_000 })]),
  'unsubscribe and close': async (c) => {
    await c.unsubscribe();
    await c.close({ timeoutMs: 20_000 });
  },
};

describe('a rebalance listener that awaits a method of its client', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  for (const where of ['onAssigned', 'onRevoked', 'onLost'] as const) {
    for (const [name, method] of Object.entries(methods)) {
      it(`never stands still: ${where}, ${name}`, async () => {
        const topic = await cluster.createTopic(2);
        await fill(cluster, topic, { partitions: 2, count: 10 });
        const consumer = new Consumer({
          'bootstrap.servers': cluster.bootstrapServers,
          'group.id': uniqueGroup(),
          'auto.offset.reset': 'earliest',
          'heartbeat.interval.ms': 100,
          ...(where === 'onLost'
            ? { 'session.timeout.ms': 1000, 'max.poll.interval.ms': 1000 }
            : { 'session.timeout.ms': 2000 }),
        });
        consumer.on('error', () => undefined);
        let entered = 0;
        let settled = 0;
        let left: Promise<unknown> | undefined;
        const listener: RebalanceListener = {
          async [where](partitions: readonly TopicPartition[]) {
            if (entered++ > 0) return; // of the group's later steps
            left = method(consumer, partitions).catch((error: unknown) => error);
            const value = await left;
            // An error is right where there is nothing to do; it has a code, or names what is wrong.
            if (value instanceof Error) expect(value).to.satisfy((e: { code?: string }) => e.code ?? value.message);
            settled++;
          },
        };
        try {
          await consumer.subscribe(topic, listener);
          if (where !== 'onAssigned') {
            const iterator = consumer[Symbol.asyncIterator]();
            await inTime(iterator.next(), 'the first message');
            if (where === 'onLost') {
              await eventually(() => entered > 0, { what: 'it is lost, as no message is asked for' });
            }
            await iterator.return?.();
          }
          if (where === 'onRevoked') {
            // A seek takes effect with the next assignment, so there is one.
            const again = async () => {
              await consumer.unsubscribe();
              await consumer.subscribe(topic, listener);
            };
            again().catch(() => undefined);
          }
          if (where === 'onLost') {
            // The steps that follow are carried out as soon as messages are asked for again.
            const again = consumer[Symbol.asyncIterator]();
            void again.next().catch(() => undefined);
          }
          // next() in a listener has nobody else to give messages to, so it may come with the first of them only.
          await eventually(() => settled > 0, { timeoutMs: BOUND_MS, what: `${name} in ${where} settles` });
          await inTime(left!, name);
        } finally {
          const since = awake();
          await inTime(consumer.close({ timeoutMs: 3000 }), `close() after ${name} in ${where}`, BOUND_MS);
          expect(awake() - since).to.be.lessThan(BOUND_MS);
        }
        // The group is free for the next one: nobody stands in it.
        expect(consumer.assignment).to.deep.equal([]);
      });
    }
  }
});
