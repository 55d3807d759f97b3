import { MockCluster, type Admin, type Consumer, type Producer } from 'seekafka';

declare const consumer: Consumer, producer: Producer, admin: Admin;

// @ts-expect-error No such event: it is 'assigned'.
consumer.on('assign', () => {});
// @ts-expect-error No such event: it is 'error'.
consumer.on('eror', (error) => console.log(error));
// @ts-expect-error No such event.
consumer.once('eror', () => {});
// @ts-expect-error It is not for others to tell of errors that are none.
consumer.emit('error', new Error('mine'));
// @ts-expect-error The event gives a KafkaError.
consumer.on('error', (error: string) => console.log(error));
// @ts-expect-error It is started by MockCluster.start(), which may have to wait.
new MockCluster();
// @ts-expect-error It tells partitions, and no errors.
consumer.on('revoked', (error: Error) => console.log(error));
// @ts-expect-error The partitions are not the listener's to change.
consumer.on('assigned', (partitions) => partitions.pop());
// @ts-expect-error It is an object, not offsets one by one.
consumer.on('offsetReset', (topic: string, partition: number) => console.log(topic, partition));
// @ts-expect-error The statistics are parsed; the text is the second argument.
consumer.on('statistics', (json: string) => console.log(json));
// @ts-expect-error A stall has `sinceMs`.
consumer.on('stalled', ({ since }) => console.log(since));
// @ts-expect-error A listener gets no third argument.
consumer.on('lookupStatistics', (statistics, json, more) => console.log(statistics, json, more));
// @ts-expect-error kafkajs' name: here it is 'assigned'.
consumer.on('consumer.group_join', () => {});
// @ts-expect-error node-rdkafka's name: messages come by `for await`.
consumer.on('data', () => {});
// @ts-expect-error Only a consumer is assigned partitions.
producer.on('assigned', () => {});
// @ts-expect-error node-rdkafka's name: send() gives a promise.
producer.on('delivery-report', () => {});
// @ts-expect-error Only a consumer has a second handle.
producer.once('lookupStatistics', () => {});
// @ts-expect-error Only a consumer stalls.
admin.on('stalled', () => {});
// @ts-expect-error Taken away by a name that does not exist.
admin.off('logs', () => {});
// @ts-expect-error A line of the log is an object.
admin.emit('log', 'text');
