// A service that lives on a topic of orders: several at once, in order for each customer, retried, put aside where nothing
// helps, with probes, and an end that loses nothing.
//
//   node --import tsx examples/order-service.ts                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/order-service.ts    on that Kafka; its topics are deleted at the end

import { createServer } from 'node:http';
import { Consumer, type Message, Producer, deadLetters } from 'seekafka';
import { withTopics } from './with-topics.js';

const ORDERS = 200;

await withTopics({ orders: { partitions: 4 }, refused: { partitions: 1 } }, async (servers, { orders, refused }) => {
  await using producer = new Producer({ 'bootstrap.servers': servers });
  await using consumer = new Consumer({
    'bootstrap.servers': servers,
    'group.id': `billing-${orders}`,
    'auto.offset.reset': 'earliest',
  });
  consumer.on('stalled', ({ partitions }) => console.warn('nothing comes of', partitions));
  for (const client of [producer, consumer]) client.on('error', ({ code }) => console.warn('passing:', code));

  // The service: what it does with an order, and until when.
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const billed = new Map<string, number>();
  let retried = 0;

  async function bill(message: Message, { attempt }: { attempt: number }): Promise<void> {
    const { customer, total } = JSON.parse(String(message.value)) as { customer: string; total: number };
    if (total < 0) throw new RangeError('a negative total');
    if (attempt === 1 && total % 50 === 0) {
      retried++;
      throw new Error('the bank is busy');
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
    billed.set(customer, (billed.get(customer) ?? 0) + 1);
  }

  await using probes = createServer(({ url }, response) => {
    const { state, joined, loop } = consumer.health();
    const live = state !== 'failed' && state !== 'closed' && loop.forMs < 300_000;
    const ready = state === 'up' && joined;
    response.writeHead((url === '/live' ? live : ready) ? 200 : 503).end();
  });
  await new Promise<void>((resolve) => probes.listen(0, '127.0.0.1', resolve));
  const { port } = probes.address() as { port: number };

  await consumer.subscribe(orders);
  const serving = consumer.process(bill, {
    concurrency: 16,
    orderBy: 'key',
    retry: { attempts: 3, backoffMs: (attempt) => 10 * 2 ** attempt },
    onFailure: deadLetters(producer, refused),
    signal: stop.signal,
  });

  // The world around it: orders come in, and at the end somebody asks the service to stop.
  await producer.send(
    Array.from({ length: ORDERS }, (_, i) => {
      const customer = `customer-${i % 20}`;
      return { topic: orders, key: customer, value: JSON.stringify({ customer, total: i === 77 ? -1 : i }) };
    }),
  );
  const sum = () => [...billed.values()].reduce((a, b) => a + b, 0);
  while (sum() < ORDERS - 1 || (await letters(consumer, refused)) < 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const [live, ready] = await Promise.all(['live', 'ready'].map((path) => fetch(`http://127.0.0.1:${port}/${path}`)));
  console.log(`live: ${live!.status}, ready: ${ready!.status}`);
  stop.abort(); // as SIGTERM does
  await serving;
  const committed = (await consumer.committed()).reduce((all, { offset }) => all + Math.max(0, offset), 0);
  console.log(
    `${sum()} orders of ${billed.size} customers billed, ${retried} tried again, 1 refused, ${committed} committed`,
  );
});

/** How many messages stand in the topic of those that were refused. */
async function letters(consumer: Consumer, topic: string): Promise<number> {
  const [end] = await consumer.endOffsets([{ topic, partition: 0 }]);
  return end!.offset;
}
