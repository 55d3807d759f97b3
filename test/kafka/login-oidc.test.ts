import { expect } from 'chai';
import { Admin, type ClientCredentialsOptions, type KafkaError, Producer, clientCredentials } from 'seekafka';
import { describeOwnKafka } from '../helpers/kafka.js';
import { OidcProvider } from '../helpers/oidc.js';
import { rejection } from '../helpers/rejection.js';
import { tokenConfig } from '../helpers/tokens.js';
import { uniqueTopic } from '../helpers/unique.js';
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
