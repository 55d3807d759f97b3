// Settings in a compacted topic, as a map that every instance of a service has in memory and that follows the topic.
//
//   node --import tsx examples/table.ts                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/table.ts    on that Kafka; its topic is deleted at the end

import { Producer } from 'seekafka';
import { table } from 'seekafka/table';
import { withTopics } from './with-topics.js';

interface Setting {
  limit: number;
}

await withTopics(
  { settings: { partitions: 2, config: { 'cleanup.policy': 'compact' } } },
  async (servers, { settings }) => {
    await using producer = new Producer({ 'bootstrap.servers': servers });
    const set = (customer: string, setting: Setting | null) =>
      producer.send({ topic: settings, key: customer, value: setting && JSON.stringify(setting) });
    await set('ann', { limit: 100 });
    await set('bob', { limit: 50 });
    await set('ann', { limit: 200 });

    await using limits = table({ 'bootstrap.servers': servers }, settings, {
      load: ({ value }) => JSON.parse(value.toString()) as Setting,
    });
    await limits.ready;
    console.log('at the start:', limits.size, 'customers, ann:', limits.get('ann')?.limit);

    const changes = limits.changes();
    const watching = (async () => {
      for await (const { key, value, previous } of changes) {
        console.log(`${key}: ${previous?.limit ?? 'nothing'} -> ${value?.limit ?? 'nothing'}`);
      }
    })();

    await set('bob', null);
    await limits.barrier(); // it has seen what was acknowledged before
    console.log('bob is known:', limits.has('bob'));
    await limits.close();
    await watching;
  },
);
