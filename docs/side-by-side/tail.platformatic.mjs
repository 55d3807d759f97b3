// The last messages of each partition, and what comes after them, until Ctrl-C. KAFKA_BROKERS=host:port node tail.platformatic.mjs topic 20

import { randomUUID } from 'node:crypto';
import { Consumer, ListOffsetTimestamps, MessagesStreamModes } from '@platformatic/kafka';

const [, , topic, last] = process.argv;
const bootstrapBrokers = process.env.KAFKA_BROKERS.split(',');
const consumer = new Consumer({ clientId: 'tail', groupId: `tail-${randomUUID()}`, bootstrapBrokers });
const starts = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.EARLIEST })).get(topic);
const ends = (await consumer.listOffsets({ topics: [topic], timestamp: ListOffsetTimestamps.LATEST })).get(topic);
const offsets = ends.map((end, partition) => {
  const offset = end - BigInt(last);
  return { topic, partition, offset: offset < starts[partition] ? starts[partition] : offset };
});
const stream = await consumer.consume({
  topics: [topic],
  mode: MessagesStreamModes.MANUAL,
  offsets,
  autocommit: false,
});
process.once('SIGINT', () => stream.close());
for await (const { partition, offset, key, value } of stream) {
  console.log(`${partition}/${offset} ${String(key)}: ${String(value)}`);
}
await consumer.close(true);
