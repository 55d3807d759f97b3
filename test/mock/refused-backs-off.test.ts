import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { Admin, type AdminConfig, Consumer, type KafkaError, MockCluster, Producer } from 'seekafka';
import { Attempts, MAX_MS } from '../helpers/attempts.js';
import { withCertificates } from '../helpers/certificates.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A client that is refused tries again, less and less often, up to reconnect.backoff.max.ms, whatever it is that refuses
// it: else a wrong certificate in one service is an attack on the cluster. (157 connections a second, once.) A first
// connection, and one that was good, is not waited for.

describe('a client that is refused', () => {
  const certificates = withCertificates((all) => ({
    own: all.make('own', ['IP:127.0.0.1']),
    other: all.make('other', ['IP:127.0.0.1']),
  }));

  const refusals: Record<string, () => { server: net.Server; config: Partial<AdminConfig> }> = {
    'by a server that closes its connections': () => ({
      server: net.createServer((socket) => socket.destroy()),
      config: {},
    }),
    'as it does not know the authority of the server': () => {
      const { own, other } = certificates();
      return {
        server: tls.createServer({ key: own.key, cert: own.certificate }).on('tlsClientError', () => undefined),
        config: { 'security.protocol': 'ssl', 'ssl.ca.location': other.file },
      };
    },
    'by a TLS listener, which wants no plaintext': () => ({
      // As Java's TLS does.
      server: net.createServer((socket) => socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 80])))),
      config: {},
    }),
    'by a listener without TLS': () => ({
      server: net.createServer((socket) => socket.once('data', () => socket.destroy())),
      config: { 'security.protocol': 'ssl', 'ssl.ca.location': certificates().own.file },
    }),
  };
  const clients: Record<string, (config: AdminConfig) => Producer | Consumer | Admin> = {
    producer(config) {
      const producer = new Producer(config);
      producer.send({ topic: 'topic', value: 'x' }).catch(() => undefined);
      return producer;
    },
    consumer(config) {
      const consumer = new Consumer({ ...config, 'group.id': uniqueGroup() });
      consumer.subscribe('topic').catch(() => undefined);
      return consumer;
    },
    admin(config) {
      const admin = new Admin(config);
      admin.listTopics().catch(() => undefined);
      return admin;
    },
  };

  for (const [how, refuse] of Object.entries(refusals)) {
    for (const [kind, create] of Object.entries(clients)) {
      it(`${how}: a ${kind} comes less and less often`, async () => {
        const { server, config } = refuse();
        const attempts = new Attempts();
        server.on('connection', (socket: net.Socket) => {
          socket.on('error', () => undefined);
          attempts.note();
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');
        const client = create({
          ...config,
          'bootstrap.servers': `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
          'reconnect.backoff.max.ms': MAX_MS,
        });
        attempts.watch(client);
        try {
          await attempts.expectQuickStart();
          await attempts.expectModest(kind === 'consumer' ? 2 : 1);
        } finally {
          await client.close({ timeoutMs: 500 });
          server.close();
        }
      });
    }
  }

  for (const [kind, create] of Object.entries(clients)) {
    it(`as nobody listens: a ${kind} comes less and less often`, async () => {
      const attempts = new Attempts();
      const client = create({
        'bootstrap.servers': '127.0.0.1:1',
        'reconnect.backoff.max.ms': MAX_MS,
        debug: 'broker',
      });
      // There is no server that could count them.
      client.on('log', ({ message }: { message: string }) => {
        if (/: Connecting to \S+#127\.0\.0\.1:1 /.test(message)) attempts.note();
      });
      attempts.watch(client);
      try {
        await attempts.expectQuickStart();
        await attempts.expectModest(kind === 'consumer' ? 2 : 1);
      } finally {
        await client.close({ timeoutMs: 500 });
      }
    });
  }

  it('is told once that all brokers are down, and again when they were up in between', async () => {
    await using cluster = new AsyncDisposableCluster(await MockCluster.start());
    const topic = uniqueTopic();
    cluster.mock.createTopic(topic);
    const errors: KafkaError[] = [];
    await using producer = new Producer({
      'bootstrap.servers': cluster.mock.bootstrapServers,
      'reconnect.backoff.max.ms': 100,
    });
    producer.on('error', (error) => errors.push(error));
    const downs = () => errors.filter(({ code }) => code === 'ERR__ALL_BROKERS_DOWN').length;
    await producer.send({ topic, value: 'x' });
    for (const round of [1, 2]) {
      cluster.mock.brokerDown(1);
      await eventually(() => downs() >= round, { what: 'all brokers are down' });
      const begun = performance.now();
      await eventually(() => performance.now() - begun > 1000, { what: 'several attempts' });
      expect(downs()).to.equal(round);
      cluster.mock.brokerUp(1);
      await producer.send({ topic, value: 'x' });
    }
  });

  it('is told nothing of connections that were closed because nobody used them', async () => {
    await using cluster = new AsyncDisposableCluster(await MockCluster.start());
    const topic = uniqueTopic();
    cluster.mock.createTopic(topic);
    const errors: KafkaError[] = [];
    await using producer = new Producer({
      'bootstrap.servers': cluster.mock.bootstrapServers,
      'connections.max.idle.ms': 1000,
    });
    producer.on('error', (error) => errors.push(error));
    for (const value of ['x', 'y']) {
      await producer.send({ topic, value });
      await eventually(() => producer.health().brokersUp === 0, { intervalMs: 5, what: 'no connection is left' });
      expect(producer.health().state).to.equal('up');
    }
    expect(errors).to.deep.equal([]);
  });
});

class AsyncDisposableCluster implements AsyncDisposable {
  constructor(readonly mock: MockCluster) {}

  async [Symbol.asyncDispose](): Promise<void> {
    await this.mock.close();
  }
}
