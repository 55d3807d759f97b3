import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// Calls that name partitions which a consumer does not hold are rejected. Each name was kept until the consumer's end.

describe('calls that name partitions of others', () => {
  it('leave nothing behind', async () => {
    await using program = new Program(
      `
      import { Consumer, MockCluster } from 'seekafka';
      const cluster = await MockCluster.start();
      cluster.createTopic('t', 1);
      const consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'g' });
      const assigned = new Promise((resolve) => consumer.once('assigned', resolve));
      await consumer.subscribe('t');
      const alive = setInterval(() => {}, 1000);
      await assigned;
      let n = 0, refused = 0;
      async function round() {
        const strangers = () => Array.from({ length: 2500 }, () => ({ topic: 'stranger-' + n++, partition: 0 }));
        const calls = [
          () => consumer.seek(strangers().map((p) => ({ ...p, offset: 1 }))),
          () => consumer.seekToEnd(strangers()),
          () => consumer.position(strangers()),
          () => consumer.commit(strangers().map((p) => ({ ...p, offset: 1 }))),
          async () => consumer.pause(strangers()),
          async () => consumer.resume(strangers()),
        ];
        for (const call of calls) await call().catch((error) => { if (error.code === 'ERR__STATE') refused++; });
      }
      const used = () => { gc(); return process.memoryUsage().heapUsed; };
      await round();
      const before = used();
      for (let i = 0; i < 8; i++) await round();
      console.log('refused', refused);
      console.log('MB', Math.round((used() - before) / 1e6));
      await consumer.close();
      await cluster.close();
      clearInterval(alive);`,
      {},
      { nodeOptions: ['--expose-gc'] },
    );
    const { code, stderr } = await program.ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(program.lines[0]).to.equal('refused 54');
    // 120,000 names: some 50 MB and more.
    expect(Number(program.lines[1]!.split(' ')[1])).to.be.lessThan(10);
  });
});
