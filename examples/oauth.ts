// A login by tokens of an OIDC provider (SASL/OAUTHBEARER, client credentials).
//
//   KAFKA_BROKERS=host:9092 TOKEN_ENDPOINT=https://... CLIENT_ID=... CLIENT_SECRET=... node --import tsx examples/oauth.ts orders

import { KafkaError, Producer, clientCredentials } from 'seekafka';
import { readBack } from './read-back.js';

const { KAFKA_BROKERS, TOKEN_ENDPOINT, CLIENT_ID, CLIENT_SECRET } = process.env as Record<string, string>;
const [, , topic = 'orders'] = process.argv;

const config = {
  'bootstrap.servers': KAFKA_BROKERS!,
  'security.protocol': process.env.KAFKA_TLS === 'no' ? 'sasl_plaintext' : 'sasl_ssl',
  'sasl.mechanism': 'OAUTHBEARER',
} as const;
// In its place any function that gives a token: async ({ signal }) => ({ value, expiresAt, principal })
const oauthBearerToken = clientCredentials({
  tokenEndpoint: TOKEN_ENDPOINT!,
  clientId: CLIENT_ID!,
  clientSecret: CLIENT_SECRET!,
  scope: 'kafka',
});

try {
  await using producer = new Producer(config, { oauthBearerToken });
  producer.on('error', () => undefined); // send() says it as well
  const stored = await producer.send({ topic, value: `from ${CLIENT_ID}` });
  console.log(await readBack(stored, config, { oauthBearerToken }));
} catch (error) {
  if (!(error instanceof KafkaError)) throw error;
  console.error(error.code, error.message);
  process.exitCode = 1;
}
