import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// To know who calls it, a consumer follows what its rebalance listener awaits. In Node.js 20 and 22 every promise of the
// process pays for each AsyncLocalStorage that is enabled: of thousands of consumers that had a listener none may stay.

describe('a rebalance listener that has run', () => {
  it('leaves nothing that every promise of the process pays for', async () => {
    await using program = new Program(`
      import { executionAsyncResource } from 'node:async_hooks';
      import { Consumer, MockCluster } from 'seekafka';
      const cluster = await MockCluster.start();
      cluster.createTopic('t', 1);
      // Where no promise is followed, what runs behind one is told to belong to something else.
      const paid = () => Promise.resolve().then(() => {
        const resource = executionAsyncResource();
        if (!(resource instanceof Promise)) return 0;
        return Object.getOwnPropertySymbols(resource).filter(({ description }) => description === 'kResourceStore').length;
      });
      const during = [];
      for (let i = 0; i < 5; i++) {
        const consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'g' + i });
        const assigned = new Promise((resolve) => {
          void consumer.subscribe('t', { onAssigned: async () => (during.push(await paid()), resolve()), onRevoked() {} });
        });
        const alive = setInterval(() => {}, 1000);
        await assigned;
        clearInterval(alive);
        await consumer.close();
      }
      console.log('at most one while it runs', during.every((count) => count <= 1));
      console.log('none afterwards', await paid());
      process.exit(0);`);
    const { code, stderr } = await program.ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(program.lines).to.deep.equal(['at most one while it runs true', 'none afterwards 0']);
  });
});
