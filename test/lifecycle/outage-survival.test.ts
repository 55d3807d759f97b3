import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// In processes of their own: what went wrong here was an abort in native code.

const prelude = `
  import { Consumer, MockCluster } from 'seekafka';
  import { setTimeout as sleep } from 'node:timers/promises';
  const mock = await MockCluster.start();
  mock.createTopic('topic');
  const config = {
    'bootstrap.servers': mock.bootstrapServers, 'group.id': 'group', 'auto.offset.reset': 'earliest',
    'reconnect.backoff.max.ms': 200, 'enable.auto.commit': false,
  };
  const partitions = [{ topic: 'topic', partition: 0 }];
`;

describe('an outage that outlasts a time limit', () => {
  for (const [what, call] of [
    ['seekToCommitted', 'consumer.seekToCommitted(undefined, { timeoutMs: 300 })'],
    ['committed', 'consumer.committed(partitions, { timeoutMs: 300 })'],
    ['seekToEnd', 'consumer.seekToEnd(undefined, { timeoutMs: 300 })'],
  ]) {
    it(`does not end the process when the broker is back: ${what}`, async () => {
      await using program = new Program(`${prelude}
        for (let i = 0; i < 3; i++) {
          const consumer = new Consumer({ ...config, 'group.id': 'group' + i });
          await consumer.assign([{ ...partitions[0], offset: 0 }]);
          if (i) await consumer.committed();
          mock.brokerDown(1);
          const error = await ${call}.catch((error) => error);
          console.log(error.code);
          mock.brokerUp(1);
          await sleep(700); // what came late came with the connection
          console.log(JSON.stringify(await consumer.committed()));
          await consumer.close();
        }
        await mock.close();
        console.log('survived');
      `);
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
      const answer = '[{"topic":"topic","partition":0,"offset":-1}]';
      expect(stdout.trim().split('\n')).to.deep.equal([
        ...Array.from({ length: 3 }, () => ['ERR__TIMED_OUT', answer]).flat(),
        'survived',
      ]);
    });
  }

  it('does not end the process while a consumer starts, and the consumer starts then', async function () {
    await using program = new Program(
      `${prelude}
        const consumer = new Consumer({ ...config, 'group.id': 'starts' });
        await consumer.committed(partitions); // so that it has been connected
        mock.brokerDown(1);
        const assigned = consumer.assign(partitions);
        await sleep(6500); // longer than the start of a partition may hold up the others
        mock.brokerUp(1);
        await assigned;
        await sleep(700);
        console.log(JSON.stringify(await consumer.position()));
        await consumer.close();
        await mock.close();
        console.log('survived');
      `,
      {},
      { limitMs: 35_000 },
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(stdout.trim().split('\n')).to.deep.equal(['[{"topic":"topic","partition":0,"offset":0}]', 'survived']);
  });
});
