// Retry topics with delays: what cannot be handled now is put aside and tried again later, and what stands behind it goes on.
//
//   node --import tsx examples/retry-topics.ts                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/retry-topics.ts    on that Kafka; its topics are deleted at the end
//
// A message goes orders -> soon -> later -> refused, a step for each time that it fails. The order of each key is kept within each
// topic. It is not kept between them: a later message of the key overtakes one that was put aside.

import { Consumer, type Message, Producer, deadLetters } from 'seekafka';
import { withTopics } from './with-topics.js';

/** A message whose time has not come. */
class TooEarly extends Error {
  constructor(readonly waitMs: number) {
    super(`due in ${waitMs} ms`);
  }
}

const ORDERS = 60;
const topics = { orders: 4, soon: 2, later: 2, refused: 1 };
const wanted = Object.entries(topics).map(([name, partitions]) => [name, { partitions }] as const);

await withTopics(Object.fromEntries(wanted), async (servers, names) => {
  const { orders, soon, later, refused } = names as Record<keyof typeof topics, string>;
  await using producer = new Producer({ 'bootstrap.servers': servers });
  await using consumer = new Consumer({
    'bootstrap.servers': servers,
    'group.id': `billing-${orders}`,
    'auto.offset.reset': 'earliest',
  });
  await consumer.subscribe([orders, soon, later]);

  /** How long a message rests in its topic, and where it goes from there when it fails. */
  const steps = new Map([
    [orders, { delayMs: 0, onFailure: deadLetters(producer, soon) }],
    [soon, { delayMs: 100, onFailure: deadLetters(producer, later) }],
    [later, { delayMs: 400, onFailure: deadLetters(producer, refused) }],
  ]);
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  const serving = consumer.process(
    async (message) => {
      const waitMs = message.timestamp + steps.get(message.topic)!.delayMs - Date.now();
      if (waitMs > 0) throw new TooEarly(waitMs);
      await bill(message);
    },
    {
      concurrency: 8,
      orderBy: 'key',
      // Too early: its lane waits, which takes no slot, keeps no other lane from its work, and is no reason for the group to
      // take the consumer for dead, however long the delay is. Any other error: the next topic, at once.
      retry: {
        attempts: 2 ** 31 - 1,
        backoffMs: (_attempt, error) => (error instanceof TooEarly ? error.waitMs : null),
      },
      onFailure: (error, message, context) => steps.get(message.topic)!.onFailure(error, message, context),
      signal: stop.signal,
    },
  );

  // The world around it: some orders fail once, some twice, one each time.
  const failures = (order: number) => (order === 33 ? Infinity : order % 10 === 7 ? 2 : order % 5 === 1 ? 1 : 0);
  const billed = new Map<string, number>();
  async function bill({ topic, key, value, headers }: Message): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 1)); // the bank
    const tried = headers.filter(([name]) => name === 'dead-letter.topic').length;
    if (tried < failures(Number(value)))
      throw new Error(`the bank does not take order ${String(value)} of ${String(key)}`);
    billed.set(topic, (billed.get(topic) ?? 0) + 1);
  }

  await producer.send(
    Array.from({ length: ORDERS }, (_, i) => ({ topic: orders, key: `customer-${i % 9}`, value: String(i) })),
  );
  const [letter] = await lettersOf(servers, refused);
  while ([...billed.values()].reduce((a, b) => a + b, 0) < ORDERS - 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort(); // as SIGTERM does
  await serving;
  console.log(`billed at once: ${billed.get(orders)}, soon: ${billed.get(soon)}, later: ${billed.get(later)}`);
  const way = letter!.headers.filter(([name]) => name === 'dead-letter.topic').map(([, topic]) => String(topic));
  const text = letter!.headers.findLast(([name]) => name === 'dead-letter.error')![1];
  const titles = way.map((topic) => (topic === orders ? 'orders' : topic === soon ? 'soon' : 'later'));
  console.log(`refused: order ${String(letter!.value)}, by ${titles.join(', ')}: ${String(text)}`);
});

/** Waits for the first message in the topic of those that were refused. */
async function lettersOf(servers: string, topic: string): Promise<Message[]> {
  await using consumer = new Consumer({ 'bootstrap.servers': servers });
  await consumer.assign([{ topic, partition: 0, offset: 0 }]);
  for await (const batch of consumer.batches({ until: [{ topic, partition: 0, offset: 1 }] })) return [...batch];
  return [];
}
