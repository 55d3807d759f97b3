import { Admin, MockCluster, type Consumer, type KafkaError, type LogLine, type OffsetReset } from 'seekafka';

export function listen(consumer: Consumer): void {
  consumer.on('error', (error) => {
    const known: KafkaError = error;
    console.log(known.retriable);
  });
  consumer.on('log', (line: LogLine) => console.log(line.level, line.facility, line.message));
  consumer.once('assigned', (partitions) => console.log(partitions[0]?.topic));
  consumer.on('offsetReset', ({ topic, partition, askedOffset, offset }: OffsetReset) => {
    console.log(topic, partition, askedOffset + offset);
  });
}

export async function administer(bootstrapServers: string): Promise<void> {
  await using admin = new Admin({ 'bootstrap.servers': bootstrapServers });
  await admin.createTopics([{ topic: 'topic', partitions: 4, replicationFactor: 1, config: { 'retention.ms': 1000 } }]);
  await admin.deleteRecords([{ topic: 'topic', partition: 0, offset: 6 }], { timeoutMs: 1000 });
  await admin.deleteTopics(['topic']);
}

export async function mock(): Promise<string> {
  const cluster: MockCluster = await MockCluster.start();
  cluster.createTopic('topic');
  cluster.brokerDown(1);
  await cluster.close();
  return cluster.bootstrapServers;
}
