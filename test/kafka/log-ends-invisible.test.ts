import { expect } from 'chai';
import { Consumer, type ConsumerConfig } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { at, committedOf, fill } from '../helpers/numbered.js';
import { Transactions } from '../helpers/transactions.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// S21: a log that ends in what is never delivered: the marker of a transaction, messages of an aborted one, or of one that is
// open. Position, lag and what is committed step over it, and over nothing else.

const READ = 3;

describeOnKafka('S21: a log that ends in what nobody may read', (cluster) => {
  let transactions: Transactions;
  before(() => {
    transactions = new Transactions(cluster());
  });
  after(() => transactions[Symbol.asyncDispose]());

  /** Three messages, then what the kind says; gives back how many messages there are to read. */
  const kinds = {
    'nothing more': () => Promise.resolve(READ),
    'a committed transaction': async (topic: string) => {
      await transactions.committed([{ topic, partition: 0, value: '0:3' }]);
      return READ + 1;
    },
    'an aborted transaction': async (topic: string) => {
      await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
      return READ;
    },
    'two aborted transactions': async (topic: string) => {
      await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
      await transactions.aborted([{ topic, partition: 0, value: 'y' }]);
      return READ;
    },
  } as const;

  const consumerOf = (topic: string, config: Partial<ConsumerConfig> = {}) => {
    const group = uniqueGroup();
    const consumer = new Consumer({
      'bootstrap.servers': cluster().bootstrapServers,
      'group.id': group,
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': 0,
      ...config,
    });
    return { topic, group, consumer };
  };
  type Reading = ReturnType<typeof consumerOf>;

  const isAtTheEnd = ({ consumer }: Reading) =>
    eventually(
      async () => {
        const [[lag], [position], [end]] = await Promise.all([
          consumer.lag(),
          consumer.position(),
          consumer.endOffsets(),
        ]);
        return lag!.lag === 0 && position!.offset === end!.offset;
      },
      { what: 'lag 0, and the position at the end' },
    );

  for (const [kind, write] of Object.entries(kinds)) {
    it(`lets a program that reads until lag() is 0 end: ${kind}`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: READ });
      const count = await write(topic);
      const reading = consumerOf(topic);
      await using consumer = reading.consumer;
      await consumer.subscribe(topic);
      let read = 0;
      for await (const _ of consumer) {
        if (++read === count) {
          await isAtTheEnd(reading); // in the body of the loop, which asks for nothing meanwhile
          break;
        }
        expect((await consumer.lag())[0]!.lag, 'while there is more to read').to.be.greaterThan(0);
      }
    });

    it(`leaves no lag to who looks at what is committed: ${kind}`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: READ });
      const count = await write(topic);
      const reading = consumerOf(topic);
      const { group, consumer } = reading;
      await consumer.subscribe(topic);
      const [end] = await consumer.endOffsets([{ topic, partition: 0 }]);
      let read = 0;
      const loop = (async () => {
        for await (const _ of consumer) read++; // waits for more in the end: all is processed
      })();
      await eventually(() => read === count);
      await isAtTheEnd(reading);
      await consumer.close();
      await loop;
      expect(await committedOf(cluster(), group, topic)).to.equal(end!.offset);
    });

    it(`commits nothing that was not processed: ${kind}`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: READ });
      const count = await write(topic);
      const reading = consumerOf(topic);
      const { group, consumer } = reading;
      await consumer.subscribe(topic);
      let last = -1;
      let read = 0;
      for await (const message of consumer) {
        last = message.offset;
        if (++read === count) break; // the last one is not processed
      }
      await isAtTheEnd(reading);
      await consumer.close();
      expect(await committedOf(cluster(), group, topic)).to.equal(last);
    });

    for (const what of ['message', 'batch'] as const) {
      it(`goes on behind it after commit(${what}) of the last one: ${kind}`, async () => {
        const topic = await cluster().createTopic();
        await fill(cluster(), topic, { count: READ });
        const count = await write(topic);
        const reading = consumerOf(topic, { 'enable.auto.commit': false });
        await using consumer = reading.consumer;
        await consumer.subscribe(topic);
        let read = 0;
        for await (const batch of consumer.batches()) {
          if ((read += batch.length) < count) continue;
          await isAtTheEnd(reading);
          await consumer.commit(what === 'batch' ? batch : [...batch].at(-1)!);
          break;
        }
        const [end] = await consumer.endOffsets();
        expect(await committedOf(cluster(), reading.group, topic)).to.equal(end!.offset);
      });
    }
  }

  it('and in nothing else: a topic of which nothing may be read at all is at its end', async () => {
    const topic = await cluster().createTopic();
    await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
    const reading = consumerOf(topic);
    await using consumer = reading.consumer;
    await consumer.subscribe(topic);
    const loop = (async () => {
      for await (const _ of consumer) throw new Error('there is no message');
    })();
    await eventually(() => consumer.assignment.length > 0);
    await isAtTheEnd(reading);
    await consumer.close();
    await loop;
    expect(await committedOf(cluster(), reading.group, topic)).to.equal(2);
  });

  it('delivers what a transaction wrote that was open when the end was reached', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: READ });
    const open = await transactions.open([{ topic, partition: 0, value: '0:3' }]);
    const reading = consumerOf(topic);
    await using consumer = reading.consumer;
    await consumer.subscribe(topic);
    let read = 0;
    const loop = (async () => {
      for await (const _ of consumer) if (++read === READ + 1) break;
    })();
    await eventually(() => read === READ);
    await isAtTheEnd(reading); // of what may be read
    await open.commit();
    await inTime(loop);
    await isAtTheEnd(reading);
  });

  it('steps over the markers for who reads uncommitted messages too', async () => {
    const topic = await cluster().createTopic();
    await transactions.aborted([{ topic, partition: 0, value: '0:0' }]);
    const reading = consumerOf(topic, { 'isolation.level': 'read_uncommitted' });
    await using consumer = reading.consumer;
    await consumer.subscribe(topic);
    for await (const _ of consumer) {
      await isAtTheEnd(reading);
      break;
    }
  });

  it('is at the end again after a seek, a pause and a resume', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: READ });
    await transactions.aborted([{ topic, partition: 0, value: 'x' }]);
    const reading = consumerOf(topic);
    const { consumer } = reading;
    await consumer.subscribe(topic);
    let read = 0;
    const loop = (async () => {
      for await (const _ of consumer) read++;
    })();
    await eventually(() => read === READ);
    await isAtTheEnd(reading);
    await consumer.seek(at(topic, READ)); // nothing is to be read from there on
    expect((await consumer.position())[0]!.offset).to.be.at.least(READ);
    await isAtTheEnd(reading);
    await consumer.seekToBeginning();
    consumer.pause();
    consumer.resume();
    await eventually(() => read === 2 * READ);
    await isAtTheEnd(reading);
    await consumer.close();
    await loop;
  });
});
