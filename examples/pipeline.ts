// An exactly-once pipeline: each order becomes one invoice, also where the process is killed, at whatever moment, and started again.
//
//   node --import tsx examples/pipeline.ts                                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port node --import tsx examples/pipeline.ts orders invoices    on that Kafka, until SIGTERM
//
// Who reads the invoices must not see what was aborted: 'isolation.level' is to be 'read_committed', as it is by default.

import { Consumer, KafkaError, Producer } from 'seekafka';
import { Demo } from './demo.js';

const [, , input, invoices = 'invoices'] = process.argv;
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

await using demo = await Demo.start(input);
const orders = demo.topic;
const instance = `invoices-of-${orders}`; // of each instance that runs at the same time another one

await using producer = new Producer({ 'bootstrap.servers': demo.servers, 'transactional.id': instance });
await using consumer = new Consumer({
  'bootstrap.servers': demo.servers,
  'group.id': `invoices-of-${orders}`,
  'group.instance.id': instance, // who is started again takes its partitions over at once
  'auto.offset.reset': 'earliest',
  'enable.auto.commit': false, // the transactions do it
});
for (const client of [producer, consumer]) client.on('error', ({ message }) => console.warn(message)); // passes by itself

await producer.initTransactions(); // before anything is read: what a killed predecessor left open is aborted
await consumer.subscribe(orders);
while (!stop.signal.aborted) {
  try {
    for await (const batch of consumer.batches({ maxMessages: 100, signal: stop.signal })) {
      await producer.transaction(async (tx) => {
        await tx.send(
          Array.from(batch, ({ key, value }) => ({ topic: invoices, key, value: `invoice of ${String(value)}` })),
        );
        await tx.sendOffsets(consumer, batch);
      });
      console.log(`committed ${batch.length} invoices`);
    }
  } catch (error) {
    if (!(error instanceof KafkaError) || error.fatal) throw error; // fenced by another instance, say: let it end
    console.warn(`aborted: ${error.message}`);
    await consumer.seekToCommitted(); // the batch comes again
  }
}
console.log('bye');
