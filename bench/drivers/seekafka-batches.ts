import { Consumer } from 'seekafka';
import type { Driver } from '../driver.js';

export const driver: Driver = {
  title: 'seekafka, batches()',
  settings: { 'auto.offset.reset': 'earliest', everythingElse: "seekafka's defaults" },

  async consume({ servers, topic, group, total }) {
    await using consumer = new Consumer({
      'bootstrap.servers': servers,
      'group.id': group,
      'auto.offset.reset': 'earliest',
    });
    await consumer.subscribe(topic);
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    for await (const batch of consumer.batches()) {
      tally.firstAt ||= performance.now();
      for (const message of batch) tally.sum += message.value!.readUInt32LE(0);
      tally.count += batch.length;
      if (tally.count >= total) break;
    }
    tally.lastAt = performance.now();
    return tally;
  },
};
