import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { MockCluster } from 'seekafka';
import { eachFrame, readdress, tie } from '../smoke/tls-front.mjs';
import type { Certificate } from './certificates.js';

// A service of Kafka's as a client sees it: TLS, a login, and behind both a broker (the mock cluster, which knows neither).

/** Who logs in, by what the mechanism carries. */
export interface Credentials {
  readonly mechanism: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly extensions?: Readonly<Record<string, string>>;
}

export interface Service {
  readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'OAUTHBEARER';
  /** Of PLAIN and OAUTHBEARER: why it may not come in, or undefined. */
  readonly refuses?: (credentials: Credentials) => string | undefined;
  /** Of SCRAM. */
  readonly passwords?: Readonly<Record<string, string>>;
}

const API_VERSIONS = 18;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;
const UNSUPPORTED_MECHANISM = 33;
const REFUSED = 58;

export class FakeService implements AsyncDisposable {
  /** Those that came in, in their order. */
  readonly logins: Credentials[] = [];
  readonly #mock: MockCluster;
  readonly #service: Service;
  readonly #server: tls.Server;
  readonly #sockets = new Set<net.Socket>();

  static async start(certificate: Certificate, service: Service): Promise<FakeService> {
    const fake = new FakeService(await MockCluster.start({ brokers: 1 }), certificate, service);
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  private constructor(mock: MockCluster, { key, certificate }: Certificate, service: Service) {
    this.#mock = mock;
    this.#service = service;
    this.#server = tls.createServer({ key, cert: certificate }, (client) => this.#serve(client));
    this.#server.on('tlsClientError', () => undefined);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of the broker behind it, without TLS and login. */
  get inside(): string {
    return this.#mock.bootstrapServers;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await this.#mock.close();
  }

  #serve(client: tls.TLSSocket): void {
    const [, brokerPort] = this.#mock.bootstrapServers.split(':').map(Number);
    const { port } = this.#server.address() as AddressInfo;
    const broker = net.connect(brokerPort!, '127.0.0.1');
    tie(client, broker, this.#sockets);
    const versions = new Map<number, number>(); // of requests for API versions: by their ids
    const dialogue = new Dialogue(this.#service, (credentials) => this.logins.push(credentials));
    const onRequest = eachFrame((frame) => {
      const [api, version, id] = [frame.readInt16BE(4), frame.readInt16BE(6), frame.readInt32BE(8)];
      const body = frame.subarray(14 + Math.max(0, frame.readInt16BE(12)));
      if (api === SASL_HANDSHAKE) client.write(answer(id, dialogue.handshake(body)));
      else if (api === SASL_AUTHENTICATE) client.write(answer(id, dialogue.authenticate(body, version)));
      else if (api === API_VERSIONS) versions.set(id, version);
      else if (!dialogue.done) client.destroy();
      if (api !== SASL_HANDSHAKE && api !== SASL_AUTHENTICATE) broker.write(frame);
    });
    const onAnswer = eachFrame((frame) => {
      const version = versions.get(frame.readInt32BE(4));
      client.write(version === undefined ? readdress(frame, brokerPort!, port) : withSasl(frame, version));
      versions.delete(frame.readInt32BE(4));
    });
    client.on('data', onRequest);
    broker.on('data', onAnswer);
  }
}

/** What a client says to log in, and what it is answered. */
class Dialogue {
  done = false;
  readonly #service: Service;
  readonly #accepted: (credentials: Credentials) => void;
  #scram: Scram | undefined;

  constructor(service: Service, accepted: (credentials: Credentials) => void) {
    this.#service = service;
    this.#accepted = accepted;
  }

  handshake(body: Buffer): Buffer {
    const { mechanism } = this.#service;
    const isKnown = body.toString('utf8', 2, 2 + body.readInt16BE(0)) === mechanism;
    return Buffer.concat([int16(isKnown ? 0 : UNSUPPORTED_MECHANISM), int32(1), text(mechanism)]);
  }

  authenticate(body: Buffer, version: number): Buffer {
    const said = body.toString('utf8', 4, 4 + body.readInt32BE(0));
    const { refusal, reply = '' } = this.#hear(said);
    const parts = [int16(refusal ? REFUSED : 0), refusal ? text(refusal) : int16(-1)];
    return Buffer.concat([
      ...parts,
      int32(Buffer.byteLength(reply)),
      Buffer.from(reply),
      Buffer.alloc(version > 0 ? 8 : 0),
    ]);
  }

  #hear(said: string): { refusal?: string | undefined; reply?: string } {
    const { mechanism, refuses, passwords = {} } = this.#service;
    if (mechanism === 'SCRAM-SHA-256') {
      if (!this.#scram) return { reply: (this.#scram = new Scram(said, passwords)).first };
      const reply = this.#scram.last(said);
      if (reply === undefined) return { refusal: 'Authentication failed: invalid credentials' };
      return this.#take({ mechanism, username: this.#scram.user }, reply);
    }
    const credentials = mechanism === 'PLAIN' ? plain(said) : bearer(said);
    const refusal = refuses?.(credentials);
    return refusal === undefined ? this.#take(credentials) : { refusal };
  }

  #take(credentials: Credentials, reply = ''): { reply: string } {
    this.done = true;
    this.#accepted(credentials);
    return { reply };
  }
}

function plain(said: string): Credentials {
  const [, username = '', password = ''] = said.split('\0');
  return { mechanism: 'PLAIN', username, password };
}

/** RFC 7628, with the extensions of KIP-342. */
function bearer(said: string): Credentials {
  const pairs = said.split('\x01').slice(1, -2);
  const fields = Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  const { auth = '', ...extensions } = fields;
  return { mechanism: 'OAUTHBEARER', token: auth.replace(/^Bearer /, ''), extensions };
}

const ITERATIONS = 4096;
const hmac = (key: Buffer, data: string) => createHmac('sha256', key).update(data).digest();

/** The server of one SCRAM-SHA-256 dialogue (RFC 5802). */
class Scram {
  readonly user: string;
  readonly first: string;
  readonly #salted: Buffer;
  readonly #bare: string;
  readonly #known: boolean;

  constructor(said: string, passwords: Readonly<Record<string, string>>) {
    this.#bare = said.replace(/^n,,/, '');
    const [, user = '', nonce = ''] = /^n=([^,]*),r=(.*)$/.exec(this.#bare) ?? [];
    this.user = user;
    this.#known = Object.hasOwn(passwords, user);
    const salt = randomBytes(16);
    this.#salted = pbkdf2Sync(passwords[user] ?? '', salt, ITERATIONS, 32, 'sha256');
    this.first = `r=${nonce}${randomBytes(12).toString('base64url')},s=${salt.toString('base64')},i=${ITERATIONS}`;
  }

  /** Undefined: the client does not know the password. */
  last(said: string): string | undefined {
    const [, withoutProof = '', proof = ''] = /^(.*),p=(.*)$/.exec(said) ?? [];
    const message = `${this.#bare},${this.first},${withoutProof}`;
    const stored = createHash('sha256').update(hmac(this.#salted, 'Client Key')).digest();
    const signature = hmac(stored, message);
    const key = Buffer.from(proof, 'base64').map((byte, i) => byte ^ (signature[i] ?? 0));
    if (!this.#known || !createHash('sha256').update(key).digest().equals(stored)) return undefined;
    return `v=${hmac(hmac(this.#salted, 'Server Key'), message).toString('base64')}`;
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const text = (value: string) => Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);

const answer = (id: number, body: Buffer) => Buffer.concat([int32(4 + body.length), int32(id), body]);

/** The broker's API versions, and those of the two requests of a login. */
function withSasl(frame: Buffer, version: number): Buffer {
  if (frame.readInt16BE(8) !== 0) return frame; // it does not know this version, and the client will ask by another
  const isFlexible = version >= 3;
  const added = [SASL_HANDSHAKE, SASL_AUTHENTICATE].flatMap((api) => [
    int16(api),
    int16(0),
    int16(1),
    Buffer.alloc(isFlexible ? 1 : 0),
  ]);
  const at = isFlexible ? 11 : 14; // one byte of a varint, as long as there are no more than 126 of them
  const count = isFlexible ? Buffer.from([frame[10]! + 2]) : int32(frame.readInt32BE(10) + 2);
  const body = Buffer.concat([frame.subarray(4, 10), count, ...added, frame.subarray(at)]);
  return Buffer.concat([int32(body.length), body]);
}
