import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Consumer, KafkaError, type SeekOptions } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { at, commitAt, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { awake } from '../helpers/wait.js';

// S10: close(), signal and timeoutMs end a seek that waits for an assignment, and it does not fire with the one that
// comes then. A seek that fired later would show in what is delivered: all calls aim elsewhere than the committed 4.

type SeekCall = (consumer: Consumer, topic: string, options: SeekOptions) => Promise<unknown>;

const calls: readonly (readonly [name: string, call: SeekCall])[] = [
  ['seek', (c, topic, options) => c.seek(at(topic, 7), options)],
  ['seekToBeginning', (c, _, options) => c.seekToBeginning(undefined, options)],
  ['seekToEnd', (c, topic, options) => c.seekToEnd([{ topic, partition: 0 }], options)],
  ['seekToTimestamp', (c, _, options) => c.seekToTimestamp(1, undefined, options)],
  ['seekBy', (c, _, options) => c.seekBy(2, undefined, options)],
  ['seekToLast', (c, topic, options) => c.seekToLast(1, [{ topic, partition: 0 }], options)],
];

describeOnBoth('S10: a seek that waits for an assignment', (cluster) => {
  for (const [operation, call] of [
    ...calls,
    ['seekToCommitted', (c, _, options) => c.seekToCommitted(undefined, options)] as (typeof calls)[0],
  ]) {
    it(`does not wait for ever when the consumer is closed: ${operation}`, async () => {
      const topic = await cluster().createTopic();
      const consumer = consumerOn(cluster());
      const waiting = rejection(call(consumer, topic, {}));
      await consumer.close();
      const error = await waiting;
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code: 'ERR__DESTROY', operation });
    });
  }

  for (const [operation, call] of calls) {
    /** A group that has committed 4 of 10 messages, whose only consumer has not subscribed yet. */
    const prepare = async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 10 });
      const group = uniqueGroup();
      await commitAt(cluster(), group, topic, 4);
      return { topic, consumer: consumerOn(cluster(), { 'group.id': group }) };
    };

    it(`does not fire after its signal has withdrawn it: ${operation}`, async () => {
      const { topic, consumer } = await prepare();
      await using _ = consumer;
      const controller = new AbortController();
      const waiting = rejection(call(consumer, topic, { signal: controller.signal }));
      const reason = new Error('the user went away');
      controller.abort(reason);
      expect(await waiting).to.equal(reason);

      await consumer.subscribe(topic);
      expect(await takeSequences(consumer, 6)).to.deep.equal(range(4, 10));
    });

    it(`does not fire after its time has withdrawn it: ${operation}`, async () => {
      const { topic, consumer } = await prepare();
      await using _ = consumer;
      const start = performance.now();
      const limitFrom = awake();
      const error = await rejection(call(consumer, topic, { timeoutMs: 100 }));
      expect(performance.now() - start).to.be.at.least(95);
      expect(awake() - limitFrom).to.be.lessThan(2000);
      expect(error).to.be.instanceOf(KafkaError);
      expect(error).to.include({ code: 'ERR__TIMED_OUT', operation });

      await consumer.subscribe(topic);
      expect(await takeSequences(consumer, 6)).to.deep.equal(range(4, 10));
    });
  }

  it('waits as long as it takes without a time limit, and is not dropped meanwhile', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster(), { 'socket.timeout.ms': 500 });
    let settled = false;
    const waiting = consumer.seek(at(topic, 7)).finally(() => (settled = true));
    // Longer than every limit of its own that it might have: socket.timeout.ms is the shortest.
    await sleep(1200);
    expect(settled).to.equal(false);
    await consumer.subscribe(topic);
    expect(await waiting).to.deep.equal([at(topic, 7)]);
    expect(await takeSequences(consumer, 3)).to.deep.equal(range(7, 10));
  });

  it('is refused by a signal that is aborted already, and leaves no seek behind', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster());
    const reason = new Error('too late');
    expect(await rejection(consumer.seek(at(topic, 7), { signal: AbortSignal.abort(reason) }))).to.equal(reason);
    const error = await rejection(consumer.seekToEnd(undefined, { signal: AbortSignal.abort() }));
    expect(error).to.have.property('name', 'AbortError');

    await consumer.subscribe(topic);
    expect(await takeSequences(consumer, 10)).to.deep.equal(range(0, 10));
  });

  it('takes effect again when a later call that was in its place is withdrawn', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster());
    const controller = new AbortController();
    const earlier = consumer.seek(at(topic, 6));
    const later = rejection(consumer.seekToEnd(undefined, { signal: controller.signal }));
    controller.abort();
    expect(await later).to.have.property('name', 'AbortError');

    await consumer.subscribe(topic);
    expect(await earlier).to.deep.equal([at(topic, 6)]);
    expect(await takeSequences(consumer, 4)).to.deep.equal(range(6, 10));
  });

  it('goes down alone: another seek for another partition still takes effect', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 10 });
    await using consumer = consumerOn(cluster());
    const withdrawn = rejection(consumer.seek(at(topic, 8, 0), { timeoutMs: 20 }));
    const kept = consumer.seek(at(topic, 8, 1));
    expect(await withdrawn).to.include({ code: 'ERR__TIMED_OUT' });

    await consumer.subscribe(topic);
    expect(await kept).to.deep.equal([at(topic, 8, 1)]);
    expect(await consumer.position()).to.have.deep.members([at(topic, 0, 0), at(topic, 8, 1)]);
  });
});

describeOnBoth('S10: what a seek leaves behind when it has ended', (cluster) => {
  it('no listener on a signal that lives as long as the program', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const { signal } = new AbortController();
    for (let i = 0; i < 5; i++) await consumer.seek(at(topic, i), { signal });
    await rejection(consumer.seek(at(`${topic}-none`, 0), { signal }));
    expect(getEventListeners(signal, 'abort')).to.deep.equal([]);
  });

  it('no power over the partition: a signal that is aborted after the seek has resolved moves nothing', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    await using consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const controller = new AbortController();
    await consumer.seek(at(topic, 5), { signal: controller.signal, timeoutMs: 60_000 });
    controller.abort();
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(5, 10));
  });
});
