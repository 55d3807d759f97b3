import {
  Consumer,
  type ConsumerDeserializer,
  DeserializationError,
  type Deserializer,
  type Message,
  Producer,
  type ProducerMessage,
  type Serializer,
  type StandardSchema,
  deadLetters,
  serde,
} from 'seekafka';
import { table } from 'seekafka/table';

interface Order {
  id: number;
}
const servers = { 'bootstrap.servers': 'localhost:9092' };

/** The types come from the options. */
export async function inferred(schema: StandardSchema<{ id: string }, Order>): Promise<void> {
  const typed: Consumer<Order> = new Consumer(servers, { deserializer: { value: serde.json<Order>() } });
  const both: Consumer<Order, string> = new Consumer(servers, {
    deserializer: { key: serde.string(), value: async (bytes) => JSON.parse(bytes.toString('utf8')) as Order },
  });
  const keys: Consumer<Buffer, string> = new Consumer(servers, { deserializer: { key: serde.string() } });
  const valid: Consumer<Order> = new Consumer(servers, { deserializer: { value: serde.json(schema) } });
  const bytes: Consumer = new Consumer(servers, {});
  const told = new Consumer(servers, {
    deserializer: {
      value: (given, { topic, part, headers, offset }) =>
        `${given.length} ${topic} ${part} ${headers.length} ${offset}`,
      onError: ({ raw, part, cause }) => console.log(raw.value?.length, part, cause),
    },
  });
  for await (const message of told) {
    const value: string | null = message.value;
    const key: Buffer | null = message.key;
    console.log(value, key);
  }
  for await (const { value, key } of both) console.log(value?.id, key?.toUpperCase());
  for await (const batch of typed.batches()) {
    for (const { value } of batch) console.log(value?.id);
    for (const part of batch.byPartition()) for (const { value } of part) console.log(value?.id);
    await typed.commit(batch);
  }
  await valid.process(({ value }) => console.log(value?.id), {
    onFailure: (error, message) => {
      const raw: Buffer | Order | null = message.value;
      if (error instanceof DeserializationError) console.log(error.raw.value?.length, raw);
    },
  });
  await using producer = new Producer(servers, { serializer: { key: serde.string(), value: serde.json(schema) } });
  await producer.send({ topic: 'orders', key: 'a', value: { id: '1' } });
  await producer.send([{ topic: 'orders', value: null }]);
  await producer.transaction((tx) => tx.send({ topic: 'orders', key: 'a', value: { id: '1' } }));
  await valid.process(() => undefined, { onFailure: deadLetters(producer, 'dead') });
  await bytes.process(() => undefined, { onFailure: deadLetters(producer, 'dead') });
  const plain: Producer = new Producer(servers);
  await plain.transaction(async (tx) => tx.sendOffsets(both));
  for await (const message of bytes) {
    const same: Message = message;
    await plain.send({ topic: 'other', key: same.key, value: same.value });
    console.log(keys.isStale(message));
  }
  const settings = table(both, 'settings');
  const order: Order | undefined = settings.get('a');
  const ids = table(both, 'settings', { load: ({ value }) => value.id });
  const id: number | undefined = ids.get('a');
  const texts = table(servers, 'settings', { load: ({ value }) => value.toString() });
  const text: string | undefined = texts.get('a');
  console.log(order, id, text);
}

/** Whoever works with any consumer. */
export const group = (consumer: Consumer<unknown, unknown>): number => consumer.assignment.length;
export const counted = (consumer: Consumer<Order, string>): number => group(consumer);

/* eslint-disable @typescript-eslint/no-explicit-any -- as @confluentinc/schemaregistry has it */
declare const avro: {
  serialize(
    topic: string,
    msg: any,
    headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>,
  ): Promise<Buffer>;
  deserialize(
    topic: string,
    payload: Buffer,
    headers?: Record<string, Buffer | string | (Buffer | string)[] | undefined>,
  ): Promise<any>;
};
/* eslint-enable @typescript-eslint/no-explicit-any */
export const ofRegistry = new Consumer<Order>(servers, { deserializer: { value: avro } });
export const toRegistry = new Producer<Order>(servers, { serializer: { value: avro } });

export const options: ConsumerDeserializer<Order> = { value: (bytes) => ({ id: bytes.length }) };
export const decode: Deserializer<Order> = serde.json<Order>();
export const encode: Serializer<Order> = (order, { topic, partition }) => `${topic} ${partition ?? -1} ${order.id}`;
export const message: ProducerMessage<Order, string> = { topic: 'orders', key: 'a', value: { id: 1 } };
