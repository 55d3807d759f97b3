import { pbkdf2 } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { type Consumer, KafkaError, type SeekOptions } from 'seekafka';
import { describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { LoopMeter } from '../helpers/loop-meter.js';
import { Reader, at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { awake } from '../helpers/wait.js';

// S12: neither the event loop nor a thread of libuv's pool waits for a broker; a broker that does not answer costs the
// caller a rejected promise, and everything else goes on.

/** Far below what a blocking call would take here, and far above what a busy machine does to a timer. */
const HELD_UP_MS = 300;

describeOnBoth('S12: the event loop', (cluster) => {
  it('is not held up by seeks, however many there are', async () => {
    const topic = await cluster().createTopic(4);
    await fill(cluster(), topic, { partitions: 4, count: 500 });
    await using consumer = consumerOn(cluster());
    await consumer.assign(range(0, 4).map((partition) => ({ topic, partition })));
    const seen = new Reader(consumer);
    await seen.until(100);
    using meter = new LoopMeter();
    for (let round = 0; round < 10; round++) {
      await Promise.all([
        ...range(0, 20).map((i) => consumer.seek(at(topic, i * 10, i % 4))),
        consumer.seekToEnd(),
        consumer.seekToBeginning(),
        consumer.seekToCommitted(),
      ]);
    }
    expect(meter.worst).to.be.lessThan(HELD_UP_MS);
  });
});

type SeekCall = (consumer: Consumer, topic: string, options: SeekOptions) => Promise<unknown>;
const calls: readonly (readonly [operation: string, call: SeekCall])[] = [
  ['seekToBeginning', (c, _, options) => c.seekToBeginning(undefined, options)],
  ['seekToEnd', (c, _, options) => c.seekToEnd(undefined, options)],
  ['seekToTimestamp', (c, _, options) => c.seekToTimestamp(1, undefined, options)],
  ['seekToCommitted', (c, _, options) => c.seekToCommitted(undefined, options)],
  ['seekBy', (c, _, options) => c.seekBy(1, undefined, options)],
  ['seekToLast', (c, _, options) => c.seekToLast(1, undefined, options)],
];

// On mock clusters of their own: the Kafka of a run is shared, and must go on answering the others.
const onMock = describe('S12: a broker that does not answer (mock)', () => {
  const prepare = async (config = {}) => {
    const cluster = await mockCluster();
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 20 });
    // Nothing to commit at the end: that would wait for the broker too (test/lifecycle/close-unreachable.test.ts).
    const consumer = consumerOn(cluster, { 'enable.auto.commit': false, ...config });
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    const dispose = async () => {
      cluster.mock.brokerUp(1);
      cluster.mock.setRoundTripTime(1, 0);
      await consumer.close({ timeoutMs: 500 });
      await cluster.close();
    };
    return { cluster, mock: cluster.mock, topic, consumer, [Symbol.asyncDispose]: dispose };
  };
  const silences = {
    'is down': (it: { mock: { brokerDown(broker: number): void } }) => it.mock.brokerDown(1),
    'answers after a minute': (it: { mock: { setRoundTripTime(broker: number, ms: number): void } }) =>
      it.mock.setRoundTripTime(1, 60_000),
  };

  for (const [how, silence] of Object.entries(silences)) {
    for (const [operation, call] of calls) {
      it(`costs no more than the time allowed when it ${how}: ${operation}`, async () => {
        await using it = await prepare();
        const { consumer, topic } = it;
        silence(it);
        using meter = new LoopMeter();
        const start = performance.now();
        const limitFrom = awake();
        const error = await rejection(call(consumer, topic, { timeoutMs: 400 }));
        expect(performance.now() - start).to.be.at.least(395);
        expect(awake() - limitFrom).to.be.lessThan(1500);
        expect(error).to.be.instanceOf(KafkaError);
        expect(error).to.include({ code: 'ERR__TIMED_OUT', operation });
        expect(meter.worst).to.be.lessThan(HELD_UP_MS);
        expect(await consumer.position()).to.deep.equal([at(topic, 5)]);
      });
    }

    it(`costs no more than socket.timeout.ms when it ${how} and no time was given`, async () => {
      await using it = await prepare({ 'socket.timeout.ms': 700 });
      const { consumer } = it;
      silence(it);
      const start = performance.now();
      const limitFrom = awake();
      const error = await rejection(consumer.seekToEnd());
      expect(performance.now() - start).to.be.at.least(600);
      expect(awake() - limitFrom).to.be.lessThan(3000);
      expect(error).to.include({ operation: 'seekToEnd' });
      // One of librdkafka's own for a broker that is away, else the time that is over.
      expect((error as KafkaError).code).to.be.oneOf(['ERR__TIMED_OUT', 'ERR__TRANSPORT', 'ERR__ALL_BROKERS_DOWN']);
    });
  }

  it('holds no thread of the pool that files, names and hashes need', async () => {
    await using it = await prepare();
    const { consumer, topic } = it;
    silences['is down'](it);
    const hanging = Promise.all(
      range(0, 16).map((i) => rejection(calls[i % calls.length]![1](consumer, topic, { timeoutMs: 3000 }))),
    );
    await sleep(100);
    const start = awake();
    await Promise.all([
      ...range(0, 8).map(() => readFile('package.json')),
      ...range(0, 4).map(() => promisify(pbkdf2)('secret', 'salt', 1000, 32, 'sha256')),
      lookup('localhost'),
    ]);
    expect(awake() - start).to.be.lessThan(1000);
    expect((await hanging).map((error) => (error as KafkaError).code)).to.deep.equal(Array(16).fill('ERR__TIMED_OUT'));
  });

  it('does not stand in the way of a seek to an offset, which asks nobody', async () => {
    await using it = await prepare();
    const { cluster, mock, consumer, topic } = it;
    mock.brokerDown(1);
    expect(await consumer.seek(at(topic, 11), { timeoutMs: 5000 })).to.deep.equal([at(topic, 11)]);
    expect(await consumer.position()).to.deep.equal([at(topic, 11)]);
    mock.brokerUp(1);
    expect(await takeSequences(consumer, 9)).to.deep.equal(range(11, 20));
    await fill(cluster, topic, { count: 1, from: 20 });
    expect(await takeSequences(consumer, 1)).to.deep.equal([20]);
  });

  it('that answers again finds the partition where it was, with nothing lost or doubled', async () => {
    await using it = await prepare();
    const { cluster, mock, consumer, topic } = it;
    mock.brokerDown(1);
    await rejection(consumer.seekToBeginning(undefined, { timeoutMs: 300 }));
    mock.brokerUp(1);
    await fill(cluster, topic, { count: 5, from: 20 });
    expect(await takeSequences(consumer, 20)).to.deep.equal(range(5, 25));
  });

  it('in time is answered by the look-up that hung until then', async () => {
    await using it = await prepare();
    const { mock, consumer, topic } = it;
    mock.brokerDown(1);
    const waiting = consumer.seekToBeginning(undefined, { timeoutMs: 20_000 });
    await sleep(300);
    mock.brokerUp(1);
    expect(await waiting).to.deep.equal([at(topic, 0)]);
    expect(await takeSequences(consumer, 20)).to.deep.equal(range(0, 20));
  });
});
setGroup(onMock, 'mock');

const onTwo = describe('S12: one of two brokers that does not answer (mock)', () => {
  it('holds up its own partitions only', async () => {
    const cluster = await mockCluster({ brokers: 2 });
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic(2);
    cluster.mock.setLeader(topic, 0, 1);
    cluster.mock.setLeader(topic, 1, 2);
    await fill(cluster, topic, { partitions: 2, count: 10 });
    await using consumer = consumerOn(cluster, { 'group.id': undefined });
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    const reader = new Reader(consumer);
    await reader.until(20);
    await consumer.endOffsets(); // both leaders are connected to

    cluster.mock.setRoundTripTime(2, 10_000);
    const onlyOne = rejection(consumer.seekToBeginning([{ topic, partition: 1 }], { timeoutMs: 4000 }));
    expect(await consumer.seekToBeginning([{ topic, partition: 0 }], { timeoutMs: 3000 })).to.deep.equal([
      at(topic, 0),
    ]);
    await reader.until(30);
    expect(reader.sequences(0)).to.deep.equal([...range(0, 10), ...range(0, 10)]);
    expect(reader.sequences(1)).to.deep.equal(range(0, 10));
    expect(await onlyOne).to.include({ code: 'ERR__TIMED_OUT' });
    cluster.mock.setRoundTripTime(2, 0);
  });
});
setGroup(onTwo, 'mock');
