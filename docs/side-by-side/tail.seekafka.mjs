// The last messages of each partition, and what comes after them, until Ctrl-C. KAFKA_BROKERS=host:port node tail.seekafka.mjs topic 20

import { randomUUID } from 'node:crypto';
import { Consumer } from 'seekafka';

const [, , topic, last] = process.argv;
const end = new AbortController();
process.once('SIGINT', () => end.abort());
const consumer = new Consumer({
  'bootstrap.servers': process.env.KAFKA_BROKERS,
  'group.id': `tail-${randomUUID()}`,
  'enable.auto.commit': false,
});
const sought = consumer.seekToLast(Number(last));
await consumer.subscribe(topic);
await sought;
for await (const { partition, offset, key, value } of consumer.messages({ signal: end.signal })) {
  console.log(`${partition}/${offset} ${String(key)}: ${String(value)}`);
}
await consumer.close();
