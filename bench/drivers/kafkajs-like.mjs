// What kafkajs and the Confluent package, which has its interface, do alike.

/** Reads with a consumer that has subscribed, until `total` messages came. `watch` is given how to fail. */
export async function readBatches(consumer, total, tally, watch = () => {}) {
  await new Promise((resolve, reject) => {
    watch(reject);
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
}

/** A BenchProducer, of a function that sends [{ value }]. */
export const benchProducer = (producer, send) => ({
  sendArray: (values) => send(values.map((value) => ({ value }))),
  sendOne: (value) => send([{ value }]),
  close: () => producer.disconnect(),
});

/** An eachBatch that hands messages on, and drops those that a seek has made stale. */
export const handOn =
  (onMessage) =>
  async ({ batch, isStale }) => {
    for (const message of batch.messages) {
      if (isStale()) break;
      onMessage(message.value);
    }
  };

export const tailOf = (consumer, topic, partitions) => ({
  toBeginning: () => {
    for (let partition = 0; partition < partitions; partition++) consumer.seek({ topic, partition, offset: '0' });
  },
  close: () => consumer.disconnect(),
});
