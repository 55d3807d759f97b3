import { Consumer } from 'seekafka';
import type { Driver } from '../driver.js';

export const driver: Driver = {
  title: 'seekafka, for await',
  settings: { 'auto.offset.reset': 'earliest', everythingElse: "seekafka's defaults" },

  async consume({ servers, topic, group, total }) {
    await using consumer = new Consumer({
      'bootstrap.servers': servers,
      'group.id': group,
      'auto.offset.reset': 'earliest',
    });
    await consumer.subscribe(topic);
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    for await (const message of consumer) {
      tally.firstAt ||= performance.now();
      tally.sum += message.value!.readUInt32LE(0);
      if (++tally.count >= total) break;
    }
    tally.lastAt = performance.now();
    return tally;
  },
};
