// Settings in a compacted topic, as a map that follows it. KAFKA_BROKERS=host:port node table.platformatic.mjs topic

import { randomUUID } from 'node:crypto';
import { Consumer, ListOffsetTimestamps, MessagesStreamModes, Producer, stringSerializers } from '@platformatic/kafka';

const topic = process.argv[2];
const bootstrapBrokers = process.env.KAFKA_BROKERS.split(',');
const producer = new Producer({ clientId: 'table', bootstrapBrokers, serializers: stringSerializers });
const set = (key, value) => producer.send({ messages: [{ topic, key, value: value && JSON.stringify(value) }] });
const settings = await table();
await settings.barrier();
console.log('at the start:', settings.map.size, 'settings, ann:', settings.map.get('ann')?.limit);
await set('ann', { limit: 300 });
await set('bob', null);
await settings.barrier();
console.log('ann:', settings.map.get('ann')?.limit, 'bob is known:', settings.map.has('bob'));
await settings.close();
await producer.close();

async function table() {
  const map = new Map();
  const waiting = new Set();
  let failure;
  const consumer = new Consumer({ clientId: 'table', groupId: `table-${randomUUID()}`, bootstrapBrokers });
  const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false });
  const wake = () => waiting.forEach((look) => look());
  stream.on('data', ({ key, value }) => {
    if (value == null) map.delete(key.toString());
    else map.set(key.toString(), JSON.parse(value.toString()));
  });
  // Of markers only the offsets tell, from one fetch to the next.
  stream.on('fetch', wake);
  stream.on('error', (error) => {
    failure = error;
    wake();
  });
  /** It has seen what was acknowledged before. */
  const barrier = async () => {
    const latest = { topics: [topic], timestamp: ListOffsetTimestamps.LATEST };
    const ends = (await consumer.listOffsets(latest)).get(topic);
    const isThere = () =>
      stream.readableLength === 0 && ends.every((end, p) => stream.offsetsToFetch.get(`${topic}:${p}`) >= end);
    await new Promise((resolve, reject) => {
      const look = () => {
        if (!failure && !isThere()) return;
        waiting.delete(look);
        if (failure) reject(failure);
        else resolve();
      };
      waiting.add(look);
      look();
    });
  };
  return { map, barrier, close: () => consumer.close(true) };
}
