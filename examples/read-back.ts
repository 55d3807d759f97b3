// One message, by where it was stored.

import { Consumer, type ConsumerConfig, type ConsumerOptions, type TopicPartitionOffset } from 'seekafka';

export async function readBack(
  { topic, partition, offset }: TopicPartitionOffset,
  config: ConsumerConfig,
  options?: ConsumerOptions,
): Promise<string> {
  await using consumer = new Consumer(config, options); // without a group
  consumer.on('error', () => undefined);
  await consumer.assign([{ topic, partition, offset }]);
  for await (const { value } of consumer) return String(value);
  return '';
}
