import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { example } from '../helpers/example.js';

const KILLS = 3;
/** Orders that each process finds. */
const EACH = 500;

/** An example that goes on until it is asked to stop, and then ends in order. */
async function stopped(program: ReturnType<typeof example>): Promise<void> {
  program.kill('SIGTERM');
  const { code, signal, stdout, stderr } = await program.ended;
  expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
  expect(stdout).to.match(/bye\n$/);
}

describe('examples/pipeline.ts', () => {
  it('does on the mock cluster what it says, and ends by SIGTERM', async () => {
    const cluster = await mockCluster();
    try {
      const [orders, invoices] = [await cluster.createTopic(2), await cluster.createTopic()];
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await producer.send({ topic: orders, value: 'one' });
      await using program = example('pipeline', [orders, invoices], { KAFKA_BROKERS: cluster.bootstrapServers });
      await program.line('committed 1 invoices');
      await stopped(program);
    } finally {
      await cluster.close();
    }
  });
});

describeOnKafka('examples/pipeline.ts', (cluster) => {
  it('makes one invoice of each order, in order, though it is killed again and again', async () => {
    const { bootstrapServers } = cluster();
    const [orders, invoices] = [await cluster().createTopic(2), await cluster().createTopic()];
    const config = { 'bootstrap.servers': bootstrapServers };
    await using producer = new Producer(config);
    let count = 0;
    const order = () => {
      const numbers = Array.from({ length: EACH }, () => count++);
      return producer.send(numbers.map((n) => ({ topic: orders, partition: n % 2, value: `${n}` })));
    };

    const env = { KAFKA_BROKERS: bootstrapServers };
    for (let kill = 0; kill < KILLS; kill++) {
      await order();
      await using killed = example('pipeline', [orders, invoices], env);
      await killed.line('committed '); // the next transaction is under way, or about to be
    }
    await order();
    await using program = example('pipeline', [orders, invoices], env);
    const seen: string[] = [];
    await using reader = new Consumer(config);
    await reader.assign([{ topic: invoices, partition: 0, offset: 0 }]);
    for await (const { value } of reader) if (seen.push(String(value)) === count) break;
    await stopped(program);
    for await (const { value } of reader.messages({ until: 'end' })) seen.push(String(value)); // none is there twice

    const numbers = Array.from({ length: count }, (_, n) => n);
    for (const partition of [0, 1]) {
      const own = seen.map((value) => Number(value.slice('invoice of '.length))).filter((n) => n % 2 === partition);
      expect(own).to.deep.equal(numbers.filter((n) => n % 2 === partition));
    }
  });
});
