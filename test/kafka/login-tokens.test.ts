import { inspect } from 'node:util';
import { expect } from 'chai';
import { Admin, Consumer, KafkaError, type OauthBearerToken, Producer } from 'seekafka';
import { describeOwnKafka } from '../helpers/kafka.js';
import { rejection } from '../helpers/rejection.js';
import { tokenConfig, unsecuredToken, unsecuredTokenProperties } from '../helpers/tokens.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

const LISTENER = 'TOKENS';
/** SECURITY_TABLE=1 prints what docs/security.md has. */
const rows: string[] = [];

describeOwnKafka(
  'a login by tokens',
  (kafka) => {
    const config = () => tokenConfig(kafka().listeners[LISTENER]!);
    const plain = () => ({ 'bootstrap.servers': kafka().bootstrapServers });
    let topic: string;
    before('a topic', async () => {
      topic = uniqueTopic();
      await using admin = new Admin(plain());
      await admin.createTopics([{ topic, partitions: 1 }]);
    });

    after(() => {
      if (process.env.SECURITY_TABLE) console.log(rows.join('\n'));
    });

    it('of a producer, a consumer with its questions, and an admin client', async () => {
      const asked = { producer: 0, consumer: 0, admin: 0 };
      const give = (kind: keyof typeof asked) => () => {
        asked[kind]++;
        return Promise.resolve(unsecuredToken(kind));
      };
      await using admin = new Admin(config(), { oauthBearerToken: give('admin') });
      expect(await inTime(admin.listTopics())).to.include(topic);
      await using producer = new Producer(config(), { oauthBearerToken: give('producer') });
      const { offset } = await inTime(producer.send({ topic, value: 'x' }));
      await using consumer = new Consumer(
        { ...config(), 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' },
        { oauthBearerToken: give('consumer') },
      );
      expect(await inTime(consumer.endOffsets([{ topic, partition: 0 }]))).to.deep.equal([
        { topic, partition: 0, offset: offset + 1 },
      ]);
      await consumer.subscribe(topic);
      for await (const message of consumer) {
        expect(String(message.value)).to.equal('x');
        break;
      }
      expect(asked).to.deep.equal({ producer: 1, consumer: 2, admin: 1 }); // a consumer has a handle for its questions
    });

    it('is not felt when tokens expire while the client is idle, three times', async () => {
      const SECONDS = 3;
      const given: OauthBearerToken[] = [];
      const give = () => {
        const token = unsecuredToken('idle', SECONDS);
        given.push(token);
        return Promise.resolve(token);
      };
      const errors: unknown[] = [];
      await using producer = new Producer(config(), { oauthBearerToken: give });
      const byProducer = given;
      await using consumer = new Consumer(
        { ...config(), 'group.id': uniqueGroup(), 'auto.offset.reset': 'latest' },
        { oauthBearerToken: () => Promise.resolve(unsecuredToken('idle', SECONDS)) },
      );
      for (const client of [producer, consumer]) client.on('error', (error: KafkaError) => errors.push(error));
      await consumer.subscribe(topic);
      await consumer.seekToEnd();
      await inTime(producer.send({ topic, value: 'before' }));
      const first = byProducer[0]!;
      await eventually(() => Date.now() > Number(first.expiresAt) + 2 * SECONDS * 1000, {
        timeoutMs: 60_000,
        what: 'three tokens have expired',
      });
      for (const [i, token] of byProducer.slice(1).entries()) {
        expect(
          Number(token.expiresAt) - SECONDS * 1000,
          `token ${i + 1} was there before the one before it ended`,
        ).to.be.below(Number(byProducer[i]!.expiresAt));
      }
      expect(byProducer.length).to.be.at.least(4);
      await inTime(producer.send({ topic, value: 'after' }));
      const values: string[] = [];
      for await (const message of consumer) {
        values.push(String(message.value));
        if (values.length === 2) break;
      }
      expect(values).to.deep.equal(['before', 'after']);
      expect((await inTime(consumer.endOffsets([{ topic, partition: 0 }])))[0]!.offset).to.be.above(0);
      expect(errors).to.deep.equal([]);
    });

    it('is told by an event and as the cause of what waits where there is no token, and comes about later', async () => {
      let fail = true;
      const calls: number[] = [];
      const why = new Error('the token endpoint is down');
      await using admin = new Admin(config(), {
        oauthBearerToken: () => {
          calls.push(awake());
          return fail ? Promise.reject(why) : Promise.resolve(unsecuredToken('late'));
        },
      });
      const errors: KafkaError[] = [];
      admin.on('error', (error) => errors.push(error));
      const begun = awake();
      const refused = (await inTime(rejection(admin.connect()))) as KafkaError;
      rows.push(`| no token | \`${refused.code}\` | ${Math.round(awake() - begun)} | ${refused.message} |`);
      expect(refused).to.include({ code: 'ERR__AUTHENTICATION', operation: 'connect' });
      const error = (await inTime(rejection(admin.listTopics({ timeoutMs: 1500 })))) as KafkaError;
      expect(error).to.be.instanceOf(KafkaError);
      const { cause } = error as { cause: KafkaError };
      expect(cause).to.include({ code: 'ERR__AUTHENTICATION', operation: 'client' });
      expect(cause.message).to.include(why.message);
      expect(cause.cause).to.equal(why);
      expect(errors[0]!.cause).to.equal(why);
      expect(calls.length, 'calls of the back-off: after 0, 0.1, 0.3, 0.7, 1.5, 3.1 s').to.be.within(2, 7);
      fail = false;
      await inTime(admin.listTopics());
      await inTime(admin.connect());
    });

    it('is refused with the broker’s words where the token is of another time', async () => {
      const stale = { ...unsecuredToken('stale', -60), expiresAt: Date.now() + 60_000 };
      await using admin = new Admin(config(), { oauthBearerToken: () => Promise.resolve(stale) });
      const errors: KafkaError[] = [];
      admin.on('error', (error) => errors.push(error));
      const begun = awake();
      const error = (await inTime(rejection(admin.connect()))) as KafkaError;
      rows.push(`| an expired token | \`${error.code}\` | ${Math.round(awake() - begun)} | ${error.message} |`);
      expect(error).to.include({ code: 'ERR__AUTHENTICATION', operation: 'connect' });
      await eventually(() => errors.some(({ code }) => code === 'ERR__AUTHENTICATION'));
      expect(inspect([error, errors, admin], { depth: 10, showHidden: true })).not.to.include(stale.value);
      expect(errors.find(({ code }) => code === 'ERR__AUTHENTICATION')!.message).to.match(/invalid_token|expired/i);
    });

    it('has the token in no log, statistics or inspection', async () => {
      const token = { ...unsecuredToken('secret'), extensions: { traceId: 'extension-secret' } };
      const text: string[] = [];
      await using producer = new Producer(
        { ...config(), debug: 'all', 'statistics.interval.ms': 100 },
        { oauthBearerToken: () => Promise.resolve(token) },
      );
      producer.on('log', (line) => text.push(line.message));
      producer.on('statistics', (_statistics, json) => text.push(json));
      await inTime(producer.send({ topic, value: 'x' }));
      await eventually(() => text.some((line) => line.startsWith('{')));
      const all = text.join('\n') + inspect(producer, { depth: 10, showHidden: true });
      expect(all).to.include('OAUTHBEARER');
      expect(all).not.to.include(token.value);
      expect(all).not.to.include('extension-secret');
    });
  },
  { listeners: { [LISTENER]: 'SASL_PLAINTEXT' }, properties: unsecuredTokenProperties(LISTENER) },
);
