import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Consumer, KafkaError, type SeekOptions, type TopicPartitionOffset } from 'seekafka';
import { describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { Reader, at, consumerOn, fill, range, take, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { awake } from '../helpers/wait.js';

// S10: a seek of partitions that are held is ended before it took effect. From the call on nothing of them is delivered;
// withdrawn, they go on where they were, and what librdkafka was told meanwhile must not show.

type SeekCall = (consumer: Consumer, topic: string, options: SeekOptions) => Promise<TopicPartitionOffset[]>;

const calls: readonly (readonly [operation: string, target: number, call: SeekCall])[] = [
  ['seek', 1, (c, topic, options) => c.seek(at(topic, 1), options)],
  ['seekToBeginning', 0, (c, _, options) => c.seekToBeginning(undefined, options)],
  ['seekToEnd', 20, (c, topic, options) => c.seekToEnd([{ topic, partition: 0 }], options)],
];

describeOnBoth('S10: a seek that is on its way', (cluster) => {
  /** A consumer that has delivered 0..4 of 20 messages, and fetched the others. */
  const prepare = async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    const consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
    return { topic, consumer };
  };

  for (const [operation, , call] of calls) {
    it(`rejects when the consumer is closed: ${operation}`, async () => {
      const { topic, consumer } = await prepare();
      const waiting = rejection(call(consumer, topic, {}));
      await consumer.close();
      expect(await waiting).to.be.instanceOf(KafkaError);
      expect(await waiting).to.include({ code: 'ERR__DESTROY', operation });
    });

    it(`loses and doubles nothing when it is withdrawn at once: ${operation}`, async () => {
      const { topic, consumer } = await prepare();
      await using _ = consumer;
      const controller = new AbortController();
      const waiting = rejection(call(consumer, topic, { signal: controller.signal }));
      controller.abort(new Error('changed my mind'));
      expect(await waiting).to.have.property('message', 'changed my mind');
      expect(await takeSequences(consumer, 15)).to.deep.equal(range(5, 20));
      // What comes later than all that there was would be the seek, fired late: something new must be next.
      await fill(cluster(), topic, { count: 1, from: 20 });
      expect(await takeSequences(consumer, 1)).to.deep.equal([20]);
    });
  }

  it('is either in force or withdrawn, whatever the moment of the withdrawal', async function () {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    let next = 5;
    const outcomes = { resolved: 0, rejected: 0 };
    for (let i = 0; i < 36; i++) {
      const [, target, call] = calls[i % 2]!;
      const controller = new AbortController();
      const sought = call(consumer, topic, { signal: controller.signal }).then(
        (rows) => {
          expect(rows).to.deep.equal([at(topic, target)]);
          outcomes.resolved++;
          return target;
        },
        (error: unknown) => {
          expect(error).to.have.property('name', 'AbortError');
          outcomes.rejected++;
          return next;
        },
      );
      // From the same turn on to some milliseconds later, where most have taken effect.
      if (i % 6 === 1) await Promise.resolve();
      else if (i % 6) await sleep(i % 6 === 2 ? 0 : i % 6);
      controller.abort();
      next = await sought;
      expect(await consumer.position()).to.deep.equal([at(topic, next)]);
      expect(await takeSequences(consumer, 3)).to.deep.equal(range(next, next + 3));
      next += 3;
      if (next > 15) next = (await consumer.seek(at(topic, 5)))[0]!.offset;
    }
    // Otherwise this shows one half only.
    expect(outcomes.resolved).to.be.greaterThan(0);
    expect(outcomes.rejected).to.be.greaterThan(0);
  });

  it('withdrawn from a running loop, does not stop the loop', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 50 });
    await using consumer = consumerOn(cluster());
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    let withdrawn: Promise<unknown> | undefined;
    const reader = new Reader(consumer, () => {
      if (reader.seen.length !== 30) return;
      const controller = new AbortController();
      withdrawn = rejection(consumer.seekToBeginning(undefined, { signal: controller.signal }));
      controller.abort();
    });
    await reader.until(100);
    expect(await withdrawn).to.have.property('name', 'AbortError');
    for (const partition of [0, 1]) expect(reader.sequences(partition)).to.deep.equal(range(0, 50));
  });

  it('withdrawn from a listener of an assignment, leaves the partition to start as it would have', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster());
    let withdrawn: unknown;
    await consumer.subscribe(topic, {
      async onAssigned() {
        const controller = new AbortController();
        const waiting = rejection(consumer.seekToEnd(undefined, { signal: controller.signal }));
        controller.abort();
        withdrawn = await waiting;
      },
    });
    expect(await takeSequences(consumer, 10)).to.deep.equal(range(0, 10));
    expect(withdrawn).to.have.property('name', 'AbortError');
  });

  it('withdrawn while the partition is paused, leaves it paused and in its place', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    consumer.pause();
    const controller = new AbortController();
    const waiting = rejection(consumer.seekToBeginning(undefined, { signal: controller.signal }));
    controller.abort();
    await waiting;
    expect(consumer.paused).to.deep.equal([{ topic, partition: 0 }]);
    consumer.resume();
    expect(await takeSequences(consumer, 15)).to.deep.equal(range(5, 20));
  });

  it('makes way for the seek before it when it is withdrawn', async () => {
    const { topic, consumer } = await prepare();
    await using _ = consumer;
    const controller = new AbortController();
    const earlier = consumer.seekToBeginning();
    const later = rejection(consumer.seekToEnd(undefined, { signal: controller.signal }));
    controller.abort();
    expect(await later).to.have.property('name', 'AbortError');
    expect(await earlier).to.deep.equal([at(topic, 0)]);
    expect(await takeSequences(consumer, 20)).to.deep.equal(range(0, 20));
  });
});

// On the mock cluster alone: its round-trip time pins the moment in the middle of a look-up.
const onMock = describe('S10: a seek whose look-up takes its time (mock)', () => {
  const prepare = async () => {
    const cluster = await mockCluster();
    const topic = await cluster.createTopic(2);
    await fill(cluster, topic, { partitions: 2, count: 20 });
    const consumer = consumerOn(cluster);
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    await take(consumer, 40);
    await consumer.seek([0, 1].map((partition) => at(topic, 5, partition)));
    return { topic, cluster, consumer };
  };

  it('rejects in its time, and the partitions go on where they were', async () => {
    const { topic, cluster, consumer } = await prepare();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    await using _consumer = consumer;
    const reader = new Reader(consumer);
    await reader.until(30);
    cluster.mock.setRoundTripTime(1, 600);
    const start = performance.now();
    const limitFrom = awake();
    const error = await rejection(consumer.seekToBeginning(undefined, { timeoutMs: 200 }));
    expect(performance.now() - start).to.be.at.least(195);
    expect(awake() - limitFrom).to.be.lessThan(550);
    expect(error).to.include({ code: 'ERR__TIMED_OUT', operation: 'seekToBeginning' });
    cluster.mock.setRoundTripTime(1, 0);
    // The answer to the look-up comes after the withdrawal: a late jump would be in front of what is new.
    await sleep(800);
    await fill(cluster, topic, { partitions: 2, count: 3, from: 20 });
    await reader.until(36);
    for (const partition of [0, 1]) expect(reader.sequences(partition)).to.deep.equal(range(5, 23));
  });

  it('is rejected by close() at once, not when the answer comes', async () => {
    const { cluster, consumer } = await prepare();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    cluster.mock.setRoundTripTime(1, 2000);
    const start = awake();
    const waiting = rejection(consumer.seekToEnd()).then((error) => ({ error, ms: awake() - start }));
    await sleep(50); // into the look-up
    await consumer.close({ timeoutMs: 100 });
    const { error, ms } = await waiting;
    expect(error).to.include({ code: 'ERR__DESTROY', operation: 'seekToEnd' });
    expect(ms).to.be.lessThan(1000);
  });
});
setGroup(onMock, 'mock');
