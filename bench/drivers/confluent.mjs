import { createRequire } from 'node:module';
import path from 'node:path';

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
    await new Promise((resolve, reject) => {
      const eachBatch = async ({ batch }) => {
        tally.firstAt ||= performance.now();
        for (const message of batch.messages) tally.sum += message.value.readUInt32LE(0);
        tally.count += batch.messages.length;
        if (tally.count < total) return;
        tally.lastAt = performance.now();
        resolve();
      };
      consumer.run({ eachBatch }).catch(reject);
    });
    await consumer.disconnect();
    return tally;
  },

  async producer({ servers, topic, lingerMs }) {
    const producer = connect(servers).producer({ kafkaJS: { acks: -1 }, 'linger.ms': lingerMs });
    await producer.connect();
    const send = (messages) => producer.send({ topic, messages });
    return {
      sendArray: (values, partitions) => send(values.map((value, i) => ({ value, partition: partitions[i] }))),
      sendOne: (value, partition) => send([{ value, partition }]),
      close: () => producer.disconnect(),
    };
  },

  async tail({ servers, topic, group, partitions }, onMessage) {
    const consumer = connect(servers).consumer({ kafkaJS: { groupId: group, fromBeginning: false }, ...batches });
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({
      eachBatch: async ({ batch, isStale }) => {
        for (const message of batch.messages) {
          if (isStale()) break;
          onMessage(message.value);
        }
      },
    });
    while (consumer.assignment().length < partitions) await new Promise((resolve) => setTimeout(resolve, 20));
    return {
      toBeginning: () => {
        for (let partition = 0; partition < partitions; partition++) consumer.seek({ topic, partition, offset: '0' });
      },
      close: () => consumer.disconnect(),
    };
  },
};
