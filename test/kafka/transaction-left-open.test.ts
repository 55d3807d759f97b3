import { expect } from 'chai';
import { Consumer, type ConsumerConfig, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A pipeline that is killed between sendOffsets() and the commit leaves its transaction open. What its group has committed is not
// known until that is decided: by its coordinator after transaction.timeout.ms (60 s), unless the next process says at once that the
// transactional.id is its own.

interface Way {
  /** Of both processes' consumers. */
  readonly config: Partial<ConsumerConfig>;
  readonly subscribes: boolean;
  /** From the start of the next process on. */
  readonly withinMs: number;
}

const SESSION_MS = 6000;

const ways: Record<string, Way> = {
  'partitions by hand': { config: {}, subscribes: false, withinMs: 10_000 },
  // Its group waits for the one that was killed until its session is over, whatever becomes of the transaction.
  'a subscription': { config: { 'session.timeout.ms': SESSION_MS }, subscribes: true, withinMs: 15_000 },
};

describeOnKafka('a pipeline that was killed in the middle of a transaction', (cluster) => {
  for (const [way, { config, subscribes, withinMs }] of Object.entries(ways)) {
    it(`goes on where it was, long before transaction.timeout.ms, after initTransactions(): ${way}`, async () => {
      const from = await cluster().createTopic();
      const to = await cluster().createTopic();
      await fill(cluster(), from, { count: 5 });
      const servers = { 'bootstrap.servers': cluster().bootstrapServers };
      const id = { 'transactional.id': uniqueGroup('transactions') };
      const group: Partial<ConsumerConfig> = {
        'group.id': uniqueGroup(),
        'enable.auto.commit': false,
        'auto.offset.reset': 'earliest',
        ...config,
      };
      await using killed = new Program(
        `import { Consumer, Producer } from 'seekafka';
         const { PRODUCER, CONSUMER, SUBSCRIBES, FROM, TO } = process.env;
         const producer = new Producer(JSON.parse(PRODUCER));
         const consumer = new Consumer(JSON.parse(CONSUMER));
         await producer.initTransactions();
         if (SUBSCRIBES === 'true') await consumer.subscribe(FROM);
         else await consumer.assign([{ topic: FROM, partition: 0, offset: 0 }]);
         for await (const message of consumer) {
           if (message.offset === 1) await producer.transaction((tx) => tx.sendOffsets(consumer, message));
           if (message.offset < 3) continue;
           await producer.transaction(async (tx) => {
             await tx.send({ topic: TO, value: 'never seen' });
             await tx.sendOffsets(consumer, message);
             console.log('open');
             await new Promise(() => setInterval(() => {}, 1000));
           });
         }`,
        {
          PRODUCER: JSON.stringify({ ...servers, ...id }),
          CONSUMER: JSON.stringify({ ...servers, ...group }),
          SUBSCRIBES: String(subscribes),
          FROM: from,
          TO: to,
        },
      );
      await killed.line('open');
      killed.kill('SIGKILL');
      await killed.ended;

      await using producer = new Producer({ ...servers, ...id });
      await using consumer = new Consumer({ ...servers, ...group });
      const goesOn = async () => {
        await producer.initTransactions();
        if (subscribes) await consumer.subscribe(from);
        else await consumer.assign([{ topic: from, partition: 0 }]);
        for await (const message of consumer) return message.offset;
        throw new Error('the loop has ended');
      };
      expect(await inTime(goesOn(), 'the next message', withinMs)).to.equal(2);
      const ends = await inTime(
        consumer.endOffsets([{ topic: to, partition: 0 }], { isolationLevel: 'read_committed' }),
      );
      expect(ends[0]!.offset, 'it is decided: nobody who reads stands before it').to.be.above(0);
    });
  }
});
