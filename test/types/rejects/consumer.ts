import { Consumer } from 'seekafka';

const server = { 'bootstrap.servers': 'localhost:9092' };

// @ts-expect-error A consumer needs a configuration.
new Consumer();
// @ts-expect-error Which brokers?
new Consumer({});
// @ts-expect-error Which brokers?
new Consumer({ 'group.id': 'group' });
// @ts-expect-error No such key: it is 'group.id'.
new Consumer({ ...server, 'group.idd': 'group' });
// @ts-expect-error The value is a number of milliseconds.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'session.timeout.ms': true });
// @ts-expect-error Not one of the values.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'auto.offset.reset': 'middle' });
// @ts-expect-error A key of producers.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'linger.ms': 5 });
// @ts-expect-error What seekafka decides cannot be configured.
new Consumer({ 'bootstrap.servers': 'localhost:9092', 'enable.partition.eof': true });

declare const consumer: Consumer;
const partition = { topic: 'topic', partition: 0 };

// @ts-expect-error Where to?
void consumer.seek(partition);
// @ts-expect-error Offsets are numbers.
void consumer.seek({ ...partition, offset: 42n });
// @ts-expect-error Offsets are numbers.
void consumer.seek({ ...partition, offset: '42' });
// @ts-expect-error The unit belongs to the name: timeoutMs.
void consumer.seek({ ...partition, offset: 42 }, { timeout: 1000 });
// @ts-expect-error Partitions are objects.
void consumer.seekToBeginning(['topic']);
// @ts-expect-error A timestamp is a number or a Date.
void consumer.seekToTimestamp('2026-01-01');
// @ts-expect-error No such end.
consumer.messages({ until: 'now' });
// @ts-expect-error A time is a Date.
consumer.messages({ until: 1_700_000_000_000 });
// @ts-expect-error Messages do not come by the hundred.
consumer.messages({ maxMessages: 100 });
// @ts-expect-error By how much?
void consumer.seekBy();
// @ts-expect-error How many?
void consumer.seekToLast([partition]);
// @ts-expect-error The timestamp is missing.
void consumer.offsetsForTimes([partition]);
// @ts-expect-error Where partitions are assigned is for Kafka to say.
consumer.assignment = [];
// @ts-expect-error No such listener.
void consumer.subscribe('topic', { onAssign: () => {} });
// @ts-expect-error Messages come from the iterator.
for (const message of consumer) console.log(message);
