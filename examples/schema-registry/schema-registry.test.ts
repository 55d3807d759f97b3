import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Consumer, MockCluster, type Producer, SerializationError } from 'seekafka';
import { avroClients } from './avro.ts';
import { jsonClients } from './json-schema.ts';
import { startRegistry } from './local-registry.ts';
import { order, protobufClients } from './protobuf.ts';

let cluster: MockCluster;
let registry: Awaited<ReturnType<typeof startRegistry>>;
before(async () => {
  cluster = await MockCluster.start();
  registry = await startRegistry();
});
after(async () => {
  await registry[Symbol.asyncDispose]();
  await cluster.close();
});

/** Sends orders and reads them back. */
async function roundTrip<Order>(
  { topic, producer, consumer }: { topic: string; producer: Producer<Order>; consumer: Consumer<Order> },
  orders: Order[],
): Promise<(Order | null)[]> {
  cluster.createTopic(topic, 1);
  await using _producer = producer;
  await using _consumer = consumer;
  await producer.send(orders.map((value) => ({ topic, value })));
  await consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const read: (Order | null)[] = [];
  for await (const { value } of consumer.messages({ until: 'end' })) read.push(value);
  return read;
}

const plain = [
  { customer: 'ann', pieces: 3 },
  { customer: 'bob', pieces: 1 },
];

test('Avro', async () => {
  const read = await roundTrip(await avroClients(cluster.bootstrapServers, registry.url), plain);
  assert.deepEqual(
    read.map((value) => ({ ...value })),
    plain,
  );
});

test('JSON Schema', async () => {
  assert.deepEqual(await roundTrip(await jsonClients(cluster.bootstrapServers, registry.url), plain), plain);
});

test('JSON Schema refuses what does not fit', async () => {
  const { topic, producer, consumer } = await jsonClients(cluster.bootstrapServers, registry.url);
  await using _producer = producer;
  await using _consumer = consumer;
  const wrong = producer.send({ topic, value: { customer: 'ann', pieces: 0 } });
  await assert.rejects(wrong, (error) => error instanceof SerializationError && /Invalid message/.test(error.message));
});

test('Protobuf', async () => {
  const orders = plain.map(({ customer, pieces }) => order(customer, pieces));
  assert.deepEqual(await roundTrip(protobufClients(cluster.bootstrapServers, registry.url), orders), orders);
  assert.deepEqual([...registry.subjects.keys()], ['orders-avro-value', 'orders-json-value', 'orders-protobuf-value']);
});
