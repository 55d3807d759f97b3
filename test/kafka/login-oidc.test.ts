import { expect } from 'chai';
import {
  Admin,
  type ClientCredentialsOptions,
  Consumer,
  type KafkaError,
  Producer,
  TokenRefusedError,
  clientCredentials,
} from 'seekafka';
import { example } from '../helpers/example.js';
import { describeOwnKafka } from '../helpers/kafka.js';
import { OidcProvider } from '../helpers/oidc.js';
import { rejection } from '../helpers/rejection.js';
import { tokenConfig } from '../helpers/tokens.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Against the broker's own validator of signed tokens, which takes the provider's keys from its JWKS endpoint.

const LISTENER = 'OIDC';
let provider: OidcProvider;

describeOwnKafka(
  'a login at a broker that checks the tokens of an OIDC provider',
  (kafka) => {
    const config = () => tokenConfig(kafka().listeners[LISTENER]!);
    const credentials = (more: Partial<ClientCredentialsOptions> = {}) =>
      clientCredentials({
        tokenEndpoint: provider.tokenEndpoint,
        clientId: 'orders',
        clientSecret: 'secret',
        scope: 'kafka',
        ...more,
      });
    let topic: string;
    before('a topic', async () => {
      topic = uniqueTopic();
      await using admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      await admin.createTopics([{ topic, partitions: 1 }]);
    });
    after(() => provider[Symbol.asyncDispose]());
    afterEach(() => {
      provider.answer = undefined;
      provider.claims = {};
      provider.seconds = 3600;
    });

    it('comes about, and again before each token ends', async () => {
      provider.seconds = 5;
      const before = provider.requests.length;
      const errors: KafkaError[] = [];
      await using producer = new Producer(config(), { oauthBearerToken: credentials() });
      producer.on('error', (error) => errors.push(error));
      await inTime(producer.send({ topic, value: 'x' }));
      await eventually(() => provider.requests.length >= before + 3, { timeoutMs: 30_000, what: 'three tokens' });
      await inTime(producer.send({ topic, value: 'y' }));
      expect(errors).to.deep.equal([]);
    });

    it('is what examples/oauth.ts shows', async () => {
      const env = {
        KAFKA_BROKERS: kafka().listeners[LISTENER]!,
        KAFKA_TLS: 'no',
        TOKEN_ENDPOINT: provider.tokenEndpoint,
        CLIENT_ID: 'orders',
        CLIENT_SECRET: 'secret',
      };
      await using program = example('oauth', [topic], env);
      expect(await program.ended).to.deep.include({ code: 0, stdout: 'from orders\n', stderr: '' });
    });

    describe('where the provider refuses the secret', () => {
      const refused = /: there is no token to log in with: http.*\/token answered 401: invalid_client$/;
      beforeEach(() => {
        provider.answer = () => ({ status: 401, body: { error: 'invalid_client' } });
      });
      const quiet = <Client extends Producer | Consumer | Admin>(client: Client): Client => {
        client.on('error', () => undefined);
        return client;
      };

      it('rejects what waits soon, and a later call comes about as soon as the secret is right', async () => {
        await using producer = quiet(new Producer(config(), { oauthBearerToken: credentials() }));
        await using admin = quiet(new Admin(config(), { oauthBearerToken: credentials() }));
        await using consumer = quiet(
          new Consumer({ ...config(), 'group.id': uniqueGroup() }, { oauthBearerToken: credentials() }),
        );
        await consumer.subscribe(topic);
        const send = () => producer.send({ topic, value: 'x' });
        const waits = {
          send,
          listTopics: () => admin.listTopics(),
          endOffsets: () => consumer.endOffsets([{ topic, partition: 0 }]),
          seekToEnd: () => consumer.seekToEnd(),
          next: () => consumer.messages().next(),
        };
        await Promise.all(
          Object.entries(waits).map(async ([operation, call]) => {
            const error = (await inTime(rejection(call()), operation, 5000)) as KafkaError;
            expect(error).to.include({ code: 'ERR__AUTHENTICATION', operation });
            expect(error.message).to.match(refused);
            const { cause } = error.cause as KafkaError;
            expect(cause).to.be.instanceOf(TokenRefusedError);
          }),
        );
        await inTime(rejection(send()), 'a later call', 5000); // by the answer to the next attempt
        provider.answer = undefined;
        const stored = () => send().then(Boolean, () => false);
        await eventually(stored, { timeoutMs: 30_000, what: 'a message arrives by the right secret' });
        expect(await inTime(admin.listTopics())).to.include(topic);
      });

      it('ends examples/oauth.ts with the reason', async () => {
        const env = { KAFKA_BROKERS: kafka().listeners[LISTENER]!, KAFKA_TLS: 'no' };
        const wrong = { ...env, TOKEN_ENDPOINT: provider.tokenEndpoint, CLIENT_ID: 'orders', CLIENT_SECRET: 'wrong' };
        await using program = example('oauth', [topic], wrong);
        expect(await program.ended).to.include({ code: 1, stdout: '' });
        expect((await program.ended).stderr.trimEnd()).to.match(refused);
      });

      it('goes on waiting where it is only busy', async () => {
        provider.answer = () => ({ status: 429 });
        await using producer = quiet(new Producer(config(), { oauthBearerToken: credentials() }));
        const failures: unknown[] = [];
        producer.on('error', (error) => failures.push(error));
        const sent = producer.send({ topic, value: 'x' });
        await eventually(() => failures.length >= 5, { what: 'five attempts, which take more than a second' });
        provider.answer = undefined;
        await inTime(sent);
      });
    });

    it('is refused with the broker’s words where the token is for another audience', async () => {
      provider.claims = { aud: 'other' };
      await using admin = new Admin(config(), { oauthBearerToken: credentials() });
      const errors: KafkaError[] = [];
      admin.on('error', (error) => errors.push(error));
      await inTime(rejection(admin.listTopics({ timeoutMs: 1500 })));
      const refused = await eventually(() => errors.find(({ code }) => code === 'ERR__AUTHENTICATION'));
      expect(refused.message).to.match(/invalid_token|Invalid|audience/i);
    });

    it('waits for a token endpoint that is back', async () => {
      provider.answer = () => ({ status: 503 });
      await using admin = new Admin(config(), { oauthBearerToken: credentials() });
      const errors: KafkaError[] = [];
      admin.on('error', (error) => errors.push(error));
      const asked = admin.listTopics();
      asked.catch(() => undefined); // it may be rejected as soon as it is known why it waits
      await eventually(() => errors.length >= 2);
      expect(errors[0]!.message).to.match(/\/token answered 503: Service Unavailable$/);
      provider.answer = undefined;
      expect(await inTime(admin.listTopics())).to.include(topic);
    });
  },
  async () => {
    provider = await OidcProvider.start();
    const prefix = `listener.name.${LISTENER.toLowerCase()}`;
    return {
      listeners: { [LISTENER]: 'SASL_PLAINTEXT' },
      jvm: [`-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${provider.jwksEndpoint}`],
      properties: {
        [`${prefix}.sasl.enabled.mechanisms`]: 'OAUTHBEARER',
        [`${prefix}.oauthbearer.sasl.jaas.config`]:
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
        [`${prefix}.oauthbearer.sasl.server.callback.handler.class`]:
          'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
        [`${prefix}.oauthbearer.connections.max.reauth.ms`]: 3_600_000,
        'sasl.oauthbearer.jwks.endpoint.url': provider.jwksEndpoint,
        'sasl.oauthbearer.expected.audience': 'kafka',
        'sasl.oauthbearer.expected.issuer': provider.issuer,
      },
    };
  },
);
