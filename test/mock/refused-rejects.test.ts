import { once } from 'node:events';
import type net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { Consumer, KafkaError, Producer } from 'seekafka';
import { withCertificates } from '../helpers/certificates.js';
import { mockCluster } from '../helpers/clusters.js';
import { RefusalClock } from '../helpers/refusal-clock.js';
import { rejection } from '../helpers/rejection.js';
import { awake, inTime } from '../helpers/wait.js';

describe('a certificate that is refused', () => {
  const made = withCertificates((certificates) => ({
    own: certificates.make('unknown', ['IP:127.0.0.1']),
    other: certificates.make('other', ['DNS:other.invalid']),
  }));

  it('rejects what waits, and a later call anew, soon after the refusal', async () => {
    const { own, other } = made();
    const server = tls.createServer({ key: own.key, cert: own.certificate }).on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const config = {
      'bootstrap.servers': `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
      'security.protocol': 'ssl',
      'ssl.ca.location': other.file,
    } as const;
    const clock = new RefusalClock();
    const producer = clock.watch(new Producer(config));
    const consumer = clock.watch(new Consumer(config));
    const send = () => producer.send({ topic: 't', value: 'x' });
    try {
      for (const ask of [send, () => consumer.endOffsets([{ topic: 't', partition: 0 }]), send]) {
        const begun = awake();
        const error = await inTime(rejection(ask()));
        clock.expectSoon(error as KafkaError, begun, 'a call');
        expect(error).to.be.instanceOf(KafkaError).and.include({ code: 'ERR__SSL' });
        expect((error as KafkaError).message).to.include('could not be verified');
        expect((error as KafkaError).results).to.equal(undefined);
      }
    } finally {
      await Promise.all([producer.close({ timeoutMs: 500 }), consumer.close({ timeoutMs: 500 })]);
      server.close();
    }
  });
});

describe('a fetch that is refused', () => {
  it('rejects the loop that waits; a later loop goes on', async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic();
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await using consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers });
      consumer.on('error', () => undefined);
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      await producer.send({ topic, value: 'first' });
      const read = async () => {
        for await (const { value } of consumer) return String(value);
        return 'the end';
      };
      expect(await inTime(read(), 'the first message')).to.equal('first');
      const waiting = read();
      // Twice: where the end of the log was not told yet, librdkafka tells that in the place of the mock cluster's first refusal.
      for (let i = 0; i < 2; i++) cluster.mock.pushRequestError(1, 1, 29);
      expect(await inTime(rejection(waiting), 'the refusal')).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
      await producer.send({ topic, value: 'second' });
      expect(await inTime(read(), 'the second message')).to.equal('second');
    } finally {
      await cluster.close();
    }
  });
});
