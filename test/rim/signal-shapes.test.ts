import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';
import { given } from '../helpers/wrong-values.js';

// A signal may be of another make. What it lacks is told at once, and a seek that was refused never takes effect later.

const nothing = () => undefined;
const shape = {
  aborted: false,
  reason: undefined,
  throwIfAborted: nothing,
  addEventListener: nothing,
  removeEventListener: nothing,
};
const fails = () => {
  throw new Error('of the signal');
};

/** Each with whether it is a TypeError that names it; otherwise the error is the signal's own. */
const signals: Readonly<Record<string, readonly [make: () => unknown, named: boolean]>> = {
  'without addEventListener': [() => ({ ...shape, addEventListener: undefined }), true],
  'without removeEventListener': [() => ({ ...shape, removeEventListener: undefined }), true],
  'with an aborted that is no boolean': [() => ({ ...shape, aborted: 'no' }), true],
  'that is an AbortController': [() => new AbortController(), true],
  'that is a function': [() => nothing, true],
  'that is an EventEmitter': [() => new Producer({ 'bootstrap.servers': '127.0.0.1:1' }), true],
  'whose addEventListener throws': [() => ({ ...shape, addEventListener: fails }), false],
  'whose aborted throws': [() => Object.defineProperty({ ...shape }, 'aborted', { get: fails }), false],
  'whose throwIfAborted throws, though it is not aborted': [() => ({ ...shape, throwIfAborted: fails }), false],
};

describe('a signal of an odd shape', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  let topic: string;
  before(async () => {
    cluster = await mockCluster();
    topic = await cluster.createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    await producer.send([1, 2, 3].map((v) => ({ topic, partition: 0, value: `${v}` })));
  });
  after(() => cluster.close());

  const consumerOf = () =>
    new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
    });
  const seeks = (consumer: Consumer, signal: unknown) => {
    const options = { signal: given(signal) };
    return [
      () => consumer.seekToEnd(undefined, options),
      () => consumer.seekToEnd([{ topic, partition: 0 }], options),
      () => consumer.seek({ topic, partition: 0, offset: 2 }, options),
      () => consumer.seekToTimestamp(2 ** 41, undefined, options),
    ];
  };

  for (const [what, [make, named]] of Object.entries(signals)) {
    it(`leaves no seek behind that takes effect later: ${what}`, async () => {
      await using consumer = consumerOf();
      const signal = make();
      for (const seek of seeks(consumer, signal)) {
        const error = await inTime(rejection(seek()), 'a seek', 3000).catch((late: unknown) => late);
        if (named) {
          expect(error, what).to.be.instanceOf(TypeError);
          expect((error as Error).message).to.match(/^options\.signal/);
        } else {
          expect((error as Error).message).to.match(/^(of the signal$|options\.signal)/);
        }
      }
      await consumer.subscribe(topic);
      await eventually(() => consumer.assignment.length === 1);
      expect(await inTime(consumer.position())).to.deep.equal([{ topic, partition: 0, offset: 0 }]);
      for await (const message of consumer) {
        expect(message.offset).to.equal(0);
        break;
      }
      if (signal instanceof Producer) await signal.close();
    });
  }

  it('is taken where all that is needed is there: without throwIfAborted and reason', async () => {
    await using consumer = consumerOf();
    await consumer.subscribe(topic);
    await eventually(() => consumer.assignment.length === 1);
    const signal = { aborted: false, addEventListener: nothing, removeEventListener: nothing };
    const settled = await inTime(consumer.seekToEnd(undefined, { signal: given(signal) }).catch((e: unknown) => e));
    // It may be refused; half taken it may not be.
    if (settled instanceof TypeError) expect(settled.message).to.match(/^options\.signal/);
    else expect(settled).to.deep.equal([{ topic, partition: 0, offset: 3 }]);
  });

  for (const [when, wait] of [
    ['before the call', 0],
    ['in the same turn', 1],
    ['while it waits for an assignment', 2],
  ] as const) {
    it(`aborted ${when}: its reason at once, and no seek later`, async () => {
      await using consumer = consumerOf();
      const controller = new AbortController();
      const reason = new Error('enough');
      if (wait === 0) controller.abort(reason);
      const sought = seeks(consumer, controller.signal).map((seek) => rejection(seek()));
      if (wait === 2) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      for (const error of await inTime(Promise.all(sought))) expect(error).to.equal(reason);
      await consumer.subscribe(topic);
      await eventually(() => consumer.assignment.length === 1);
      expect(await inTime(consumer.position())).to.deep.equal([{ topic, partition: 0, offset: 0 }]);
    });
  }
});
