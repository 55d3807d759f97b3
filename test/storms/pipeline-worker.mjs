// A pipeline in a process of its own, to be killed: each message of INPUT becomes one of OUTPUT, by transactions. A line for each commit.

import { Consumer, Producer } from 'seekafka';

const { BROKERS, GROUP, INPUT, OUTPUT, OUT_PARTITIONS } = process.env;

const connection = { 'bootstrap.servers': BROKERS, 'socket.timeout.ms': 10_000, 'reconnect.backoff.max.ms': 1000 };
const passing = () => {};

function newProducer() {
  const producer = new Producer({ ...connection, 'transactional.id': GROUP, 'transaction.timeout.ms': 10_000 });
  producer.on('error', passing);
  return producer;
}

async function initialize(producer) {
  for (;;) {
    try {
      return await producer.initTransactions();
    } catch (error) {
      console.log(`initTransactions: ${error.message}`);
    }
  }
}

let producer = newProducer();
await initialize(producer);
const consumer = new Consumer({
  ...connection,
  'group.id': GROUP,
  'session.timeout.ms': 6000,
  'heartbeat.interval.ms': 500,
  'auto.offset.reset': 'earliest',
  'enable.auto.commit': false,
});
consumer.on('error', passing);
await consumer.subscribe(INPUT);
console.log('begun');

for (;;) {
  for await (const batch of consumer.batches({ maxMessages: 50 })) {
    try {
      await producer.transaction(async ({ send, sendOffsets }) => {
        await send(
          [...batch].map(({ topic, partition, offset }) => ({
            topic: OUTPUT,
            partition: partition % Number(OUT_PARTITIONS),
            value: `${topic}/${partition}@${offset}`,
          })),
        );
        await sendOffsets(consumer, batch);
      });
      console.log(`committed ${batch.length}`);
    } catch (error) {
      console.log(`transaction: ${error.message}`);
      if (error.fatal) {
        await producer.close();
        producer = newProducer();
        await initialize(producer);
      }
      await goBack();
      break;
    }
  }
}

/** To what is committed; as long as that is not known, nothing is read on. */
async function goBack() {
  for (;;) {
    try {
      return await consumer.seekToCommitted(undefined, { timeoutMs: 10_000 });
    } catch (error) {
      console.log(`seekToCommitted: ${error.message}`);
    }
  }
}
