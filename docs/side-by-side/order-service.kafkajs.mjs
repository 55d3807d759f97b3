// Bills orders: 16 at once, in order for each customer, three attempts, then a dead letter; probes; SIGTERM ends it and loses nothing.
// KAFKA_BROKERS=host:port node order-service.kafkajs.mjs orders dead-letters 8080

import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { bill } from './bill.mjs';

const [, , orders, dead, port] = process.argv;
const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: `billing-${orders}` });
let joined = false;
let lastHeartbeat = Date.now();
consumer.on(consumer.events.GROUP_JOIN, () => (joined = true));
consumer.on(consumer.events.REBALANCING, () => (joined = false));
consumer.on(consumer.events.HEARTBEAT, () => (lastHeartbeat = Date.now()));
consumer.on(consumer.events.CRASH, ({ payload: { restart } }) => {
  if (!restart) process.exitCode = 1;
  joined = false;
});
const probes = createServer(({ url }, response) => {
  const live = !process.exitCode && Date.now() - lastHeartbeat < 300_000;
  response.writeHead((url === '/live' ? live : live && joined) ? 200 : 503).end();
}).listen(port);

let working = 0;
const waiting = [];
/** So many at once, of all partitions. */
async function inSlot(work) {
  if (working === 16) await new Promise((resolve) => waiting.push(resolve));
  else working++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else working--;
  }
}

async function attempt(partition, message) {
  for (let attempts = 1; ; attempts++) {
    try {
      return await inSlot(() => bill(message.value));
    } catch (error) {
      if (attempts < 3) await wait(10 * 2 ** attempts);
      else return deadLetter(partition, message, error, attempts);
    }
  }
}

const deadLetter = (partition, { key, value, headers, offset }, error, attempts) =>
  producer.send({
    topic: dead,
    messages: [
      {
        key,
        value,
        headers: {
          ...headers,
          'dead-letter.topic': orders,
          'dead-letter.partition': String(partition),
          'dead-letter.offset': offset,
          'dead-letter.error': String(error),
          'dead-letter.attempts': String(attempts),
        },
      },
    ],
  });

await Promise.all([producer.connect(), consumer.connect()]);
await consumer.subscribe({ topic: orders, fromBeginning: true });
process.once('SIGTERM', async () => {
  await consumer.disconnect(); // waits for eachBatch, and commits
  await producer.disconnect();
  probes.close();
});
await consumer.run({
  eachBatchAutoResolve: false,
  partitionsConsumedConcurrently: 16,
  // It ends with the slowest message of the batch; only then does the partition go on.
  eachBatch: async ({ batch: { partition, messages }, resolveOffset, heartbeat, isRunning, isStale }) => {
    const goesOn = () => isRunning() && !isStale();
    const beat = setInterval(() => heartbeat().catch(() => {}), 3000); // a rebalance: kafkajs sees it itself afterwards
    const lanes = new Map();
    const done = new Set();
    let failure;
    for (const message of messages) {
      const lane = message.key?.toString('latin1') ?? message;
      const before = lanes.get(lane) ?? Promise.resolve();
      const work = async () => {
        if (failure || !goesOn()) return;
        await attempt(partition, message);
        done.add(message);
      };
      lanes.set(
        lane,
        before.then(work).catch((error) => (failure ??= error)),
      );
    }
    await Promise.all(lanes.values());
    clearInterval(beat);
    for (const message of messages) {
      if (!done.has(message)) break;
      resolveOffset(message.offset);
    }
    if (failure) throw failure;
  },
});
