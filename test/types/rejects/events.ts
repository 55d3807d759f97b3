import { MockCluster, type Consumer } from 'seekafka';

declare const consumer: Consumer;

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
