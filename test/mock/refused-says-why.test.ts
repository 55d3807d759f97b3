import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { expect } from 'chai';
import { type KafkaError, Producer, type ProducerConfig } from 'seekafka';
import { type Certificate, withCertificates } from '../helpers/certificates.js';
import { eventually } from '../helpers/wait.js';

// Whoever is refused needs to know what to mend: which authority, which name, which date, which protocol.

describe('a client that is refused is told why', () => {
  const made = withCertificates((certificates) => ({
    certificates,
    other: certificates.make('other', ['DNS:other.invalid']),
  }));

  /** The first error event that a producer has of this server, but for ERR__ALL_BROKERS_DOWN. */
  async function told(server: net.Server, config: Omit<ProducerConfig, 'bootstrap.servers'>): Promise<KafkaError> {
    const sockets = new Set<net.Socket>();
    server.on('connection', (socket: net.Socket) => sockets.add(socket.on('error', () => undefined)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const errors: KafkaError[] = [];
    const producer = new Producer({
      ...config,
      'bootstrap.servers': `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    });
    producer.on('error', (error) => errors.push(error));
    try {
      return await eventually(() => errors.find(({ code }) => code !== 'ERR__ALL_BROKERS_DOWN'), {
        what: 'an error event',
      });
    } finally {
      await producer.close({ timeoutMs: 1000 });
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  }

  const tlsServer = ({ key, certificate }: Certificate) =>
    tls.createServer({ key, cert: certificate }).on('tlsClientError', () => undefined);

  it('an authority that it does not know', async () => {
    const own = made().certificates.make('unknown', ['IP:127.0.0.1']);
    const error = await told(tlsServer(own), { 'security.protocol': 'ssl', 'ssl.ca.location': made().other.file });
    expect(error.code).to.equal('ERR__SSL');
    expect(error.message).to.match(/certificate of 127\.0\.0\.1:\d+ could not be verified: self[- ]signed/);
    expect(error.message).to.match(/authority.*ssl\.ca\.location/);
  });

  it('a certificate that has expired', async () => {
    const own = made().certificates.make('expired', ['IP:127.0.0.1'], { days: -1 });
    const error = await told(tlsServer(own), { 'security.protocol': 'ssl', 'ssl.ca.location': own.file });
    expect(error.code).to.equal('ERR__SSL');
    expect(error.message).to.match(/could not be verified: certificate has expired/);
    expect(error.message).not.to.match(/ssl\.ca\.location/);
  });

  it('a certificate of another host', async () => {
    const own = made().certificates.make('elsewhere', ['IP:127.0.0.9']);
    const error = await told(tlsServer(own), { 'security.protocol': 'ssl', 'ssl.ca.location': own.file });
    expect(error.code).to.equal('ERR__SSL');
    expect(error.message).to.match(/could not be verified: IP address mismatch.*not for the name/);
  });

  it('a listener that wants TLS, and says so', async () => {
    // As Java's TLS does. (Node's closes the connection.)
    const alert = Buffer.from([21, 3, 3, 0, 2, 2, 80]);
    const server = net.createServer((socket) => socket.once('data', () => socket.end(alert)));
    const error = await told(server, {});
    expect(error.code).to.equal('ERR__SSL');
    expect(error.message).to.match(/listener speaks TLS.*security\.protocol is plaintext/);
  });

  it('a listener that wants TLS, perhaps, and says nothing', async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.destroy()));
    const error = await told(server, {});
    expect(error.code).to.equal('ERR__TRANSPORT');
    expect(error.message).to.match(/security\.protocol.*SSL listener/);
  });

  it('a listener without TLS', async () => {
    const server = net.createServer((socket) => socket.once('data', () => socket.destroy()));
    const error = await told(server, { 'security.protocol': 'ssl', 'ssl.ca.location': made().other.file });
    expect(error.message).to.match(/PLAINTEXT/);
  });
});
