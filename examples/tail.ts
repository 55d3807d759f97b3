// The last messages of each partition, and what comes after them, until Ctrl-C.
//
//   node --import tsx examples/tail.ts                                      on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/tail.ts orders 20    the last 20 of each partition of that topic

import { randomUUID } from 'node:crypto';
import { Consumer } from 'seekafka';
import { Demo } from './demo.js';

const [, , topic, last = '3'] = process.argv;

const end = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end.abort());

await using demo = await Demo.start(topic);
await using consumer = new Consumer({
  'bootstrap.servers': demo.servers,
  'group.id': `tail-${randomUUID()}`, // a group of its own, so that every partition is this one's
  'enable.auto.commit': false,
});
const sought = consumer.seekToLast(Number(last)); // there is no assignment yet: it becomes the start
await consumer.subscribe(demo.topic);
await sought;

const producing = demo.produce(end.signal);
for await (const { partition, offset, key, value } of consumer.messages({ signal: end.signal })) {
  console.log(`${partition}/${offset} ${String(key)}: ${String(value)}`);
}
await producing;
console.log('bye');
