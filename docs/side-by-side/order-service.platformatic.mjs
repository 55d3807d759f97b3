// Bills orders: 16 at once, in order for each customer, three attempts, then a dead letter; probes; SIGTERM ends it and loses nothing.
// KAFKA_BROKERS=host:port node order-service.platformatic.mjs orders dead-letters 8080

import { createServer } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Consumer, MessagesStreamFallbackModes, MessagesStreamModes, Producer } from '@platformatic/kafka';
import { bill } from './bill.mjs';

const [, , orders, dead, port] = process.argv;
const bootstrapBrokers = process.env.KAFKA_BROKERS.split(',');
const producer = new Producer({ clientId: 'billing', bootstrapBrokers });
const consumer = new Consumer({ clientId: 'billing', groupId: `billing-${orders}`, bootstrapBrokers });
const probes = createServer(({ url }, response) => {
  const live = !consumer.lastHeartbeat || Date.now() - consumer.lastHeartbeat < 300_000;
  response.writeHead((url === '/live' ? live : consumer.isActive()) ? 200 : 503).end();
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

async function attempt(message) {
  for (let attempts = 1; ; attempts++) {
    try {
      return await inSlot(() => bill(message.value));
    } catch (error) {
      if (attempts < 3) await wait(10 * 2 ** attempts);
      else return deadLetter(message, error, attempts);
    }
  }
}

const deadLetter = ({ key, value, headers, partition, offset }, error, attempts) =>
  producer.send({
    messages: [
      {
        topic: dead,
        key,
        value,
        headers: new Map([
          ...headers,
          ...Object.entries({
            'dead-letter.topic': orders,
            'dead-letter.partition': String(partition),
            'dead-letter.offset': String(offset),
            'dead-letter.error': String(error),
            'dead-letter.attempts': String(attempts),
          }).map((header) => header.map((text) => Buffer.from(text))),
        ]),
      },
    ],
  });

const stream = await consumer.consume({
  topics: [orders],
  mode: MessagesStreamModes.COMMITTED,
  fallbackMode: MessagesStreamFallbackModes.EARLIEST,
  autocommit: false, // it would commit what was fetched
});
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
  stream.close();
});
const lanes = new Map(); // by key: its last work
const taken = new Map(); // by partition: what is not committed, in order
let pending = 0;
let room = null;
let failure = null;
try {
  for await (const message of stream) {
    if (stopping || failure) break;
    const { partition, key } = message;
    const entry = { message, done: false };
    const line = taken.get(partition) ?? [];
    taken.set(partition, line);
    line.push(entry);
    const lane = key ? `${partition} ${key.toString('latin1')}` : entry;
    const work = (lanes.get(lane) ?? Promise.resolve())
      .then(() => !failure && !stopping && attempt(message))
      .then((began) => began !== false && finish(entry, line))
      .catch((error) => (failure ??= error))
      .finally(() => {
        pending--;
        room?.();
        if (lanes.get(lane) === work) lanes.delete(lane);
      });
    lanes.set(lane, work);
    if (++pending >= 1000) await new Promise((resolve) => (room = resolve));
  }
} catch (error) {
  failure ??= error; // after a rebalance in which a commit came too late, among others
}
await Promise.all(lanes.values());
await consumer.close(true);
await producer.close();
probes.close();
if (failure) throw failure;

/** What is done without a gap is committed. */
function finish(entry, line) {
  entry.done = true;
  let last;
  while (line[0]?.done) last = line.shift().message;
  return last?.commit();
}
