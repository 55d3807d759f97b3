import { expect } from 'chai';
import { KafkaError, MockCluster, Producer } from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { eventually, inTime } from '../helpers/wait.js';

// A message whose time was over said so, and not what it had waited for.

describe('a message that is late', () => {
  it('has the lost connection as its cause, alone and in an array', async () => {
    await using cluster = await MockCluster.start({ brokers: 1 });
    cluster.createTopic('topic', 1);
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'message.timeout.ms': 3000 });
    producer.on('error', () => undefined);
    await producer.send({ topic: 'topic', value: 'x' });
    cluster.brokerDown(1);
    const sent = [producer.send({ topic: 'topic', value: 'y' }), producer.send([{ topic: 'topic', value: 'z' }])].map(
      (one) => inTime(rejection(one), 'send()', 60_000),
    );
    for (const error of await Promise.all(sent)) {
      expect(error).to.be.instanceOf(KafkaError).and.include({ code: 'ERR__MSG_TIMED_OUT', operation: 'send' });
      expect((error as KafkaError).cause)
        .to.be.instanceOf(KafkaError)
        .and.include({ code: 'ERR__TRANSPORT' });
    }
  });

  it('has no cause that passed before it was sent', async () => {
    await using cluster = await MockCluster.start({ brokers: 1 });
    cluster.createTopic('topic', 1);
    const errors: KafkaError[] = [];
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'message.timeout.ms': 1500 });
    producer.on('error', (error) => errors.push(error));
    await producer.send({ topic: 'topic', value: 'x' });
    cluster.brokerDown(1);
    await eventually(() => errors.length > 0, { what: 'the connection is lost' });
    cluster.brokerUp(1);
    await inTime(
      eventually(() => producer.send({ topic: 'topic', value: 'y' }).then(() => true), { timeoutMs: 60_000 }),
    );
    const { length } = errors;
    const since = performance.now();
    await eventually(() => performance.now() - since > 2000, { what: 'that is long ago' });
    cluster.setRoundTripTime(1, 5000);
    const error = await inTime(rejection(producer.send({ topic: 'topic', value: 'z' })), 'send()', 60_000);
    expect(error).to.include({ code: 'ERR__MSG_TIMED_OUT' });
    expect((error as KafkaError).cause).to.be.oneOf([undefined, ...errors.slice(length)]);
  });
});
