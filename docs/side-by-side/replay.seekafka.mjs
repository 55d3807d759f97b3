// Everything that is in a topic now, from its beginning, with a progress bar. KAFKA_BROKERS=host:port node replay.seekafka.mjs topic

import { randomUUID } from 'node:crypto';
import { Consumer } from 'seekafka';

const consumer = new Consumer({
  'bootstrap.servers': process.env.KAFKA_BROKERS,
  'group.id': `replay-${randomUUID()}`,
  'auto.offset.reset': 'earliest',
  'enable.auto.commit': false,
});
await consumer.subscribe(process.argv[2]);
const read = consumer.messages({ until: 'end' });
let count = 0;
let total = 0;
for await (const message of read) {
  total ||= read.remaining + 1;
  handle(message);
}
draw();
console.log(`\n${count} messages`);
await consumer.close();

function handle(_message) {
  count++;
  draw();
}

function draw() {
  process.stdout.write(`\r${total ? Math.round((1 - read.remaining / total) * 100) : 100} %`);
}
