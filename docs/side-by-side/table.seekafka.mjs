// Settings in a compacted topic, as a map that follows it. KAFKA_BROKERS=host:port node table.seekafka.mjs topic

import { Producer } from 'seekafka';
import { table } from 'seekafka/table';

const topic = process.argv[2];
const servers = { 'bootstrap.servers': process.env.KAFKA_BROKERS };
const producer = new Producer(servers);
const set = (key, value) => producer.send({ topic, key, value: value && JSON.stringify(value) });
const settings = table(servers, topic, { load: ({ value }) => JSON.parse(value.toString()) });
await settings.ready;
console.log('at the start:', settings.size, 'settings, ann:', settings.get('ann')?.limit);
await set('ann', { limit: 300 });
await set('bob', null);
await settings.barrier();
console.log('ann:', settings.get('ann')?.limit, 'bob is known:', settings.has('bob'));
await settings.close();
await producer.close();
