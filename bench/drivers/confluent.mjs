import { createRequire } from 'node:module';
import path from 'node:path';
import { benchProducer, handOn, readBatches, tailOf } from './kafkajs-like.mjs';

const require = createRequire(path.join(`${process.env.BENCH_PEERS}-confluent`, 'from.js'));
const { KafkaJS } = require('@confluentinc/kafka-javascript');

const connect = (servers) =>
  new KafkaJS.Kafka({ kafkaJS: { brokers: servers.split(','), logLevel: KafkaJS.logLevel.ERROR } });

/** Its documentation: as large batches as there are. */
const batches = { 'js.consumer.max.batch.size': -1 };

/** @satisfies {import('../driver.js').Driver} */
export const driver = {
  client: 'confluent',
  version: require('@confluentinc/kafka-javascript/package.json').version,
  settings: {
    consumeBatches: { way: 'eachBatch', fromBeginning: true, ...batches },
    producer: { acks: -1, 'linger.ms': 'as the task says' },
    tail: { way: 'eachBatch', fromBeginning: false, ...batches },
  },

  async consumeBatches({ servers, topic, group, total }) {
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    const consumer = connect(servers).consumer({ kafkaJS: { groupId: group, fromBeginning: true }, ...batches });
    await consumer.connect();
    await consumer.subscribe({ topic });
    return readBatches(consumer, total, tally);
  },

  async producer({ servers, topic, lingerMs }) {
    const linger = lingerMs === undefined ? {} : { 'linger.ms': lingerMs };
    const producer = connect(servers).producer({ kafkaJS: { acks: -1 }, ...linger });
    await producer.connect();
    const send = (messages) => producer.send({ topic, messages });
    return benchProducer(producer, send);
  },

  async tail({ servers, topic, group, partitions }, onMessage) {
    const consumer = connect(servers).consumer({ kafkaJS: { groupId: group, fromBeginning: false }, ...batches });
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ eachBatch: handOn(onMessage) });
    while (consumer.assignment().length < partitions) await new Promise((resolve) => setTimeout(resolve, 20));
    return tailOf(consumer, topic, partitions);
  },
};
