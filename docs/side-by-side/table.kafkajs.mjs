// Settings in a compacted topic, as a map that follows it. KAFKA_BROKERS=host:port node table.kafkajs.mjs topic

import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

const topic = process.argv[2];
const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const producer = kafka.producer();
await producer.connect();
const set = (key, value) => producer.send({ topic, messages: [{ key, value: value && JSON.stringify(value) }] });
const settings = await table();
await settings.barrier();
console.log('at the start:', settings.map.size, 'settings, ann:', settings.map.get('ann')?.limit);
await set('ann', { limit: 300 });
await set('bob', null);
await settings.barrier();
console.log('ann:', settings.map.get('ann')?.limit, 'bob is known:', settings.map.has('bob'));
await settings.close();
await producer.disconnect();

async function table() {
  const map = new Map();
  const next = new Map(); // where each partition goes on
  const waiting = new Set();
  let failure;
  const admin = kafka.admin();
  const consumer = kafka.consumer({ groupId: `table-${randomUUID()}` });
  const wake = () => waiting.forEach((look) => look());
  // Of batches without a message, of markers and aborted transactions, only this event tells.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    next.set(partition, Number(lastOffset) + 1);
    wake();
  });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) failure = error;
    wake();
  });
  await Promise.all([admin.connect(), consumer.connect()]);
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { key, value } }) => {
      if (value === null) map.delete(key.toString());
      else map.set(key.toString(), JSON.parse(value.toString()));
    },
  });
  /** It has seen what was acknowledged before. */
  const barrier = async () => {
    const ends = await admin.fetchTopicOffsets(topic);
    const isThere = () => ends.every(({ partition, low, high }) => low === high || next.get(partition) >= Number(high));
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
  const close = () => Promise.all([admin.disconnect(), consumer.disconnect()]);
  return { map, barrier, close };
}
