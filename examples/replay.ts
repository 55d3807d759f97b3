// Everything that is in a topic now, from its beginning, with a progress bar.
//
//   node --import tsx examples/replay.ts                                    on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/replay.ts orders     that topic; nothing is committed

import { randomUUID } from 'node:crypto';
import { Consumer, type Message } from 'seekafka';
import { Demo } from './demo.js';

const WIDTH = 40;

await using demo = await Demo.start(process.argv[2], 20_000);
await using consumer = new Consumer({
  'bootstrap.servers': demo.servers,
  'group.id': `replay-${randomUUID()}`, // a group of its own, so that every partition is this one's
  'auto.offset.reset': 'earliest',
  'enable.auto.commit': false,
});
await consumer.subscribe(demo.topic);

const read = consumer.messages({ until: 'end' });
let count = 0;
let total = NaN;
let bar = '';
for await (const message of read) {
  if (count++ === 0) total = read.remaining + 1;
  handle(message);
  draw();
}
draw();
process.stdout.write(`\n${count} messages, ${read.remaining} offsets left\n`);

function handle(_message: Message): void {
  // What is to be done once more with each message.
}

/** What is never delivered (markers of transactions, compacted messages) moves the bar too. */
function draw(): void {
  const done = total > 0 ? Math.floor((1 - read.remaining / total) * WIDTH) : WIDTH;
  const next = `[${'#'.repeat(Math.max(0, done)).padEnd(WIDTH, '.')}]`;
  if (next !== bar) process.stdout.write(`\r${(bar = next)}`);
}
