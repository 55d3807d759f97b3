// An order service: it takes orders by HTTP, works on them in order of each customer, and ends in order by SIGTERM.
//
//   KAFKA_BROKERS=host:port PORT=3000 npm start
//
//   POST /orders    GET /live    GET /ready    GET /metrics

import Fastify from 'fastify';
import { pino } from 'pino';
import { Registry, collectDefaultMetrics } from 'prom-client';
import { Consumer, Producer, deadLetters } from 'seekafka';
import { collect } from 'seekafka/prometheus';

interface Order {
  customer: string;
  total: number;
}

const logger = pino();
const config = { 'bootstrap.servers': process.env.KAFKA_BROKERS ?? 'localhost:9092', 'statistics.interval.ms': 5_000 };
const producer = new Producer(config, { logger });
const consumer = new Consumer({ ...config, 'group.id': 'billing', 'auto.offset.reset': 'earliest' }, { logger });

const registry = new Registry();
collectDefaultMetrics({ register: registry });
collect(registry, [producer, consumer]);

const app = Fastify({ loggerInstance: logger });
app.post<{ Body: Order }>('/orders', async ({ body }, reply) => {
  const { partition, offset } = await producer.send({
    topic: 'orders',
    key: body.customer,
    value: JSON.stringify(body),
  });
  return reply.code(201).send({ partition, offset });
});
app.get('/live', (_, reply) => {
  const { state, loop } = consumer.health();
  return reply.code(state === 'failed' || state === 'closed' || loop.forMs > 300_000 ? 503 : 200).send({ state });
});
app.get('/ready', (_, reply) => {
  const { state, joined } = consumer.health();
  return reply.code(state === 'up' && joined ? 200 : 503).send({ state, joined });
});
app.get('/metrics', async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()));

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

await consumer.subscribe('orders');
await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? '0.0.0.0' });
try {
  await consumer.process(
    async ({ value }) => {
      const { customer, total } = JSON.parse(String(value)) as Order;
      if (total < 0) throw new RangeError('a negative total');
      logger.info({ customer, total }, 'billed');
    },
    {
      concurrency: 16,
      orderBy: 'key',
      retry: { attempts: 3, backoffMs: (attempt) => 50 * 2 ** attempt },
      onFailure: deadLetters(producer, 'orders-refused'),
      signal: stop.signal,
    },
  );
} finally {
  await app.close(); // no new orders
  await consumer.close(); // commits what is done
  await producer.close(); // what is on its way arrives
  logger.info('bye');
}
