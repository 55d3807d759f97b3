import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A pipeline that is killed between sendOffsets() and the commit leaves its transaction open. What its group has committed is not
// known until that is decided: by its coordinator after transaction.timeout.ms (60 s), unless the next process says at once that the
// transactional.id is its own.

const SOON_MS = 30_000;

describeOnKafka('a pipeline that was killed in the middle of a transaction', (cluster) => {
  it('goes on where it was, long before transaction.timeout.ms, after initTransactions()', async () => {
    const from = await cluster().createTopic();
    const to = await cluster().createTopic();
    await fill(cluster(), from, { count: 5 });
    const ids = { TRANSACTIONAL: uniqueGroup('transactions'), GROUP: uniqueGroup() };
    await using killed = new Program(
      `import { Consumer, Producer } from 'seekafka';
       const { SERVERS, TRANSACTIONAL, GROUP, FROM, TO } = process.env;
       const servers = { 'bootstrap.servers': SERVERS };
       const producer = new Producer({ ...servers, 'transactional.id': TRANSACTIONAL });
       const consumer = new Consumer({ ...servers, 'group.id': GROUP, 'enable.auto.commit': false });
       await producer.initTransactions();
       const places = (offset) => [{ topic: FROM, partition: 0, offset }];
       await producer.transaction((tx) => tx.sendOffsets(consumer, places(2)));
       await producer.transaction(async (tx) => {
         await tx.send({ topic: TO, value: 'never seen' });
         await tx.sendOffsets(consumer, places(4));
         console.log('open');
         await new Promise(() => setInterval(() => {}, 1000));
       });`,
      { ...ids, SERVERS: cluster().bootstrapServers, FROM: from, TO: to },
    );
    await killed.line('open');
    killed.kill('SIGKILL');
    await killed.ended;

    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    await using producer = new Producer({ ...servers, 'transactional.id': ids.TRANSACTIONAL });
    await using consumer = new Consumer({ ...servers, 'group.id': ids.GROUP, 'enable.auto.commit': false });
    const goesOn = async () => {
      await producer.initTransactions();
      await consumer.assign([{ topic: from, partition: 0 }]);
      for await (const message of consumer) return message.offset;
      throw new Error('the loop has ended');
    };
    expect(await inTime(goesOn(), 'the next message', SOON_MS)).to.equal(2);
    const ends = await inTime(consumer.endOffsets([{ topic: to, partition: 0 }], { isolationLevel: 'read_committed' }));
    expect(ends[0]!.offset, 'it is decided: nobody who reads stands before it').to.be.above(0);
  });
});
