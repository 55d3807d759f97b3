// TLS with an authority of your own, and a login by a password (SASL/SCRAM).
//
//   KAFKA_BROKERS=host:9094 KAFKA_CA=ca.pem KAFKA_USER=orders KAFKA_PASSWORD=... node --import tsx examples/tls-scram.ts orders

import { KafkaError, Producer } from 'seekafka';
import { readBack } from './read-back.js';

const { KAFKA_BROKERS, KAFKA_CA, KAFKA_USER, KAFKA_PASSWORD } = process.env as Record<string, string>;
const [, , topic = 'orders'] = process.argv;

const config = {
  'bootstrap.servers': KAFKA_BROKERS!,
  'security.protocol': 'sasl_ssl',
  'ssl.ca.location': KAFKA_CA, // left out: whom the system trusts, and NODE_EXTRA_CA_CERTS
  'sasl.mechanism': 'SCRAM-SHA-512',
  'sasl.username': KAFKA_USER,
  'sasl.password': KAFKA_PASSWORD,
} as const;

try {
  await using producer = new Producer(config);
  producer.on('error', () => undefined); // connect() and send() say it as well
  await producer.connect({ timeoutMs: 10_000 }); // never needed: it shows at the start what is wrong
  const stored = await producer.send({ topic, value: `from ${KAFKA_USER}` });
  console.log(await readBack(stored, config));
} catch (error) {
  if (!(error instanceof KafkaError)) throw error;
  console.error(error.code, error.message);
  process.exitCode = 1;
}
