import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Consumer } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';

// S15: bad input is refused as a whole, before anything happens. test/unit/bad-input.test.ts has the messages of all
// methods; here is what must not have moved.

type BadCall = (consumer: Consumer, topic: string) => unknown;
const given = (value: unknown) => value as never;

const badCalls: readonly (readonly [name: string, type: typeof TypeError | typeof RangeError, call: BadCall])[] = [
  ['a negative offset', RangeError, (c, t) => c.seek([at(t, 3), at(t, -1, 1)])],
  ["librdkafka's -2 for the beginning", RangeError, (c, t) => c.seek(at(t, -2))],
  ["librdkafka's -1001 for none", RangeError, (c, t) => c.seek(at(t, -1001))],
  ['a fraction', RangeError, (c, t) => c.seek([at(t, 3), at(t, 1.5, 1)])],
  ['NaN', RangeError, (c, t) => c.seek([at(t, 3), at(t, NaN, 1)])],
  ['an offset that a number cannot hold', RangeError, (c, t) => c.seek([at(t, 3), at(t, 2 ** 53, 1)])],
  ['a bigint', TypeError, (c, t) => c.seek(given({ topic: t, partition: 0, offset: 3n }))],
  ['an offset as text', TypeError, (c, t) => c.seek(given({ topic: t, partition: 0, offset: '3' }))],
  ['no offset', TypeError, (c, t) => c.seek(given([at(t, 3), { topic: t, partition: 1 }]))],
  ['a negative partition', RangeError, (c, t) => c.seek([at(t, 3), at(t, 3, -1)])],
  ['the same partition twice', TypeError, (c, t) => c.seek([at(t, 3), at(t, 4, 1), at(t, 5)])],
  ['the same partition twice', TypeError, (c, t) => c.seekToEnd([at(t, 0), at(t, 0)])],
  ['no topic', TypeError, (c) => c.seekToBeginning(given([{ partition: 0 }]))],
  ['a topic alone', TypeError, (c, t) => c.seekToBeginning(given(t))],
  ['an invalid date', RangeError, (c) => c.seekToTimestamp(new Date('yesterday'))],
  ['a negative time', RangeError, (c) => c.seekToTimestamp(-1)],
  ['a fractional time', RangeError, (c) => c.seekToTimestamp(1.5)],
  ['no time', TypeError, (c) => c.seekToTimestamp(given(undefined))],
  ['no delta', TypeError, (c) => c.seekBy(given(undefined))],
  ['a delta as text', TypeError, (c) => c.seekBy(given('-1'))],
  ['a fractional delta', RangeError, (c) => c.seekBy(-0.5)],
  ['a delta that a number cannot hold', RangeError, (c) => c.seekBy(-(2 ** 53))],
  ['a negative count', RangeError, (c) => c.seekToLast(-1)],
  ['a fractional count', RangeError, (c) => c.seekToLast(0.5)],
  ['a negative limit', RangeError, (c, t) => c.seek(at(t, 3), { timeoutMs: -1 })],
  ['a limit as text', TypeError, (c, t) => c.seek(at(t, 3), given({ timeoutMs: '5s' }))],
  ['a controller for its signal', TypeError, (c, t) => c.seek(at(t, 3), given({ signal: new AbortController() }))],
  ['an unknown option', TypeError, (c) => c.seekToEnd(undefined, given({ timeout: 5 }))],
];

describeOnBoth('S15: a seek with bad input', (cluster) => {
  it('moves nothing at all, whatever is wrong with it', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 20 });
    await using consumer = consumerOn(cluster());
    await consumer.assign([at(topic, 10, 0), at(topic, 20, 1)]);
    let next = 10;
    for (const [name, type, call] of badCalls.slice(0, 8)) {
      expect(await rejection(call(consumer, topic) as Promise<unknown>), name).to.be.instanceOf(type);
      expect(await consumer.position(), name).to.deep.equal([at(topic, next, 0), at(topic, 20, 1)]);
      expect(await takeSequences(consumer, 1), name).to.deep.equal([next++]);
    }
    for (const [name, type, call] of badCalls.slice(8)) {
      expect(await rejection(call(consumer, topic) as Promise<unknown>), name).to.be.instanceOf(type);
      expect(await consumer.position(), name).to.deep.equal([at(topic, next, 0), at(topic, 20, 1)]);
    }
    expect(await takeSequences(consumer, 2)).to.deep.equal(range(next, next + 2));
  });

  it('leaves nothing waiting for the next assignment either', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 5 });
    await using consumer = consumerOn(cluster());
    for (const [name, type, call] of badCalls) {
      expect(await rejection(call(consumer, topic) as Promise<unknown>), name).to.be.instanceOf(type);
    }
    await consumer.subscribe(topic);
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
  });

  it('does not take a seek down that was asked before it', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 5 });
    await using consumer = consumerOn(cluster());
    const good = consumer.seek(at(topic, 3));
    await rejection(consumer.seek([at(topic, 1), at(topic, -1, 1)]));
    await consumer.subscribe(topic);
    expect(await good).to.deep.equal([at(topic, 3)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([3, 4]);
  });

  it('is read at the call: what the caller changes afterwards changes nothing', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 5 });
    await using consumer = consumerOn(cluster());
    const places = [at(topic, 3)];
    const options = { timeoutMs: 20_000 };
    const good = consumer.seek(places, options);
    places[0]!.offset = -7;
    places.push(at(topic, 0));
    options.timeoutMs = 0;
    await sleep(0);
    await consumer.subscribe(topic);
    expect(await good).to.deep.equal([at(topic, 3)]);
    expect(await takeSequences(consumer, 2)).to.deep.equal([3, 4]);
  });
});
