// kafkajs in its fastest form, with its own defaults. See ../driver.ts for what a driver is.
import kafkajs from 'kafkajs';

export const driver = {
  title: 'kafkajs, eachBatch',
  settings: { version: '2.2.4', fromBeginning: true, everythingElse: "kafkajs's defaults" },
  consume,
};

async function consume({ servers, topic, group, total }) {
  const kafka = new kafkajs.Kafka({ brokers: servers.split(','), logLevel: kafkajs.logLevel.ERROR });
  const consumer = kafka.consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
  await new Promise((resolve, reject) => {
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    const eachBatch = async ({ batch }) => {
      tally.firstAt ||= performance.now();
      for (const message of batch.messages) tally.sum += message.value.readUInt32LE(0);
      tally.count += batch.messages.length;
      if (tally.count >= total) {
        tally.lastAt = performance.now();
        resolve();
      }
    };
    consumer.run({ eachBatch }).catch(reject);
  });
  await consumer.disconnect();
  return tally;
}
