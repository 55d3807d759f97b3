import { expect } from 'chai';
import { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { Certificates } from '../helpers/certificates.js';
import { skip } from '../helpers/groups.js';
import { describeOwnKafka } from '../helpers/kafka.js';
import { type Allowed, allow } from '../helpers/raw-acls.js';
import { rejection } from '../helpers/rejection.js';
import { PASSWORD, Secured } from '../helpers/secured-kafka.js';
import { tokenConfig, unsecuredToken } from '../helpers/tokens.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

// What bob is told, who may log in and has not the right that a call needs.

let secured: Secured;
/** SECURITY_TABLE=1 prints what docs/security.md has. */
const rows: string[] = [];

before(function () {
  const reason = Certificates.whyNot();
  if (reason) skip(this, reason);
});

describeOwnKafka(
  'a client without the right',
  (kafka) => {
    const config = () => ({
      'bootstrap.servers': kafka().listeners.SASL!,
      'security.protocol': 'sasl_plaintext' as const,
      'sasl.mechanism': 'PLAIN',
      'sasl.username': 'bob',
      'sasl.password': PASSWORD.bob,
    });
    let group: string;
    let topic: string;
    beforeEach('a topic with a message', async () => {
      topic = uniqueTopic();
      group = uniqueGroup();
      await using admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      await admin.createTopics([{ topic, partitions: 1 }]);
      await using producer = new Producer({ 'bootstrap.servers': kafka().bootstrapServers });
      await producer.send({ topic, value: 'x' });
    });
    after(() => {
      secured[Symbol.dispose]();
      if (process.env.SECURITY_TABLE) console.log(rows.join('\n'));
    });

    const allowBob = (...allowed: Allowed[]) => allow(kafka().bootstrapServers, 'bob', allowed);
    const onTopic = (operation: Allowed['operation']): Allowed => ({ resource: 'topic', name: topic, operation });
    const onGroup = (): Allowed => ({ resource: 'group', name: group, operation: 'read' });
    const onId = (name: string, operation: Allowed['operation']): Allowed => {
      return { resource: 'transactionalId', name, operation };
    };

    /** What a call rejects with, which is noted for the table. */
    async function told(right: string, call: string, asked: () => Promise<unknown>): Promise<KafkaError> {
      const begun = awake();
      const error = (await inTime(rejection(asked()), call, 30_000)) as KafkaError;
      const ms = awake() - begun;
      rows.push(`| ${right} | ${call} | \`${error.code}\` | ${Math.round(ms)} | ${error.message} |`);
      expect(error).to.be.instanceOf(KafkaError);
      expect(ms, `${call}, with the time to connect: ms`).to.be.below(20_000);
      return error;
    }

    it('to write a topic: send() says so and names it', async () => {
      await allowBob(onTopic('describe'));
      await using producer = new Producer(config());
      const error = await told('Write of a topic', '`send()`', () => producer.send({ topic, value: 'x' }));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
      expect(error.message).to.include(topic);
    });

    it('to know of a topic: send() says so and names it', async () => {
      await using producer = new Producer(config());
      const error = await told('Describe of a topic', '`send()`', () => producer.send({ topic, value: 'x' }));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
      expect(error.message).to.include(topic);
    });

    it('to describe a topic: describeTopics() says so', async () => {
      await using admin = new Admin(config());
      const error = await told('Describe of a topic', '`describeTopics()`', () => admin.describeTopics([topic]));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
    });

    it('to create a topic: createTopics() says so', async () => {
      await using admin = new Admin(config());
      const name = uniqueTopic();
      const error = await told('Create of a topic', '`createTopics()`', () => admin.createTopics([{ topic: name }]));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
      expect(error.message).to.include(name);
    });

    it('to read a group: committed() says so', async () => {
      await allowBob(onTopic('read'));
      await using consumer = new Consumer({ ...config(), 'group.id': group });
      const partitions = [{ topic, partition: 0 }];
      const error = await told('Read of a group', '`committed()`', () =>
        consumer.committed(partitions, { timeoutMs: 5000 }),
      );
      expect(error).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED' });
    });

    it('to read a group: it is told while a loop waits', async () => {
      await allowBob(onTopic('read'));
      await using consumer = new Consumer({ ...config(), 'group.id': group });
      const errors: KafkaError[] = [];
      const begun = awake();
      consumer.on('error', (error) => errors.push(error));
      await consumer.subscribe(topic);
      const loop = consumer[Symbol.asyncIterator]().next();
      loop.catch(() => undefined); // it may be rejected by that
      const event = await eventually(() => errors.find(({ code }) => code === 'ERR_GROUP_AUTHORIZATION_FAILED'), {
        what: 'the event',
      });
      expect(event.message).to.match(new RegExp(`^group ${group}: `));
      rows.push(
        `| Read of a group | event \`error\` | \`${event.code}\` | ${Math.round(awake() - begun)} | ${event.message} |`,
      );
    });

    it('to read a topic: it is told while a loop waits', async () => {
      await allowBob(onTopic('describe'), onGroup());
      await using consumer = new Consumer({ ...config(), 'group.id': group });
      const errors: KafkaError[] = [];
      const begun = awake();
      consumer.on('error', (error) => errors.push(error));
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      const loop = consumer[Symbol.asyncIterator]().next();
      loop.catch(() => undefined); // it may be rejected by that
      const event = await eventually(() => errors.find(({ code }) => code === 'ERR_TOPIC_AUTHORIZATION_FAILED'), {
        what: 'the event',
      });
      const rejected = (await inTime(rejection(loop))) as KafkaError;
      expect(rejected.code).to.equal('ERR_TOPIC_AUTHORIZATION_FAILED');
      for (const { message, partitions } of [event, rejected]) {
        expect(message).to.include(`${topic}[0]: `);
        expect(partitions![0]).to.include({ topic, partition: 0 });
      }
      rows.push(
        `| Read of a topic | event \`error\` | \`${event.code}\` | ${Math.round(awake() - begun)} | ${event.message} |`,
      );
    });

    it('to know of a topic: endOffsets() and lag() say so', async () => {
      await using consumer = new Consumer({ ...config(), 'group.id': group });
      const partitions = [{ topic, partition: 0 }];
      const error = await told('Describe of a topic', '`endOffsets()`', () => consumer.endOffsets(partitions));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
      expect(error.message).to.include(topic);
      const sought = await told('Describe of a topic', '`seekToEnd()`', async () => {
        await consumer.assign(partitions);
        await consumer.seekToEnd();
      });
      expect(sought).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
    });

    it('to read a group: commit() says so', async () => {
      await allowBob(onTopic('read'));
      await using consumer = new Consumer({ ...config(), 'group.id': group });
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      const error = await told('Read of a group', '`commit()`', () =>
        consumer.commit([{ topic, partition: 0, offset: 1 }]),
      );
      expect(error).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED' });
      // librdkafka waits for the coordinator with a commit that it has taken: close() waits for neither.
      await inTime(consumer.close(), 'close()', 5000);
    });

    it('to read a group: sendOffsets() says so, and its transaction', async () => {
      const id = uniqueGroup('tx');
      await allowBob(onTopic('read'), onTopic('write'), onId(id, 'write'));
      await using producer = new Producer({ ...config(), 'transactional.id': id });
      await using consumer = new Consumer({ ...config(), 'group.id': group, 'enable.auto.commit': false });
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      await producer.initTransactions();
      let within: unknown;
      const error = await told('Read of a group', '`sendOffsets()`, `transaction()`', () =>
        producer.transaction(async (tx) => {
          await tx.send({ topic, value: 'x' });
          within = await rejection(tx.sendOffsets(consumer, [{ topic, partition: 0, offset: 1 }]));
        }),
      );
      expect(error).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED', fatal: false });
      expect(within).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED', operation: 'sendOffsets' });
      await producer.transaction((tx) => tx.send({ topic, value: 'y' })); // the producer lives
    });

    it('to write a topic: send() of a transaction says so, and its transaction; the next one goes on', async () => {
      const id = uniqueGroup('tx');
      const open = uniqueTopic();
      await using admin = new Admin({ 'bootstrap.servers': kafka().bootstrapServers });
      await admin.createTopics([{ topic: open, partitions: 1 }]);
      await allowBob(
        onTopic('describe'),
        { resource: 'topic', name: open, operation: 'write' },
        { resource: 'topic', name: open, operation: 'describe' },
        onId(id, 'write'),
      );
      await using producer = new Producer({ ...config(), 'transactional.id': id });
      await producer.initTransactions();
      let within: unknown;
      const refused = () =>
        producer.transaction(async (tx) => (within = await rejection(tx.send({ topic, value: 'x' }))));
      const error = await told('Write of a topic', '`tx.send()`, `transaction()`', refused);
      expect(within).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', operation: 'send' });
      expect((within as KafkaError).message).to.match(new RegExp(`^send: ${topic}.*Topic authorization failed`));
      expect(error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', fatal: false });

      // The coordinator, which was told to abort nothing, is in another state after a commit, and after an abort.
      const written = async (value: string) => producer.transaction((tx) => tx.send({ topic: open, value }));
      await inTime(written('y'), 'a transaction', 30_000);
      const again = await inTime(rejection(refused()), 'a refused transaction', 30_000);
      expect(again).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', fatal: false });
      const failed = producer.transaction(async (tx) => {
        await tx.send({ topic: open, value: 'aborted' });
        await tx.send({ topic, value: 'x' });
      });
      const late = await inTime(rejection(failed), 'a transaction that fails in its midst', 30_000);
      expect(late).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', fatal: false });
      const last = await inTime(rejection(refused()), 'a refused transaction', 30_000);
      expect(last).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', fatal: false });
      await inTime(written('z'), 'a transaction', 30_000);

      await using consumer = new Consumer({ 'bootstrap.servers': kafka().bootstrapServers, 'group.id': uniqueGroup() });
      await consumer.assign([{ topic: open, partition: 0, offset: 0 }]);
      const values: string[] = [];
      // Not 'end': what a transaction has committed may be read some moments later.
      const until = await consumer.endOffsets([{ topic: open, partition: 0 }], { isolationLevel: 'read_uncommitted' });
      for await (const message of consumer.messages({ until })) values.push(message.value!.toString());
      expect(values).to.deep.equal(['y', 'z']);
    });

    it('to write at all: an idempotent producer says so', async () => {
      await allow(kafka().bootstrapServers, 'carol', [onTopic('describe')]);
      const tokens = tokenConfig(kafka().listeners.TOKENS!);
      const oauthBearerToken = async () => unsecuredToken('carol');
      await using producer = new Producer({ ...tokens, 'enable.idempotence': true }, { oauthBearerToken });
      producer.on('error', () => undefined);
      const error = await told('Write of every topic, and IdempotentWrite of the cluster', '`send()`, idempotent', () =>
        producer.send({ topic, value: 'x' }),
      );
      expect(error).to.include({ code: 'ERR_CLUSTER_AUTHORIZATION_FAILED' });
    });

    it('to write by a transactional id that it may know of: initTransactions() says so', async () => {
      const id = uniqueGroup('tx');
      await allowBob(onId(id, 'describe'));
      await using producer = new Producer({ ...config(), 'transactional.id': id });
      const error = await told('Write of a transactional id', '`initTransactions()`', () =>
        producer.initTransactions({ timeoutMs: 10_000 }),
      );
      expect(error).to.include({ code: 'ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED' });
    });

    it('to know of a transactional id: initTransactions() says so', async () => {
      await using producer = new Producer({ ...config(), 'transactional.id': uniqueGroup('tx') });
      const error = await told('Describe of a transactional id', '`initTransactions()`', () =>
        producer.initTransactions({ timeoutMs: 10_000 }),
      );
      expect(error).to.include({ code: 'ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED' });
    });
  },
  () => {
    secured = new Secured();
    return secured.options();
  },
);
