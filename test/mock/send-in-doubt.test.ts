import { expect } from 'chai';
import { Consumer, type KafkaError, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { eventually, inTime } from '../helpers/wait.js';

// A broker that is slow to answer has stored what it was sent. Where a message timed out, each that waited behind it was sent again with
// another producer id, and stored twice.

const SOCKET_MS = 3000;
const BETWEEN_MS = 2000;
const MESSAGE_MS = 6000;

describe('a message that may be stored already', () => {
  it('is not stored again after one before it has timed out', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await using producer = new Producer({
      'bootstrap.servers': cluster.bootstrapServers,
      'enable.idempotence': true,
      'socket.timeout.ms': SOCKET_MS,
      'api.version.request.timeout.ms': 200,
      'reconnect.backoff.max.ms': 100,
      'message.timeout.ms': MESSAGE_MS,
    });
    producer.on('error', () => undefined);
    const send = (value: string) => producer.send({ topic, partition: 0, value });
    await inTime(send('before'));

    // The mock cluster stores at once, and answers late. Nobody connects anew meanwhile, so that nothing is sent again.
    cluster.mock.setRoundTripTime(1, 60_000);
    const first = rejection(send('first'));
    const began = performance.now();
    await eventually(() => performance.now() - began > BETWEEN_MS);
    const second = send('second').then(
      () => null,
      (error: unknown) => error as KafkaError,
    );
    expect(await inTime(first)).to.include({ code: 'ERR__MSG_TIMED_OUT' });
    cluster.mock.setRoundTripTime(1, 0);
    expect(await inTime(second)).to.include({ code: 'ERR__MSG_TIMED_OUT' });
    await inTime(send('after'));

    await using consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'auto.offset.reset': 'earliest',
    });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const values: string[] = [];
    for await (const message of consumer.messages({ until: 'end' })) values.push(String(message.value));
    expect(values).to.deep.equal(['before', 'first', 'second', 'after']);
  });
});
