import { expect } from 'chai';
import type { MockCluster } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { Program } from '../helpers/program.js';

// Look-ups of partitions that nobody leads, many at once: each asks for metadata, whose arrival wakes the others while
// they are being handed over. librdkafka handled and freed such a question on two threads at once, and the process ended
// by SIGABRT or SIGSEGV (cmake/deps/patches/leader-query-race.patch). In a process of its own, for that reason.

describe('many look-ups while metadata arrives', () => {
  let cluster: { readonly bootstrapServers: string; readonly mock: MockCluster; close(): Promise<void> };
  before(async () => (cluster = await mockCluster({ brokers: 3 })));
  after(() => cluster.close());

  it('do not end the process, and all of them end', async () => {
    const { mock } = cluster;
    mock.createTopic('led', 3, 3);
    for (let partition = 0; partition < 3; partition++) mock.setLeader('led', partition, partition + 1);
    mock.brokerDown(2);
    await using program = new Program(
      `
      import { Consumer } from 'seekafka';
      const consumer = new Consumer({ 'bootstrap.servers': process.env.BROKERS, 'socket.timeout.ms': 300 });
      const until = performance.now() + 4000;
      let asked = 0;
      await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        while (performance.now() < until) {
          const topic = i % 3 ? 'led' : 'missing-' + (asked % 50);
          const query = [0, 1, 2].map((partition) => ({ topic, partition }));
          await consumer.endOffsets(query).catch((error) => { if (!error.code) throw error; });
          asked++;
        }
      }));
      await consumer.close();
      console.log('asked ' + asked);`,
      { BROKERS: cluster.bootstrapServers },
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(stdout).to.match(/^asked \d{3,}\n$/);
  });
});
