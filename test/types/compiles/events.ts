import { EventEmitter, on, once } from 'node:events';
import { Admin, Consumer, MockCluster, type KafkaError, type LogLine, type OffsetReset, type Producer } from 'seekafka';

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

export async function asAnyEmitter(consumer: Consumer, producer: Producer): Promise<void> {
  consumer.on(EventEmitter.errorMonitor, (error) => console.log(error.code));
  consumer.on('newListener', (event) => console.log(String(event)));
  consumer.off('error', console.log).removeAllListeners('log').setMaxListeners(5);
  for (const client of [consumer, producer]) client.on('error', ({ code }) => console.log(code)); // one or another
  const emitter: EventEmitter = consumer;
  await once(emitter, 'revoked');
  const [error] = (await once(consumer, 'error')) as [KafkaError];
  for await (const [line] of on(producer, 'log') as AsyncIterable<[LogLine]>) console.log(line.message, error.code);
}

export class Derived extends Consumer {
  constructor(servers: string, config: Partial<ConstructorParameters<typeof Consumer>[0]> = {}) {
    super({ 'bootstrap.servers': servers, ...config });
    this.on('error', (error) => console.log(error.retriable));
  }
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
