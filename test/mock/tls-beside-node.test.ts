import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { Consumer, MockCluster, Producer, type KafkaError } from 'seekafka';
import { withCertificates } from '../helpers/certificates.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';
import { eachFrame, readdress, tie } from '../smoke/tls-front.mjs';

// The addon brings no OpenSSL: librdkafka's TLS is bound to the functions of the one inside node. So both work in one
// process here, on one server: Node's, which decrypts and hands on to a mock broker (which knows no TLS).

const HOST = '127.0.0.1';
const API_VERSIONS = 18;
const GREETING = 'hello from a Node client';

describe("librdkafka's TLS beside Node's own, in one process", () => {
  const certificate = withCertificates((certificates) => certificates.make('own', [`IP:${HOST}`]));
  let mock: MockCluster;
  let server: tls.Server;
  let port: number;
  let handshakes = 0;
  const sockets = new Set<net.Socket>();
  const apiKeys: number[] = [];

  before('mock cluster, TLS server', async () => {
    mock = await MockCluster.start();
    const { key, certificate: cert } = certificate();
    server = tls.createServer({ key, cert }, serve);
    server.on('secureConnection', () => handshakes++);
    server.on('tlsClientError', () => {}); // those that do not trust it go away
    server.listen(0, HOST);
    await once(server, 'listening');
    port = (server.address() as net.AddressInfo).port;
  });

  after('end of them', async () => {
    server?.close();
    for (const socket of sockets) socket.destroy();
    await mock?.close();
  });

  /** Kafka's requests go on to the mock broker; a greeting comes back. */
  function serve(client: tls.TLSSocket): void {
    const brokerPort = Number(mock.bootstrapServers.split(':')[1]);
    const broker = net.connect(brokerPort, HOST);
    tie(client, broker, sockets);
    const onRequest = eachFrame((frame) => {
      apiKeys.push(frame.readInt16BE(4));
      broker.write(frame);
    });
    client.on('data', (chunk: Buffer) => {
      if (chunk.toString() === GREETING) client.write(chunk);
      else onRequest(chunk);
    });
    broker.on(
      'data',
      eachFrame((frame) => client.write(readdress(frame, brokerPort, port))),
    );
  }

  const secure = () => ({
    'bootstrap.servers': `${HOST}:${port}`,
    'security.protocol': 'ssl' as const,
    'ssl.ca.location': certificate().file,
  });

  /** Node's own client: what it says comes back. */
  async function greet(): Promise<string> {
    const socket = tls.connect({ host: HOST, port, ca: certificate().certificate });
    try {
      await once(socket, 'secureConnect');
      socket.write(GREETING);
      const [echo] = (await once(socket, 'data')) as [Buffer];
      return echo.toString();
    } finally {
      socket.destroy();
    }
  }

  it('carries messages there and back unharmed while Node talks to the same server', async () => {
    const topic = uniqueTopic('tls');
    mock.createTopic(topic, 2);
    const values = Array.from({ length: 50 }, () => randomBytes(20_000));
    const before = handshakes;
    await using producer = new Producer(secure());
    const greetings = Promise.all(Array.from({ length: 20 }, greet));
    await producer.send(values.map((value, i) => ({ topic, partition: i % 2, value, key: `${i}` })));

    await using consumer = new Consumer({ ...secure(), 'group.id': uniqueGroup('tls') });
    await consumer.subscribe(topic);
    await consumer.seekToBeginning();
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const came = new Map<string, string>();
    for await (const { key, value } of consumer) {
      came.set(key!.toString(), hash(value!));
      if (came.size === values.length) break;
    }
    expect([...came].sort()).to.deep.equal(values.map((value, i) => [`${i}`, hash(value)]).sort());
    expect(await greetings).to.deep.equal(Array.from({ length: 20 }, () => GREETING));
    expect(apiKeys).to.include(API_VERSIONS);
    expect(handshakes - before).to.be.at.least(20 + 2); // Node's clients, the producer and the consumer
  });

  it("leaves Node's TLS alone when the last client is closed: its clean-up is not Node's", async () => {
    const producer = new Producer(secure());
    const before = handshakes;
    await eventually(() => handshakes > before, { what: 'the producer shakes hands' });
    await producer.close();
    expect(await greet()).to.equal(GREETING);
    expect(createHash('sha256').update('abc').digest('hex')).to.match(/^ba7816bf/);
  });

  it('trusts no server that it was not told to trust', async () => {
    const errors: KafkaError[] = [];
    const before = handshakes;
    const seen = apiKeys.length;
    await using producer = new Producer({ 'bootstrap.servers': `${HOST}:${port}`, 'security.protocol': 'ssl' });
    producer.on('error', (error) => errors.push(error));
    const failed = await eventually(() => errors.find(({ code }) => code === 'ERR__SSL'), { what: 'ERR__SSL' });
    expect(failed.message).to.match(/certificate/i);
    expect({ handshakes, requests: apiKeys.length }).to.deep.equal({ handshakes: before, requests: seen });
  });

  it('checks that the certificate is of the host that was asked for', async () => {
    const errors: KafkaError[] = [];
    const before = apiKeys.length;
    await using producer = new Producer({ ...secure(), 'bootstrap.servers': `localhost:${port}` });
    producer.on('error', (error) => errors.push(error));
    await eventually(() => errors.some(({ code }) => code === 'ERR__SSL'), { what: 'ERR__SSL' });
    expect(apiKeys.length).to.equal(before);
  });
});
