import {
  Consumer,
  KafkaError,
  type Header,
  type Message,
  type MessageBatch,
  type PartitionBatch,
  type Read,
  type ReadOptions,
  type RebalanceListener,
  type TopicPartition,
  type TopicPartitionOffset,
} from 'seekafka';

export async function consume(signal: AbortSignal): Promise<void> {
  await using consumer = new Consumer({
    'bootstrap.servers': 'localhost:9092',
    'group.id': 'group',
    'auto.offset.reset': 'earliest',
    'enable.auto.commit': false,
    'fetch.wait.max.ms': 50,
    'session.timeout.ms': 6000,
  });

  const listener: RebalanceListener = {
    onAssigned: (partitions) => console.log(partitions.length),
    onRevoked: async (_partitions: readonly TopicPartition[]) => consumer.commit(),
  };
  await consumer.subscribe('topic');
  await consumer.subscribe(['topic', /^other-/], listener);
  await consumer.subscribe(/^topic/, {});
  await consumer.assign([
    { topic: 'topic', partition: 0 },
    { topic: 'topic', partition: 1, offset: 5 },
  ]);

  for await (const message of consumer) {
    const { topic, partition, offset, key, value, timestampType }: Message = message;
    const header: Header | undefined = message.headers[0];
    const kind: 'create' | 'append' | 'none' = timestampType;
    console.log(topic, partition, offset, key?.toString(), value?.length, header?.[0], header?.[1]?.length, kind);
    await consumer.commit(message);
    break;
  }

  for await (const batch of consumer.batches({ maxMessages: 100, maxBytes: 1e6, signal })) {
    const both: MessageBatch = batch;
    for (const message of both) console.log(message.offset);
    for (const part of batch.byPartition()) {
      const one: PartitionBatch = part;
      for (const message of one) console.log(one.topic, one.partition, consumer.isStale(message) ? 'stale' : 'good');
      await consumer.commit(part);
    }
    console.log(both.length + both.byteLength, both.topicPartitions[0]?.topic);
    await consumer.commit(batch);
  }
}

export async function read(consumer: Consumer, signal: AbortSignal): Promise<void> {
  const read: Read<Message> = consumer.messages({ until: 'end', signal });
  for await (const { offset } of read) console.log(offset, read.remaining + 1);
  await using other = consumer.messages({ until: new Date() });
  const step = await other.next();
  if (!step.done) console.log(step.value.offset);
  const options: ReadOptions = { until: [{ topic: 'topic', partition: 0, offset: 5 }] };
  const batches: Read<MessageBatch> = consumer.batches({ ...options, minMessages: 10, maxWaitMs: 100 });
  for await (const batch of batches) console.log(batch.length);
}

export async function seek(consumer: Consumer, signal: AbortSignal): Promise<TopicPartitionOffset[]> {
  const at: TopicPartitionOffset = { topic: 'topic', partition: 0, offset: 42 };
  await consumer.seek(at);
  await consumer.seek([at, at] as const, { timeoutMs: 1000, signal });
  await consumer.seekToBeginning();
  await consumer.seekToEnd(consumer.assignment, { timeoutMs: 1000 });
  await consumer.seekToTimestamp(Date.now() - 1000);
  await consumer.seekToTimestamp(new Date(), [{ topic: 'topic', partition: 0 }]);
  await consumer.seekToCommitted();
  await consumer.seekBy(-10);
  await consumer.seekBy(10, consumer.assignment, { timeoutMs: 1000, signal });
  await consumer.seekToLast(10);
  await consumer.seekToLast(0, consumer.assignment, { signal });
  await consumer.committed(consumer.assignment, { timeoutMs: 1000 });
  await consumer.offsetsForTimes([{ topic: 'topic', partition: 0, timestamp: 0 }]);
  const lags: number[] = (await consumer.lag()).map(({ lag }) => lag);
  consumer.pause();
  consumer.resume(consumer.paused);
  console.log(lags, await consumer.beginningOffsets(), await consumer.endOffsets());
  await consumer.close({ timeoutMs: 1000 });
  return consumer.position();
}

export function explain(error: unknown): string {
  if (!(error instanceof KafkaError)) return String(error);
  const failed = error.partitions?.map((partition) => partition.error.code) ?? [];
  return [error.code, error.operation, error.errno, error.fatal, error.retriable, ...failed].join(' ');
}
