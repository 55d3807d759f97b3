import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Consumer, MockCluster } from 'seekafka';

let cluster: MockCluster;
before(async () => {
  cluster = await MockCluster.start();
  cluster.createTopic('orders', 3);
  cluster.createTopic('orders-refused', 1);
});
after(() => cluster.close());

test('takes orders, puts aside what it cannot bill, and ends by SIGTERM with everything committed', async () => {
  const env = { ...process.env, KAFKA_BROKERS: cluster.bootstrapServers, PORT: '0', HOST: '127.0.0.1' };
  const service = spawn(process.execPath, ['--import', 'tsx', 'service.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(service, 'close');
  try {
    const log: string[] = [];
    const waiting = new Set<() => void>();
    createInterface(service.stdout).on('line', (line) => {
      log.push(line);
      for (const look of waiting) look();
    });
    const logged = (words: string) =>
      new Promise<string>((resolve, reject) => {
        const look = () => {
          const line = log.find((one) => one.includes(words));
          if (line === undefined) return;
          waiting.delete(look);
          resolve(line);
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`the service ended without '${words}':\n${log.join('\n')}`)));
      });

    const [url] = /http:[^"]*\d/.exec(await logged('listening at'))!;
    const order = (total: number) =>
      fetch(`${url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ customer: 'ann', total }),
      });
    assert.equal((await order(-1)).status, 201);
    assert.equal((await order(12)).status, 201);
    await logged('"total":12,"msg":"billed"'); // behind the refused one, as both are ann's
    assert.deepEqual(
      await Promise.all(['live', 'ready'].map(async (path) => (await fetch(`${url}/${path}`)).status)),
      [200, 200],
    );
    assert.match(await (await fetch(`${url}/metrics`)).text(), /seekafka_rebalances_total/);

    service.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null]);
    await using reader = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'billing' });
    const committed = await reader.committed([0, 1, 2].map((partition) => ({ topic: 'orders', partition })));
    assert.equal(
      committed.reduce((sum, { offset }) => sum + Math.max(0, offset), 0),
      2,
    );
    const [refused] = await reader.endOffsets([{ topic: 'orders-refused', partition: 0 }]);
    assert.equal(refused!.offset, 1);
  } finally {
    service.kill('SIGKILL');
    await ended;
  }
});
