import { Producer, type KafkaError, type Message } from 'seekafka';

// @ts-expect-error A key of consumers.
const producer = new Producer({ 'bootstrap.servers': 'localhost:9092', 'auto.offset.reset': 'earliest' });

// @ts-expect-error Which topic?
void producer.send({ value: 'text' });
// @ts-expect-error A tombstone is null.
void producer.send({ topic: 'topic', key: 'key' });
// @ts-expect-error A value is text or bytes.
void producer.send({ topic: 'topic', value: 42 });
// @ts-expect-error A value is text or bytes.
void producer.send({ topic: 'topic', value: { json: true } });

// @ts-expect-error Its work is awaited.
void producer.transaction(() => 5);
// @ts-expect-error Offsets are a consumer's.
void producer.transaction((tx) => tx.sendOffsets([{ topic: 'topic', partition: 0, offset: 1 }]));

declare const message: Message;
// @ts-expect-error A tombstone has no value.
message.value.toString();
// @ts-expect-error What was received does not change.
message.headers.push(['name', null]);

declare const error: KafkaError;
// @ts-expect-error Codes are names; the number is errno.
export const code: number = error.code;

const brokers = { 'bootstrap.servers': 'localhost:9092' };
// @ts-expect-error A token ends some time.
new Producer(brokers, { oauthBearerToken: async () => await Promise.resolve({ value: 'eyJ', principal: 'me' }) });
// @ts-expect-error librdkafka's own OIDC is not built in.
new Producer({ 'bootstrap.servers': 'localhost:9092', 'sasl.oauthbearer.method': 'oidc' });
