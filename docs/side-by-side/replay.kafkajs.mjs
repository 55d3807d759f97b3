// Everything that is in a topic now, from its beginning, with a progress bar. KAFKA_BROKERS=host:port node replay.kafkajs.mjs topic

import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

const topic = process.argv[2];
const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const ends = await admin.fetchTopicOffsets(topic);
await admin.disconnect();
const left = new Map(ends.map(({ partition, low, high }) => [partition, Number(high) - Number(low)]));
const end = new Map(ends.map(({ partition, high }) => [partition, Number(high)]));
const remaining = () => [...left.values()].reduce((sum, n) => sum + n, 0);
const total = remaining();
let count = 0;
const consumer = kafka.consumer({ groupId: `replay-${randomUUID()}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await new Promise((resolve, reject) => {
  if (total === 0) return resolve();
  // Of batches without a message, of markers and aborted transactions, only this event tells.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    left.set(partition, Math.max(0, end.get(partition) - 1 - Number(lastOffset)));
    draw();
    if (remaining() === 0) resolve();
  });
  consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => restart || reject(error));
  const eachMessage = async ({ partition, message }) => {
    if (Number(message.offset) < end.get(partition)) handle(message);
  };
  consumer.run({ autoCommit: false, eachMessage }).catch(reject);
});
draw();
console.log(`\n${count} messages`);
await consumer.disconnect();

function handle(_message) {
  count++;
}

function draw() {
  process.stdout.write(`\r${total ? Math.round((1 - remaining() / total) * 100) : 100} %`);
}
