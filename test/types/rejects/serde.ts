import { Consumer, Producer, serde } from 'seekafka';

interface Order {
  id: number;
}
const servers = { 'bootstrap.servers': 'localhost:9092' };

declare const consumer: Consumer<Order, string>;
declare const producer: Producer<Order, string>;

// @ts-expect-error A value may be a tombstone.
for await (const { value } of consumer) console.log(value.id);
// @ts-expect-error A key is a string.
for await (const { key } of consumer) console.log(key?.readInt8());
// @ts-expect-error Values are orders, not bytes.
const bytes: Consumer = consumer;
// @ts-expect-error An order has a number.
void producer.send({ topic: 'orders', value: { id: '1' } });
// @ts-expect-error Bytes are no order.
void producer.send({ topic: 'orders', value: Buffer.from('1') });
// @ts-expect-error A key is a string.
void producer.send({ topic: 'orders', key: Buffer.from('1'), value: null });
// @ts-expect-error No such part.
new Consumer(servers, { deserializer: { header: serde.string() } });
// @ts-expect-error It decodes to a string.
const order: Consumer<Order> = new Consumer(servers, { deserializer: { value: serde.string() } });
// @ts-expect-error What a serialiser gives is bytes.
new Producer(servers, { serializer: { value: (given: Order) => given.id } });
