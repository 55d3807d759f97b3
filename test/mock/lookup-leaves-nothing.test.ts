import { expect } from 'chai';
import { mockCluster } from '../helpers/clusters.js';
import { Program } from '../helpers/program.js';

// A service that asks for its lag every second asks millions of times in its life. Each look-up left some hundred bytes
// with the signal of its consumer's end, and a timer of a minute: a soak showed memory that grew.

const LOOKUPS = 20_000;
/** What 20,000 left was 1 MiB. */
const MOST_BYTES = 600_000;

describe('a look-up', () => {
  it(`leaves nothing behind: the heap is as large after ${LOOKUPS} of them`, async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic(1);
      await using program = new Program(
        `
        import v8 from 'node:v8';
        import vm from 'node:vm';
        import { Consumer } from 'seekafka';
        v8.setFlagsFromString('--expose-gc');
        const gc = vm.runInNewContext('gc');
        const consumer = new Consumer({ 'bootstrap.servers': process.env.BROKERS, 'group.id': 'g' });
        const rows = [{ topic: process.env.TOPIC, partition: 0 }];
        await consumer.assign([{ ...rows[0], offset: 0 }]);
        const ask = async (count) => {
          for (let i = 0; i < count; i += 8) {
            const signal = new AbortController().signal;
            await Promise.all([
              ...Array.from({ length: 4 }, () => consumer.committed(rows)),
              ...Array.from({ length: 3 }, () => consumer.endOffsets(rows)),
              consumer.seekToEnd(rows, { signal }),
            ]);
          }
          gc();
          return process.memoryUsage().heapUsed;
        };
        await ask(2000); // what is made once
        const before = await ask(2000);
        console.log('grown ' + (await ask(${LOOKUPS}) - before));
        await consumer.close();`,
        { BROKERS: cluster.bootstrapServers, TOPIC: topic },
        { limitMs: 60_000 },
      );
      const grown = Number((await program.line('grown')).split(' ')[1]);
      expect(grown).to.be.lessThan(MOST_BYTES);
    } finally {
      await cluster.close();
    }
  });
});
