// Bills orders: 16 at once, in order for each customer, three attempts, then a dead letter; probes; SIGTERM ends it and loses nothing.
// KAFKA_BROKERS=host:port node order-service.seekafka.mjs orders dead-letters 8080

import { createServer } from 'node:http';
import { Consumer, Producer, deadLetters } from 'seekafka';
import { bill } from './bill.mjs';

const [, , orders, dead, port] = process.argv;
const servers = { 'bootstrap.servers': process.env.KAFKA_BROKERS };
const producer = new Producer(servers);
const consumer = new Consumer({ ...servers, 'group.id': `billing-${orders}`, 'auto.offset.reset': 'earliest' });
for (const client of [producer, consumer]) client.on('error', ({ code }) => console.warn(code));
const probes = createServer(({ url }, response) => {
  const { state, joined, loop } = consumer.health();
  const live = state !== 'failed' && state !== 'closed' && loop.forMs < 300_000;
  response.writeHead((url === '/live' ? live : state === 'up' && joined) ? 200 : 503).end();
}).listen(port);
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
await consumer.subscribe(orders);
await consumer.process(({ value }) => bill(value), {
  concurrency: 16,
  orderBy: 'key',
  retry: { attempts: 3, backoffMs: (attempt) => 10 * 2 ** attempt },
  onFailure: deadLetters(producer, dead),
  signal: stop.signal,
});
await consumer.close();
await producer.close();
probes.close();
