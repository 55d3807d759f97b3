import { MockCluster, type Consumer } from 'seekafka';

declare const consumer: Consumer;

// @ts-expect-error No such event: it is 'assigned'.
consumer.on('assign', () => {});
// @ts-expect-error The event gives a KafkaError.
consumer.on('error', (error: string) => console.log(error));
// @ts-expect-error It is started by MockCluster.start(), which may have to wait.
new MockCluster();
