import { expect } from 'chai';
import { type KafkaError, Producer, type Transaction } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { committedValues } from '../helpers/committed.js';
import { consumerOn } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A pipeline decides by one error whether it ends or tries again: a fenced producer that says something else in one of its moments,
// even once, is tried again for ever, or is taken for a fault of the broker.

type Step = (tx: Transaction) => Promise<unknown>;

interface Moment {
  readonly before?: true;
  readonly work: (act: { fence: () => Promise<unknown>; send: Step; sendOffsets: Step }) => Step;
}

const moments: Record<string, Moment> = {
  'before it begins': { before: true, work: (act) => act.send },
  'before its first send': {
    work: (act) => async (tx) => {
      await act.fence();
      await act.send(tx);
    },
  },
  'between two sends, awaited': {
    work: (act) => async (tx) => {
      await act.send(tx);
      await act.fence();
      await act.send(tx);
    },
  },
  'between two sends, not awaited': {
    work: (act) => async (tx) => {
      await act.send(tx);
      await act.fence();
      void act.send(tx);
    },
  },
  'between two sends, the second one caught': {
    work: (act) => async (tx) => {
      await act.send(tx);
      await act.fence();
      await act.send(tx).catch(() => undefined);
    },
  },
  'after its last send': {
    work: (act) => async (tx) => {
      await act.send(tx);
      await act.fence();
    },
  },
  'before sendOffsets': {
    work: (act) => async (tx) => {
      await act.fence();
      await act.sendOffsets(tx);
    },
  },
  'between a send and sendOffsets': {
    work: (act) => async (tx) => {
      await act.send(tx);
      await act.fence();
      await act.sendOffsets(tx);
    },
  },
  'after sendOffsets': {
    work: (act) => async (tx) => {
      await act.sendOffsets(tx);
      await act.fence();
    },
  },
};

/** How the other one takes it, and what readers see of that. */
const ways: Record<string, (successor: Producer, topic: string) => Promise<string[]>> = {
  'by a transaction': async (successor, topic) => {
    await successor.transaction((tx) => tx.send({ topic, partition: 0, value: 'new' }));
    return ['new'];
  },
  'by initTransactions()': async (successor) => {
    await successor.initTransactions();
    return [];
  },
};

describeOnKafka('a producer whose transactional.id another one has taken', (cluster) => {
  for (const [way, take] of Object.entries(ways)) {
    for (const [moment, { before = false, work }] of Object.entries(moments)) {
      it(`is told so by its first error, for good: ${way}, ${moment}`, async () => {
        const topic = await cluster().createTopic();
        const config = { 'bootstrap.servers': cluster().bootstrapServers, 'transactional.id': uniqueGroup('fenced') };
        await using zombie = new Producer(config);
        await using successor = new Producer(config);
        zombie.on('error', () => undefined);
        await using consumer = consumerOn(cluster(), { 'enable.auto.commit': false });
        const place = { topic, partition: 0 };
        await inTime(zombie.transaction((tx) => tx.send({ ...place, value: 'old' })));

        const seen = ['old'];
        const acts = {
          fence: async () => seen.push(...(await inTime(take(successor, topic)))),
          send: (tx: Transaction) => tx.send({ ...place, value: 'zombie' }),
          sendOffsets: (tx: Transaction) => tx.sendOffsets(consumer, [{ ...place, offset: 1 }]),
        };
        if (before) await acts.fence();
        const first = (await inTime(rejection(zombie.transaction(work(acts))))) as KafkaError;
        expect(first, first.stack).to.include({ operation: 'transaction', code: 'ERR__FENCED', fatal: true });
        const next = (await inTime(rejection(zombie.transaction(() => Promise.resolve())))) as KafkaError;
        expect(next, next.stack).to.include({ operation: 'transaction', code: 'ERR__FENCED', fatal: true });
        expect((await consumer.committed([place]))[0]!.offset).to.equal(-1);
        await inTime(successor.transaction((tx) => tx.send({ ...place, value: 'later' })));
        expect(await committedValues(cluster(), topic)).to.deep.equal([...seen, 'later']);
      });
    }
  }
});
