// A service as yours may be: it reads orders, and sends an invoice for each.

import { Consumer, Producer } from 'seekafka';

/** Serves until the signal; what is in work then is finished and committed. */
export async function serveBilling(servers: string, signal: AbortSignal): Promise<void> {
  await using producer = new Producer({ 'bootstrap.servers': servers });
  await using consumer = new Consumer({
    'bootstrap.servers': servers,
    'group.id': 'billing',
    'auto.offset.reset': 'earliest',
  });
  for (const client of [producer, consumer]) client.on('error', ({ message }) => console.warn(message)); // passes by itself
  await consumer.subscribe('orders');
  await consumer.process(
    async ({ key, value }) => {
      const { pieces, price } = JSON.parse(String(value)) as { pieces: number; price: number };
      await producer.send({ topic: 'invoices', key, value: JSON.stringify({ total: pieces * price }) });
    },
    { retry: { attempts: 3, backoffMs: 100 }, signal },
  );
}
