import { MockCluster, Producer, librdkafkaVersion, type ProducerMessage } from 'seekafka';

export async function produce(): Promise<void> {
  await using cluster = await MockCluster.start({ brokers: 3 });
  cluster.createTopic('topic', 4, 2);
  await using producer = new Producer({
    'bootstrap.servers': cluster.bootstrapServers,
    'compression.type': 'zstd',
    'linger.ms': 5,
    acks: -1,
  });

  const { offset } = await producer.send({ topic: 'topic', value: 'text' });
  const messages: readonly ProducerMessage[] = [
    { topic: 'topic', partition: 0, key: Buffer.from('key'), value: null, timestamp: new Date() },
    { topic: 'topic', headers: { name: 'value', gone: null, bytes: Buffer.alloc(1) } },
    { topic: 'topic', headers: [['name', 'value']] },
    { topic: 'topic', headers: new Map([['name', 'value']]) },
  ];
  const sent = await producer.send(messages);
  console.log(offset, sent[0]?.offset, librdkafkaVersion.length);
  await producer.flush({ timeoutMs: 1000 });
}
