import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(`${process.env.BENCH_PEERS}-node-rdkafka`, 'from.js'));
const rdkafka = require('node-rdkafka');

/** @satisfies {import('../driver.js').Driver} */
export const driver = {
  client: 'node-rdkafka',
  version: require('node-rdkafka/package.json').version,
  settings: {
    consumeBatches: { way: 'flowing, one event a message', 'auto.offset.reset': 'earliest' },
    producer: { acks: -1, 'linger.ms': 'as the task says', dr_cb: true, pollInterval: 5 },
    tail: { way: 'flowing', 'auto.offset.reset': 'latest' },
  },

  async consumeBatches({ servers, topic, group, total }) {
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    const consumer = await connected(servers, group, 'earliest');
    consumer.subscribe([topic]);
    await new Promise((resolve) => {
      consumer.on('data', ({ value }) => {
        tally.firstAt ||= performance.now();
        tally.sum += value.readUInt32LE(0);
        if (++tally.count !== total) return;
        tally.lastAt = performance.now();
        resolve();
      });
      consumer.consume();
    });
    return tally;
  },

  async producer({ servers, topic, lingerMs }) {
    const linger = lingerMs === undefined ? {} : { 'linger.ms': lingerMs };
    const config = { 'bootstrap.servers': servers, acks: -1, ...linger, dr_cb: true };
    const producer = new rdkafka.Producer(config);
    const ready = once(producer, 'ready');
    producer.connect();
    await ready;
    producer.setPollInterval(5);
    producer.on('delivery-report', (error, { opaque }) => opaque(error));
    // It has no arrays: each message is a call, and its queue may be full.
    const send = (value) =>
      new Promise((resolve, reject) => {
        const done = (error) => (error ? reject(error) : resolve());
        const attempt = () => {
          try {
            producer.produce(topic, null, value, null, null, done);
          } catch (error) {
            if (error.code !== rdkafka.CODES.ERRORS.ERR__QUEUE_FULL) return reject(error);
            setTimeout(attempt, 1);
          }
        };
        attempt();
      });
    return {
      sendArray: (values) => Promise.all(values.map(send)),
      sendOne: send,
      close: () => new Promise((resolve) => producer.disconnect(resolve)),
    };
  },

  async tail({ servers, topic, group, partitions }, onMessage) {
    const consumer = await connected(servers, group, 'latest');
    consumer.on('data', ({ value }) => onMessage(value));
    consumer.subscribe([topic]);
    consumer.consume();
    while (consumer.assignments().length < partitions) await new Promise((resolve) => setTimeout(resolve, 20));
    return {
      toBeginning: () =>
        Promise.all(
          Array.from(
            { length: partitions },
            (_, partition) =>
              new Promise((resolve, reject) => {
                consumer.seek({ topic, partition, offset: 0 }, 10_000, (error) => (error ? reject(error) : resolve()));
              }),
          ),
        ),
      close: () => new Promise((resolve) => consumer.disconnect(resolve)),
    };
  },
};

async function connected(servers, group, reset) {
  const config = { 'bootstrap.servers': servers, 'group.id': group };
  const consumer = new rdkafka.KafkaConsumer(config, { 'auto.offset.reset': reset });
  const ready = once(consumer, 'ready');
  consumer.connect();
  await ready;
  return consumer;
}
