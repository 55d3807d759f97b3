import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Admin, type AdminConfig, Consumer, KafkaError, Producer } from 'seekafka';
import { Certificates } from '../helpers/certificates.js';
import { example } from '../helpers/example.js';
import { describeOwnKafka } from '../helpers/kafka.js';
import { skip } from '../helpers/groups.js';
import { Program } from '../helpers/program.js';
import { RefusalClock } from '../helpers/refusal-clock.js';
import { rejection } from '../helpers/rejection.js';
import { PASSWORD, Secured } from '../helpers/secured-kafka.js';
import { uniqueTopic } from '../helpers/unique.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

// Each way to log in, at a listener of a real Kafka: that it works, and what is said where it does not.

let secured: Secured;
/** SECURITY_TABLE=1 prints what docs/security.md has. */
const rows: string[] = [];

type Config = Omit<AdminConfig, 'bootstrap.servers'> & { 'bootstrap.servers'?: string };

before(function () {
  const reason = Certificates.whyNot();
  if (reason) skip(this, reason);
});

describeOwnKafka(
  'a real Kafka',
  (kafka) => {
    let topic: string;
    before('a topic with a message', async () => {
      topic = uniqueTopic();
      await using admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      await admin.createTopics([{ topic, partitions: 1 }]);
      await using producer = new Producer({ 'bootstrap.servers': kafka().bootstrapServers });
      await producer.send({ topic, value: 'x' });
    });
    after(() => {
      secured[Symbol.dispose]();
      if (process.env.SECURITY_TABLE) console.log(rows.join('\n'));
    });

    const at = (listener: string, config: Config): AdminConfig => ({
      'bootstrap.servers': kafka().listeners[listener]!,
      ...config,
    });
    const trusted = () => ({ 'security.protocol': 'ssl', 'ssl.ca.location': secured.authority.file }) as const;
    const password = (
      protocol: 'sasl_plaintext' | 'sasl_ssl',
      mechanism: string,
      user: keyof typeof PASSWORD = 'alice',
    ) => ({
      'security.protocol': protocol,
      'sasl.mechanism': mechanism,
      'sasl.username': user,
      'sasl.password': PASSWORD[user],
      ...(protocol === 'sasl_ssl' ? { 'ssl.ca.location': secured.authority.file } : {}),
    });

    describe('lets a client in', () => {
      const ways: Record<string, [listener: string, config: () => Config]> = {
        'by TLS with a private authority in a file': ['TLS', trusted],
        'by TLS with a private authority in memory': [
          'TLS',
          () => ({ 'security.protocol': 'ssl', 'ssl.ca.pem': secured.authority.certificate.toString() }),
        ],
        'by TLS 1.2': ['TLS12', trusted],
        'by TLS 1.3': ['TLS13', trusted],
        'by TLS without a look at the name': [
          'TLS',
          () => ({
            ...trusted(),
            'bootstrap.servers': kafka().listeners.TLS!.replace('127.0.0.1', 'localhost'),
            'ssl.endpoint.identification.algorithm': 'none',
          }),
        ],
        'by a certificate of its own in files': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.location': secured.client.file,
            'ssl.key.location': secured.client.keyFile,
          }),
        ],
        'by a certificate of its own in memory': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.pem': secured.client.certificate.toString(),
            'ssl.key.pem': secured.client.key.toString(),
          }),
        ],
        'by an encrypted key in a file': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.location': secured.client.file,
            'ssl.key.location': secured.certificates.encryptedKey(secured.client, 'opens'),
            'ssl.key.password': 'opens',
          }),
        ],
        'by an encrypted key in memory': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.pem': secured.client.certificate.toString(),
            'ssl.key.pem': readFileSync(secured.certificates.encryptedKey(secured.client, 'opens'), 'utf8'),
            'ssl.key.password': 'opens',
          }),
        ],
        'by a PKCS#12 file': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.keystore.location': secured.certificates.pkcs12(secured.client, 'opens'),
            'ssl.keystore.password': 'opens',
          }),
        ],
      };
      for (const mechanism of ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']) {
        ways[`by ${mechanism} on plaintext`] = ['SASL', () => password('sasl_plaintext', mechanism)];
        ways[`by ${mechanism} on TLS`] = ['SASLTLS', () => password('sasl_ssl', mechanism)];
      }
      for (const [way, [listener, config]] of Object.entries(ways)) {
        it(way, async () => {
          await using producer = new Producer(at(listener, config()));
          await inTime(producer.connect());
          const { offset } = await inTime(producer.send({ topic, value: 'x' }));
          await using consumer = new Consumer(at(listener, config()));
          await inTime(consumer.connect());
          await consumer.assign([{ topic, partition: 0, offset }]);
          for await (const message of consumer) {
            expect(message.offset).to.equal(offset);
            break;
          }
          expect((await inTime(consumer.endOffsets([{ topic, partition: 0 }])))[0]!.offset).to.be.above(offset);
        });
      }
    });

    it('lets in who does as examples/tls-scram.ts does, by the right password', async () => {
      const env = { KAFKA_BROKERS: kafka().listeners.SASLTLS!, KAFKA_CA: secured.authority.file, KAFKA_USER: 'alice' };
      await using right = example('tls-scram', [topic], { ...env, KAFKA_PASSWORD: PASSWORD.alice });
      await using wrong = example('tls-scram', [topic], { ...env, KAFKA_PASSWORD: 'wrong' });
      expect(await right.ended).to.deep.include({ code: 0, stdout: 'from alice\n', stderr: '' });
      expect(await wrong.ended).to.include({ code: 1, stdout: '' });
      expect((await wrong.ended).stderr).to.match(/^ERR__AUTHENTICATION connect: .*invalid credentials.*\n$/);
    });

    it('trusts whom NODE_EXTRA_CA_CERTS names, where it is not told whom to trust', async () => {
      const source = `
        import { Admin } from 'seekafka';
        const admin = new Admin({ 'bootstrap.servers': '${kafka().listeners.TLS!}', 'security.protocol': 'ssl' });
        admin.on('error', () => {});
        await admin.connect().then(() => console.log('connected'), ({ code }) => console.log(code));
        await admin.close();`;
      await using trusting = new Program(source, { NODE_EXTRA_CA_CERTS: secured.authority.file });
      expect((await trusting.ended).stdout).to.equal('connected\n');
      await using strange = new Program(source);
      expect((await strange.ended).stdout).to.equal('ERR__SSL\n');
    });

    it('wants a login again and again (KIP-368), and nobody notices', async () => {
      const logins: string[] = [];
      const errors: unknown[] = [];
      await using producer = new Producer(
        at('AGAIN', { ...password('sasl_plaintext', 'SCRAM-SHA-256'), debug: 'security' }),
      );
      producer.on('error', (error) => errors.push(error));
      producer.on('log', ({ message }) => {
        if (message.includes('session lifetime')) logins.push(message);
      });
      await inTime(producer.send({ topic, value: 'x' }));
      const before = logins.length;
      await eventually(() => logins.length >= before + 3, { timeoutMs: 30_000, what: 'three more logins' });
      await inTime(producer.send({ topic, value: 'y' }));
      expect(errors).to.deep.equal([]);
    });

    describe('lets a client in by a new password', () => {
      const wrong = () => ({
        ...at('SASL', password('sasl_plaintext', 'SCRAM-SHA-256')),
        'sasl.password': 'old-secret',
      });
      const partitions = () => [{ topic, partition: 0 }];

      for (const Kind of [Producer, Admin, Consumer]) {
        it(`as soon as it has it: ${Kind.name}`, async () => {
          await using client = new Kind(wrong());
          client.on('error', () => undefined);
          expect(await inTime(rejection(client.connect()))).to.include({ code: 'ERR__AUTHENTICATION' });
          client.setSaslCredentials('alice', PASSWORD.alice);
          await inTime(client.connect());
        });
      }

      it('and goes on with what waits', async () => {
        await using consumer = new Consumer(wrong());
        const told = new Promise((resolve) => consumer.on('error', resolve));
        const asked = consumer.endOffsets(partitions());
        asked.catch(() => undefined); // it may be rejected as soon as the login is refused
        await inTime(told);
        consumer.setSaslCredentials('alice', PASSWORD.alice);
        expect(await inTime(consumer.endOffsets(partitions()))).to.have.length(1);
      });

      it('which other clients do not have by that', async () => {
        const right = at('SASL', password('sasl_plaintext', 'SCRAM-SHA-256'));
        await using one = new Consumer(right);
        await using other = new Consumer(right);
        for (const consumer of [one, other]) consumer.on('error', () => undefined);
        await inTime(Promise.all([one.endOffsets(partitions()), other.endOffsets(partitions())]));
        const pending = one.endOffsets(partitions());
        one.setSaslCredentials('alice', 'not-hers');
        await inTime(pending);
        expect(await inTime(rejection(one.connect()))).to.include({ code: 'ERR__AUTHENTICATION' });
        await inTime(other.endOffsets(partitions()));
        one.setSaslCredentials('alice', PASSWORD.alice);
        await inTime(one.endOffsets(partitions()));
        await one.close();
        await inTime(other.endOffsets(partitions()));
      });
    });

    describe('tells who is not let in why, by connect() and by an event', () => {
      const closed = 'ERR__TRANSPORT';
      const refusals: Record<string, [listener: string, config: () => Config, code: string, message: RegExp]> = {
        'a wrong password (PLAIN)': [
          'SASL',
          () => ({ ...password('sasl_plaintext', 'PLAIN'), 'sasl.password': 'wrong' }),
          'ERR__AUTHENTICATION',
          /Authentication failed: Invalid username or password/,
        ],
        'a wrong password (SCRAM-SHA-256)': [
          'SASL',
          () => ({ ...password('sasl_plaintext', 'SCRAM-SHA-256'), 'sasl.password': 'wrong' }),
          'ERR__AUTHENTICATION',
          /Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256/,
        ],
        'a wrong password (SCRAM-SHA-512, TLS)': [
          'SASLTLS',
          () => ({ ...password('sasl_ssl', 'SCRAM-SHA-512'), 'sasl.password': 'wrong' }),
          'ERR__AUTHENTICATION',
          /invalid credentials with SASL mechanism SCRAM-SHA-512/,
        ],
        'an unknown user (PLAIN)': [
          'SASL',
          () => ({ ...password('sasl_plaintext', 'PLAIN'), 'sasl.username': 'nobody' }),
          'ERR__AUTHENTICATION',
          /Authentication failed: Invalid username or password/,
        ],
        'an unknown user (SCRAM-SHA-512)': [
          'SASL',
          () => ({ ...password('sasl_plaintext', 'SCRAM-SHA-512'), 'sasl.username': 'nobody' }),
          'ERR__AUTHENTICATION',
          /invalid credentials with SASL mechanism SCRAM-SHA-512/,
        ],
        'a mechanism that is not enabled': [
          'TOKENS',
          () => password('sasl_plaintext', 'PLAIN'),
          'ERR__AUTHENTICATION',
          /broker's supported mechanisms: OAUTHBEARER/,
        ],
        'an unknown authority': [
          'TLS',
          () => ({ 'security.protocol': 'ssl', 'ssl.ca.location': secured.stranger.file }),
          'ERR__SSL',
          /could not be verified: .*authority that signed it is not among those that are trusted/,
        ],
        'a wrong host name': [
          'TLS',
          () => ({ ...trusted(), 'bootstrap.servers': kafka().listeners.TLS!.replace('127.0.0.1', 'localhost') }),
          'ERR__SSL',
          /could not be verified: hostname mismatch/i,
        ],
        'an expired server certificate': ['EXPIRED', trusted, 'ERR__SSL', /certificate has expired/],
        'an expired client certificate': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.location': secured.expiredClient.file,
            'ssl.key.location': secured.expiredClient.keyFile,
          }),
          'ERR__SSL',
          /alert/,
        ],
        'a client certificate of a stranger': [
          'MUTUAL',
          () => ({
            ...trusted(),
            'ssl.certificate.location': secured.strangeClient.file,
            'ssl.key.location': secured.strangeClient.keyFile,
          }),
          'ERR__SSL',
          /alert/,
        ],
        'a missing client certificate': ['MUTUAL', trusted, 'ERR__SSL', /alert.*wants the client to have/],
        'plaintext at a TLS listener': ['TLS', () => ({}), 'ERR__SSL', /listener speaks TLS/],
        'TLS at a plaintext listener': ['SASL', trusted, closed, /PLAINTEXT/],
        'no login at a SASL listener': ['SASL', () => ({}), closed, /SASL/],
        'a login at a listener without SASL': [
          'PLAIN',
          () => ({ ...password('sasl_plaintext', 'PLAIN'), 'bootstrap.servers': kafka().bootstrapServers }),
          'ERR__AUTHENTICATION',
          /./,
        ],
        'a port that nobody listens on': ['TLS', () => ({ 'bootstrap.servers': '127.0.0.1:1' }), closed, /refused/],
        'a host name that does not exist': [
          'TLS',
          () => ({ 'bootstrap.servers': 'no-such-host.invalid:9092' }),
          'ERR__RESOLVE',
          /no-such-host\.invalid/,
        ],
      };
      for (const [what, [listener, config, code, message]] of Object.entries(refusals)) {
        it(what, async () => {
          await using admin = new Admin(at(listener, config()));
          const errors: [at: number, error: KafkaError][] = [];
          const begun = awake();
          admin.on('error', (error) => errors.push([awake() - begun, error]));
          const error = (await inTime(rejection(admin.connect()), () => JSON.stringify(errors))) as KafkaError;
          const ms = awake() - begun;
          expect(error).to.be.instanceOf(KafkaError);
          const event = errors.find(([, { code: told }]) => told === error.code);
          rows.push(
            `| ${what} | \`${error.code}\` | ${Math.round(ms)} | ${Math.round(event?.[0] ?? NaN)} | ${error.message} |`,
          );
          expect(error.code, error.message).to.equal(code);
          expect(error.message).to.match(message);
          expect(error.operation).to.equal('connect');
          expect(event?.[1]).to.equal(error.cause);
          const again = (await inTime(rejection(admin.connect()))) as KafkaError;
          expect(again.code, 'of a later call').to.equal(code);
        });
      }

      for (const [what, [listener, config, code, message]] of Object.entries(refusals)) {
        if (!what.includes('client certificate')) continue;
        it(`${what}: send() and a loop that waits reject soon, too`, async () => {
          const clocks = [new RefusalClock(), new RefusalClock()] as const;
          await using producer = clocks[0].watch(new Producer(at(listener, config())));
          await using consumer = clocks[1].watch(new Consumer(at(listener, config())));
          await consumer.assign([{ topic, partition: 0, offset: 0 }]);
          const begun = awake();
          const calls = [producer.send({ topic, value: 'x' }), consumer[Symbol.asyncIterator]().next()];
          const told = calls.map(async (call, i) => {
            const error = (await inTime(rejection(call))) as KafkaError;
            clocks[i]!.expectSoon(error, begun, i === 0 ? 'send()' : 'a loop');
            expect(error).to.be.instanceOf(KafkaError).and.include({ code });
            expect(error.message).to.match(message);
          });
          await Promise.all(told);
        });
      }
    });
  },
  () => {
    secured = new Secured();
    return secured.options();
  },
);
