import {
  Admin,
  Consumer,
  MockCluster,
  Producer,
  clientCredentials,
  librdkafkaVersion,
  type OauthBearerToken,
  type OauthBearerTokenCallback,
  type ProducerMessage,
  type Transaction,
} from 'seekafka';

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
    { topic: 'topic', value: 'text', headers: { name: 'value', gone: null, bytes: Buffer.alloc(1) } },
    { topic: 'topic', value: 'text', headers: [['name', 'value']] },
    { topic: 'topic', value: 'text', headers: new Map([['name', 'value']]) },
  ];
  const sent = await producer.send(messages);
  console.log(offset, sent[0]?.offset, librdkafkaVersion.length);
  await producer.flush({ timeoutMs: 1000 });
}

export async function transact(servers: string): Promise<number> {
  await using producer = new Producer({ 'bootstrap.servers': servers, 'transactional.id': 'id' });
  await using consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': 'g', 'enable.auto.commit': false });
  const work = async (tx: Transaction) => (await tx.send({ topic: 'topic', value: 'text' })).offset;
  for await (const batch of consumer.batches()) {
    await producer.transaction(async (tx) => {
      await tx.send([...batch].map(({ value }) => ({ topic: 'topic', value })));
      await tx.sendOffsets(consumer, batch);
      await tx.sendOffsets(consumer, [{ topic: 'topic', partition: 0, offset: 1 }]);
    });
  }
  return await producer.transaction(work);
}

export async function describe(servers: string): Promise<number | null | undefined> {
  await using admin = new Admin({ 'bootstrap.servers': servers });
  const names: string[] = await admin.listTopics();
  const [topic] = await admin.describeTopics(names, { timeoutMs: 1000 });
  return topic?.partitions[0]?.leader;
}

export function loggedIn(bootstrapServers: string): Producer {
  const oauthBearerToken: OauthBearerTokenCallback = async ({ signal }) => {
    signal.throwIfAborted();
    const token: OauthBearerToken = { value: 'eyJ', expiresAt: new Date(), principal: 'me', extensions: { a: 'b' } };
    return await Promise.resolve(token);
  };
  const config = { 'bootstrap.servers': bootstrapServers, 'sasl.mechanism': 'OAUTHBEARER' };
  return new Producer(config, { oauthBearerToken });
}

export async function rotate(clients: readonly [Producer, Consumer, Admin], signal: AbortSignal): Promise<void> {
  for (const client of clients) {
    client.setSaslCredentials('orders', 'new');
    await client.connect({ timeoutMs: 1000, signal });
  }
}

export const provider: OauthBearerTokenCallback = clientCredentials({
  tokenEndpoint: new URL('https://id.example.org/token'),
  clientId: 'orders',
  clientSecret: 'secret',
  scope: ['kafka'],
});
