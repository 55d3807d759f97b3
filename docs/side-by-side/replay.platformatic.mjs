// Everything that is in a topic now, from its beginning, with a progress bar. KAFKA_BROKERS=host:port node replay.platformatic.mjs topic

import { randomUUID } from 'node:crypto';
import { Consumer, ListOffsetTimestamps, MessagesStreamModes } from '@platformatic/kafka';

const topic = process.argv[2];
const bootstrapBrokers = process.env.KAFKA_BROKERS.split(',');
const consumer = new Consumer({ clientId: 'replay', groupId: `replay-${randomUUID()}`, bootstrapBrokers });
const starts = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.EARLIEST })).get(topic);
const ends = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST })).get(topic);
const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false });
const remaining = () =>
  ends.reduce((sum, end, partition) => {
    const next = stream.offsetsToFetch.get(`${topic}:${partition}`) ?? starts[partition];
    return sum + (next < end ? Number(end - next) : 0);
  }, 0);
const total = ends.reduce((sum, end, partition) => sum + Number(end - starts[partition]), 0);
let count = 0;
await new Promise((resolve, reject) => {
  if (total === 0) return resolve();
  stream.on('error', reject);
  stream.on('data', (message) => message.offset < ends[message.partition] && handle(message));
  // Of markers only the offsets tell, from one fetch to the next.
  stream.on('fetch', () => {
    draw();
    if (remaining() === 0 && stream.readableLength === 0) resolve();
  });
});
draw();
console.log(`\n${count} messages`);
await consumer.close(true);

function handle(_message) {
  count++;
}

function draw() {
  process.stdout.write(`\r${total ? Math.round((1 - remaining() / total) * 100) : 100} %`);
}
