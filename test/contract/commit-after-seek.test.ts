import { expect } from 'chai';
import type { Consumer, ConsumerConfig } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { at, committedOf, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { catchingIntervals } from '../helpers/intervals.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// S11: a seek commits nothing; what was processed before it is not committed any more, what is processed after it is,
// by each of the triggers, also where that is lower than what was committed before.

interface Trigger {
  readonly name: string;
  readonly config: Partial<ConsumerConfig>;
  /** Makes the consumer commit, and resolves when it has. */
  readonly pull: (consumer: Consumer, topic: string) => Promise<void>;
}

/** The timer of the consumer made last, to be run by hand: by the clock, it could come in the middle of a test. */
let tick: () => void;

const AUTO_COMMIT_MS = 5000;

/** Makes a consumer, and takes its timer of commits: the interval of that length that is set up while it is made. */
function withoutClock(create: () => Consumer): Consumer {
  tick = () => {
    throw new Error('this consumer has no timer');
  };
  return catchingIntervals((callback, milliseconds) => {
    if (milliseconds === AUTO_COMMIT_MS) tick = callback;
  }, create);
}

const triggers: readonly Trigger[] = [
  {
    name: 'the timer',
    config: {},
    pull: async (consumer, topic) => {
      tick();
      await consumer.commit([at(topic, 0, 1)]); // stands behind the timer's, and is answered after it
    },
  },
  { name: 'a revocation', config: { 'auto.commit.interval.ms': 0 }, pull: (consumer) => consumer.unsubscribe() },
  { name: 'close()', config: { 'auto.commit.interval.ms': 0 }, pull: (consumer) => consumer.close() },
  { name: 'commit()', config: { 'enable.auto.commit': false }, pull: (consumer) => consumer.commit() },
];

describeOnBoth('S11: commits after a seek', (cluster) => {
  for (const { name, config, pull } of triggers) {
    const prepare = async () => {
      const topic = await cluster().createTopic(2);
      await fill(cluster(), topic, { count: 20 }); // of the first partition alone
      const group = uniqueGroup();
      const consumer = withoutClock(() => consumerOn(cluster(), { 'group.id': group, ...config }));
      await consumer.subscribe(topic);
      expect(await takeSequences(consumer, 1)).to.deep.equal([0]);
      return { topic, group, consumer };
    };

    it(`${name} does not commit a position that a seek moved away from`, async () => {
      const { topic, group, consumer } = await prepare();
      await using _ = consumer;
      expect(await takeSequences(consumer, 9)).to.deep.equal(range(1, 10));
      await consumer.seek(at(topic, 3));
      await pull(consumer, topic);
      expect(await committedOf(cluster(), group, topic)).to.equal(-1);
    });

    it(`${name} commits what was processed after the seek, although it is lower than before`, async () => {
      const { topic, group, consumer } = await prepare();
      await using _ = consumer;
      expect(await takeSequences(consumer, 10)).to.deep.equal(range(1, 11));
      await consumer.commit();
      expect(await committedOf(cluster(), group, topic)).to.equal(10);
      await consumer.seek(at(topic, 2));
      // The last one is in the hands of the application, and does not count.
      expect(await takeSequences(consumer, 4)).to.deep.equal(range(2, 6));
      await pull(consumer, topic);
      expect(await committedOf(cluster(), group, topic)).to.equal(5);
    });

    it(`${name} leaves what was committed before as it is, when nothing was processed since the seek`, async () => {
      const { topic, group, consumer } = await prepare();
      await using _ = consumer;
      expect(await takeSequences(consumer, 10)).to.deep.equal(range(1, 11));
      await consumer.commit();
      await consumer.seek(at(topic, 2));
      expect(await takeSequences(consumer, 1)).to.deep.equal([2]);
      await pull(consumer, topic);
      expect(await committedOf(cluster(), group, topic)).to.equal(10);
    });
  }

  it('the timer comes by itself, every auto.commit.interval.ms', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    const group = uniqueGroup();
    await using consumer = consumerOn(cluster(), { 'group.id': group, 'auto.commit.interval.ms': 50 });
    await consumer.subscribe(topic);
    for (const processed of [5, 11]) {
      await takeSequences(consumer, 6);
      await eventually(async () => (await committedOf(cluster(), group, topic)) === processed);
    }
  });

  const prepare = async (partitions = 1) => {
    const topic = await cluster().createTopic(partitions);
    await fill(cluster(), topic, { partitions, count: 20 });
    const group = uniqueGroup();
    const consumer = consumerOn(cluster(), { 'group.id': group, 'enable.auto.commit': false });
    await consumer.assign(range(0, partitions).map((partition) => ({ topic, partition })));
    return { topic, group, consumer };
  };

  it('the message that is in hand when its loop seeks is not counted as processed by the next step', async () => {
    const { topic, group, consumer } = await prepare();
    await using _ = consumer;
    const seen: number[] = [];
    const committed: number[] = [];
    for await (const message of consumer) {
      seen.push(message.offset);
      if (seen.length === 5) await consumer.seek(at(topic, 1));
      if (seen.length > 5) {
        await consumer.commit();
        committed.push(await committedOf(cluster(), group, topic));
      }
      if (seen.length === 8) break;
    }
    expect(seen).to.deep.equal([0, 1, 2, 3, 4, 1, 2, 3]);
    expect(committed).to.deep.equal([-1, 2, 3]);
  });

  it('the batch that is in hand when its loop seeks is not counted as processed by the next step', async () => {
    const { topic, group, consumer } = await prepare();
    await using _ = consumer;
    const seen: number[][] = [];
    const committed: number[] = [];
    for await (const batch of consumer.batches({ maxMessages: 4 })) {
      seen.push([...batch].map(({ offset }) => offset));
      if (seen.length === 2) await consumer.seek(at(topic, 1));
      if (seen.length > 2) {
        await consumer.commit();
        committed.push(await committedOf(cluster(), group, topic));
      }
      if (seen.length === 4) break;
    }
    expect(seen).to.deep.equal([range(0, 4), range(4, 8), range(1, 5), range(5, 9)]);
    expect(committed).to.deep.equal([-1, 5]);
  });

  it('a seek of one partition takes nothing from another', async () => {
    const { topic, group, consumer } = await prepare(2);
    await using _ = consumer;
    const count = [0, 0];
    for await (const message of consumer) {
      count[message.partition]!++;
      if (count[0]! + count[1]! === 40) break;
    }
    // Ask for more, so that all forty count; there is no more.
    const stop = AbortSignal.timeout(1);
    await consumer.batches({ signal: stop }).next();
    await consumer.seek(at(topic, 7, 1));
    await consumer.commit();
    expect(await committedOf(cluster(), group, topic, 0)).to.equal(20);
    expect(await committedOf(cluster(), group, topic, 1)).to.equal(-1);
  });

  it('a seek that was withdrawn takes nothing: what was processed is still committed', async () => {
    const { topic, group, consumer } = await prepare();
    await using _ = consumer;
    expect(await takeSequences(consumer, 6)).to.deep.equal(range(0, 6));
    const controller = new AbortController();
    const waiting = rejection(consumer.seekToEnd(undefined, { signal: controller.signal }));
    controller.abort();
    await waiting;
    await consumer.commit();
    expect(await committedOf(cluster(), group, topic)).to.equal(5);
    expect(await takeSequences(consumer, 1)).to.deep.equal([6]);
    await consumer.commit();
    expect(await committedOf(cluster(), group, topic)).to.equal(6);
  });

  it('a message from before the seek is committed all the same when it is named', async () => {
    const { topic, group, consumer } = await prepare();
    await using _ = consumer;
    for await (const message of consumer) {
      if (message.offset < 5) continue;
      await consumer.seekToBeginning();
      await consumer.commit(message);
      break;
    }
    expect(await committedOf(cluster(), group, topic)).to.equal(6);
    expect(await takeSequences(consumer, 2)).to.deep.equal([0, 1]);
    expect(await consumer.committed()).to.deep.equal([at(topic, 6)]);
  });

  it('a forward seek does not commit what it passes over', async () => {
    const { topic, group, consumer } = await prepare();
    await using _ = consumer;
    expect(await takeSequences(consumer, 3)).to.deep.equal(range(0, 3));
    await consumer.seekToEnd();
    await consumer.commit();
    expect(await committedOf(cluster(), group, topic)).to.equal(-1);
  });
});
