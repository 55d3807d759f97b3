import { once } from 'node:events';
import { expect } from 'chai';
import { Consumer, type KafkaError, Producer, type ProducerConfig } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { consumerOn } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { awake, inTime } from '../helpers/wait.js';

// A coordinator that is away while a transaction begins or ends. (The mock cluster has transactions, but tells nobody
// apart who reads what is committed: that is in test/kafka/transaction-*.test.ts.)

const INIT_PRODUCER_ID = 22;
const PRODUCE = 0;
const ADD_PARTITIONS_TO_TXN = 24;
const END_TXN = 26;
const COORDINATOR_NOT_AVAILABLE = 15;
const INVALID_PRODUCER_EPOCH = 47;
const PRODUCER_FENCED = 90;

const missesItsBroker = (producer: Producer) => once(producer, 'error');

describe('a transaction whose coordinator is in trouble', () => {
  const scene = async (config: Partial<ProducerConfig> = {}) => {
    const cluster = await mockCluster();
    const topic = await cluster.createTopic();
    const producer = new Producer({
      'bootstrap.servers': cluster.bootstrapServers,
      'transactional.id': uniqueGroup('transactions'),
      ...config,
    });
    return {
      ...cluster,
      topic,
      producer,
      async [Symbol.asyncDispose]() {
        await producer.close({ timeoutMs: 1000 });
        await cluster.close();
      },
    };
  };

  it('is decided when the broker is back, and told only then', async () => {
    await using its = await scene();
    let told = false;
    const missed = missesItsBroker(its.producer);
    const committed = its.producer.transaction(async (tx) => {
      await tx.send({ topic: its.topic, value: 'x' });
      its.mock.brokerDown(1);
      return 'committed';
    });
    void committed.then(() => (told = true));
    await inTime(missed);
    expect(told).to.equal(false);
    its.mock.brokerUp(1);
    expect(await inTime(committed)).to.equal('committed');
    await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'y' })));
  });

  it('rejects in time where its commit has no answer, and is decided before the next one begins', async () => {
    await using its = await scene({ 'transaction.timeout.ms': 2000 });
    const missed = missesItsBroker(its.producer);
    const began = awake();
    const work = its.producer.transaction(async (tx) => {
      await tx.send({ topic: its.topic, value: 'x' });
      its.mock.brokerDown(1);
    });
    const error = (await inTime(rejection(work))) as KafkaError;
    expect(awake() - began).to.be.within(1900, 8000);
    expect(error).to.include({ operation: 'transaction', code: 'ERR__TIMED_OUT', retriable: false, fatal: false });
    await inTime(missed);

    let worked = 0;
    const next = () => its.producer.transaction(() => Promise.resolve(++worked));
    const still = (await inTime(rejection(next()))) as KafkaError;
    expect(still).to.include({ operation: 'transaction', code: 'ERR__TIMED_OUT', retriable: true });
    expect(still.message).to.include('nothing of this one was begun');
    expect(worked).to.equal(0);
    its.mock.brokerUp(1);
    expect(await inTime(next())).to.equal(1);
    await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'y' })));
  });

  it('is decided by close() where its commit had no answer before, and its coordinator is back', async () => {
    await using its = await scene({ 'transaction.timeout.ms': 2000 });
    const group = { 'bootstrap.servers': its.bootstrapServers, 'group.id': uniqueGroup(), 'enable.auto.commit': false };
    await using consumer = new Consumer(group);
    const places = [{ topic: its.topic, partition: 0, offset: 2 }];
    const work = its.producer.transaction(async (tx) => {
      await tx.send({ topic: its.topic, value: 'x' });
      await tx.sendOffsets(consumer, places);
      its.mock.brokerDown(1);
    });
    expect(await inTime(rejection(work))).to.include({ code: 'ERR__TIMED_OUT' });
    its.mock.brokerUp(1);
    await inTime(its.producer.close({ timeoutMs: 10_000 }));
    expect(await inTime(consumer.committed([{ topic: its.topic, partition: 0 }]))).to.deep.equal(places);
  });

  it('rejects in time where its abort has no answer, with the error of the work', async () => {
    await using its = await scene({ 'transaction.timeout.ms': 2000 });
    const own = new Error('of the work');
    const began = awake();
    const work = its.producer.transaction(async (tx) => {
      await tx.send({ topic: its.topic, value: 'x' });
      its.mock.brokerDown(1);
      throw own;
    });
    expect(await inTime(rejection(work))).to.equal(own);
    expect(awake() - began).to.be.within(1900, 8000);
    its.mock.brokerUp(1);
    await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'y' })));
  });

  // The first message waits for the coordinator to take its partition, and offsets for it to take their group.
  for (const step of ['its first send()', 'sendOffsets()']) {
    it(`rejects in time where ${step} has no answer, and the next one begins anew`, async () => {
      await using its = await scene({ 'transaction.timeout.ms': 2000 });
      await using consumer = consumerOn(its, { 'enable.auto.commit': false });
      consumer.on('error', () => undefined);
      const place = { topic: its.topic, partition: 0 };
      const offsets = [{ ...place, offset: 1 }];
      await inTime(its.producer.transaction((tx) => tx.sendOffsets(consumer, offsets))); // both know their coordinators
      const missed = missesItsBroker(its.producer);
      const began = awake();
      const work = its.producer.transaction(async (tx) => {
        its.mock.brokerDown(1);
        if (step === 'sendOffsets()') await tx.sendOffsets(consumer, [{ ...place, offset: 2 }]);
        else await tx.send({ ...place, value: 'x' });
      });
      const error = (await inTime(rejection(work))) as KafkaError;
      expect(awake() - began).to.be.within(1900, 8000);
      expect(error.fatal).to.equal(false);
      await inTime(missed);
      its.mock.brokerUp(1);
      await inTime(its.producer.transaction((tx) => tx.send({ ...place, value: 'y' })));
      expect(await inTime(consumer.committed([place]))).to.deep.equal(offsets);
    });
  }

  it('is committed once its refusal in passing has passed', async () => {
    await using its = await scene();
    for (let i = 0; i < 3; i++) its.mock.pushRequestError(1, END_TXN, COORDINATOR_NOT_AVAILABLE);
    await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'x' })));
  });

  it('rejects with what the coordinator says for good, which is an end of this producer', async () => {
    await using its = await scene();
    its.mock.pushRequestError(1, END_TXN, PRODUCER_FENCED);
    const work = its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'x' }));
    const error = (await inTime(rejection(work))) as KafkaError;
    expect(error).to.include({ operation: 'transaction', fatal: true, code: 'ERR__FENCED' });
    const next = (await rejection(its.producer.transaction(() => Promise.resolve()))) as KafkaError;
    expect(next).to.include({ fatal: true });
  });

  for (const [request, key] of Object.entries({ ADD_PARTITIONS_TO_TXN, END_TXN, PRODUCE })) {
    it(`rejects where its epoch is old at ${request}, and the next one begins with a new epoch`, async () => {
      await using its = await scene();
      its.mock.pushRequestError(1, key, INVALID_PRODUCER_EPOCH);
      const work = its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'x' }));
      expect(await inTime(rejection(work))).to.include({ fatal: false });
      expect(await inTime(its.producer.transaction(() => Promise.resolve('next')))).to.equal('next');
      await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'y' })));
    });
  }

  it('does not begin without a broker: rejects after transaction.timeout.ms, and the next one begins with it', async () => {
    await using its = await scene({ 'transaction.timeout.ms': 1500 });
    its.mock.brokerDown(1);
    const began = awake();
    let worked = 0;
    const work = () => Promise.resolve(worked++);
    const error = (await inTime(rejection(its.producer.transaction(work)))) as KafkaError;
    expect(error).to.include({ operation: 'transaction', retriable: true, fatal: false });
    expect(awake() - began).to.be.within(1000, 6000);
    expect(worked).to.equal(0);
    its.mock.brokerUp(1);
    await inTime(its.producer.transaction(work));
    expect(worked).to.equal(1);
  });

  it('is given up in time when its producer is closed: ERR__DESTROY', async () => {
    await using its = await scene();
    const missed = missesItsBroker(its.producer);
    const work = its.producer.transaction(async (tx) => {
      await tx.send({ topic: its.topic, value: 'x' });
      its.mock.brokerDown(1);
    });
    const told = rejection(work);
    await inTime(missed);
    const began = awake();
    await inTime(its.producer.close({ timeoutMs: 200 }));
    expect(awake() - began).to.be.below(5000);
    expect(await inTime(told)).to.include({ code: 'ERR__DESTROY' });
  });

  it('does not hold up close() while it waits to begin', async () => {
    await using its = await scene();
    its.mock.brokerDown(1);
    const missed = missesItsBroker(its.producer);
    const told = rejection(its.producer.transaction(() => Promise.resolve()));
    await inTime(missed);
    const began = awake();
    await inTime(its.producer.close());
    expect(awake() - began).to.be.below(4000);
    expect(await inTime(told)).to.include({ code: 'ERR__DESTROY' });
  });

  it('the first of a handle whose producer id is not given yet waits for it', async () => {
    await using its = await scene();
    for (let i = 0; i < 2; i++) its.mock.pushRequestError(1, INIT_PRODUCER_ID, COORDINATOR_NOT_AVAILABLE);
    await inTime(its.producer.transaction((tx) => tx.send({ topic: its.topic, value: 'x' })));
  });

  it('does not keep process.exit() waiting for it', async () => {
    await using its = await scene();
    await using program = new Program(
      `import { Producer } from 'seekafka';
       const producer = new Producer({ 'bootstrap.servers': process.env.SERVERS, 'transactional.id': 'exits' });
       process.on('SIGTERM', () => process.exit(7));
       await producer.transaction(async (tx) => {
         await tx.send({ topic: process.env.TOPIC, value: 'x' });
         const missed = new Promise((resolve) => producer.once('error', resolve));
         setInterval(() => {}, 1000); // an event alone keeps no process alive
         console.log('sent');
         await missed;
         setImmediate(() => console.log('committing'));
       });
       console.log('committed');`,
      { SERVERS: its.bootstrapServers, TOPIC: its.topic },
    );
    await program.line('sent');
    its.mock.brokerDown(1);
    await program.line('committing');
    const began = awake();
    program.kill('SIGTERM');
    const { code, stdout } = await inTime(program.ended);
    expect(awake() - began).to.be.below(4000);
    expect({ code, stdout }).to.deep.equal({ code: 7, stdout: 'sent\ncommitting\n' });
  });
});
