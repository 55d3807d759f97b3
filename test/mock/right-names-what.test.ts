import { expect } from 'chai';
import { Consumer, type ConsumerConfig, type KafkaError, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// "Topic authorization failed" is of no use to whoever reads twenty topics. Of which topic, of which group, is said wherever
// a missing right is told.

const FETCH = 1;
const OFFSET_COMMIT = 8;
const OFFSET_FETCH = 9;
const FIND_COORDINATOR = 10;
const ADD_OFFSETS_TO_TXN = 25;
const TXN_OFFSET_COMMIT = 28;
const TOPIC_AUTHORIZATION_FAILED = 29;
const GROUP_AUTHORIZATION_FAILED = 30;

describe('a missing right names what it is of', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  let topic: string;
  let group: string;
  beforeEach('a topic with a message', async () => {
    cluster = await mockCluster();
    topic = await cluster.createTopic();
    group = uniqueGroup();
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    await producer.send({ topic, value: 'x' }); // the mock cluster refuses a Fetch only where there is something to read
  });
  afterEach(() => cluster.close());

  const configured = (config: Omit<ConsumerConfig, 'bootstrap.servers'> = {}): ConsumerConfig => ({
    'bootstrap.servers': cluster.bootstrapServers,
    ...config,
  });
  const refuse = (api: number, errno: number, times = 1) => {
    for (let i = 0; i < times; i++) cluster.mock.pushRequestError(1, api, errno);
  };
  const step = async (consumer: Consumer) => {
    for await (const message of consumer) return message;
    return null;
  };

  it('the topic: by the event, the loop, and the line of the log', async () => {
    const lines: unknown[][] = [];
    const note = (...args: unknown[]) => void lines.push(args);
    const logger = { debug: () => undefined, info: () => undefined, warn: note, error: note };
    await using consumer = new Consumer(configured(), { logger });
    const errors: KafkaError[] = [];
    consumer.on('error', (error) => errors.push(error));
    const loop = rejection(step(consumer));
    refuse(FETCH, TOPIC_AUTHORIZATION_FAILED);
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const rejected = (await inTime(loop)) as KafkaError;
    const text = `${topic}[0]: Fetch from broker 1 failed: Broker: Topic authorization failed`;
    expect(rejected).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED', message: `next: ${text}` });
    expect(errors.map(({ message }) => message)).to.deep.equal([text]);
    for (const { partitions } of [rejected, ...errors]) {
      expect(partitions).to.have.length(1);
      expect(partitions![0]).to.include({ topic, partition: 0 });
      expect(partitions![0]!.error).to.include({ code: 'ERR_TOPIC_AUTHORIZATION_FAILED' });
    }
    expect(lines.filter((args) => args.some((arg) => String(arg).includes(text)))).to.have.length(1);
  });

  it('the topic: by the warning of the process, where nobody listens', async () => {
    const warnings: Error[] = [];
    const take = (warning: Error) => void warnings.push(warning);
    process.on('warning', take);
    try {
      await using consumer = new Consumer(configured());
      const loop = rejection(step(consumer));
      refuse(FETCH, TOPIC_AUTHORIZATION_FAILED);
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      await inTime(loop);
      const told = await eventually(() => warnings.find(({ message }) => message.includes('Topic authorization')), {
        what: 'a warning',
      });
      expect(told.message).to.match(new RegExp(`^Consumer: ${topic}\\[0\\]: .*Topic authorization failed`));
    } finally {
      process.off('warning', take);
    }
  });

  it('the group: by the event, the loop, a seek that waits, and commit()', async () => {
    await using consumer = new Consumer(configured({ 'group.id': group }));
    const told = new Promise<KafkaError>((resolve) => consumer.once('error', resolve));
    // librdkafka asks again, every half second or second, until the consumer is closed.
    refuse(FIND_COORDINATOR, GROUP_AUTHORIZATION_FAILED, 50);
    const sought = rejection(consumer.seekToEnd());
    const committed = rejection(consumer.commit([{ topic, partition: 0, offset: 1 }]));
    await consumer.subscribe(topic);
    const loop = rejection(step(consumer));
    expect((await inTime(told)).message).to.match(new RegExp(`^group ${group}: .*Group authorization failed`));
    for (const [operation, rejected] of Object.entries({ seekToEnd: sought, commit: committed, next: loop })) {
      const error = (await inTime(rejected, operation)) as KafkaError;
      expect(error).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED', operation });
      expect(error.message).to.match(new RegExp(`^${operation}: .*group ${group}: .*Group authorization failed`));
    }
  });

  it('the group: by commit() and committed() that its coordinator refuses', async () => {
    await using consumer = new Consumer(configured({ 'group.id': group }));
    const at = { topic, partition: 0 };
    await consumer.commit([{ ...at, offset: 1 }]);
    refuse(OFFSET_COMMIT, GROUP_AUTHORIZATION_FAILED);
    const commit = (await inTime(rejection(consumer.commit([{ ...at, offset: 2 }])))) as KafkaError;
    refuse(OFFSET_FETCH, GROUP_AUTHORIZATION_FAILED);
    const committed = (await inTime(rejection(consumer.committed([at])))) as KafkaError;
    for (const [operation, { code, message }] of Object.entries({ commit, committed })) {
      expect(code).to.equal('ERR_GROUP_AUTHORIZATION_FAILED');
      expect(message).to.match(new RegExp(`^${operation}: .*group ${group}: .*Group authorization failed`));
    }
  });

  for (const [request, api] of Object.entries({ ADD_OFFSETS_TO_TXN, TXN_OFFSET_COMMIT })) {
    it(`the group: by sendOffsets() and its transaction (${request})`, async () => {
      const config = { 'transactional.id': uniqueGroup('tx') };
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, ...config });
      await using consumer = new Consumer(configured({ 'group.id': group, 'enable.auto.commit': false }));
      await producer.initTransactions();
      refuse(api, GROUP_AUTHORIZATION_FAILED);
      let sent: Promise<unknown> | undefined;
      const transaction = producer.transaction(async (tx) => {
        await tx.send({ topic, value: 'x' });
        sent = rejection(tx.sendOffsets(consumer, [{ topic, partition: 0, offset: 1 }]));
        await sent;
      });
      for (const error of [await inTime(rejection(transaction)), await sent] as KafkaError[]) {
        expect(error).to.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED', operation: 'sendOffsets' });
        expect(error).to.include({ txnRequiresAbort: true, fatal: false });
        expect(error.message).to.match(new RegExp(`^group ${group}: .*Group authorization failed`));
      }
    });
  }
});
