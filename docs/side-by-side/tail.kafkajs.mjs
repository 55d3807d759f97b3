// The last messages of each partition, and what comes after them, until Ctrl-C. KAFKA_BROKERS=host:port node tail.kafkajs.mjs topic 20

import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

const [, , topic, last] = process.argv;
const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const offsets = await admin.fetchTopicOffsets(topic);
await admin.disconnect();
const consumer = kafka.consumer({ groupId: `tail-${randomUUID()}` });
process.once('SIGINT', () => consumer.disconnect());
await consumer.connect();
await consumer.subscribe({ topic });
await consumer.run({
  autoCommit: false,
  eachMessage: async ({ partition, message: { offset, key, value } }) =>
    console.log(`${partition}/${offset} ${String(key)}: ${String(value)}`),
});
for (const { partition, low, high } of offsets) {
  consumer.seek({ topic, partition, offset: String(Math.max(Number(low), Number(high) - Number(last))) });
}
