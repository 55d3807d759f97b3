import { expect } from 'chai';
import { Consumer, type KafkaError, type MockCluster, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { LoopMeter } from '../helpers/loop-meter.js';
import { consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { rejection } from '../helpers/rejection.js';
import { awake, eventually } from '../helpers/wait.js';

// close() always ends: also where there is nobody to leave, to commit to and to deliver to.

/** On top of the time that close() was given: for librdkafka to join its threads, on a busy machine. */
const GRACE_MS = 2500;

describe('close() with a broker that is away', () => {
  for (const how of ['is down', 'is silent'] as const) {
    const silence = (mock: MockCluster) => (how === 'is down' ? mock.brokerDown(1) : mock.setRoundTripTime(1, 60_000));

    for (const way of ['assign', 'subscribe'] as const) {
      it(`ends in its time although there is something to commit: ${way}, and the broker ${how}`, async () => {
        const cluster = await mockCluster();
        await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
        const topic = await cluster.createTopic();
        await fill(cluster, topic, { count: 10 });
        const consumer = consumerOn(cluster);
        if (way === 'assign') await consumer.assign([{ topic, partition: 0 }]);
        else await consumer.subscribe(topic);
        expect(await takeSequences(consumer, 5)).to.deep.equal(range(0, 5));
        silence(cluster.mock);
        using meter = new LoopMeter();
        const start = awake();
        await consumer.close({ timeoutMs: 500 });
        expect(awake() - start).to.be.lessThan(500 + GRACE_MS);
        expect(meter.worst).to.be.lessThan(300);
      });
    }

    it(`ends in its time although messages are on their way, and the broker ${how}`, async () => {
      const cluster = await mockCluster();
      await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
      const topic = await cluster.createTopic();
      const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await producer.send({ topic, value: 'stored' });
      silence(cluster.mock);
      const sending = range(0, 3).map((i) => rejection(producer.send({ topic, value: `${i}` })));
      const start = performance.now();
      const limitFrom = awake();
      await producer.close({ timeoutMs: 500 });
      expect(performance.now() - start).to.be.at.least(450);
      expect(awake() - limitFrom).to.be.lessThan(500 + GRACE_MS);
      for (const error of (await Promise.all(sending)) as KafkaError[]) {
        expect(error).to.include({ code: 'ERR__DESTROY', operation: 'send' });
        expect(error.message).to.match(new RegExp(`^send: ${topic}(\\[\\d\\])?: the client is closed$`));
        expect((error.cause as KafkaError).code).to.match(/^ERR__PURGE_(QUEUE|INFLIGHT)$/); // it may be stored, or was not sent
      }
    });
  }

  it('that was never there ends in its time', async () => {
    const consumer = new Consumer({ 'bootstrap.servers': '127.0.0.1:1', 'group.id': 'g' });
    await consumer.subscribe('t');
    const producer = new Producer({ 'bootstrap.servers': '127.0.0.1:1' });
    const sending = rejection(producer.send({ topic: 't', value: 'x' }));
    const start = awake();
    await Promise.all([consumer.close({ timeoutMs: 500 }), producer.close({ timeoutMs: 500 })]);
    expect(awake() - start).to.be.lessThan(500 + GRACE_MS);
    expect(await sending).to.have.property('operation', 'send');
  });

  it('that comes back leaves no second life behind: the next member gets the partition', async function () {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    const config = { 'group.id': 'the-group', 'session.timeout.ms': 2000, 'heartbeat.interval.ms': 200 };
    const first = consumerOn(cluster, config);
    await first.subscribe(topic);
    expect(await takeSequences(first, 5)).to.deep.equal(range(0, 5));
    cluster.mock.brokerDown(1);
    await first.close({ timeoutMs: 200 });
    cluster.mock.brokerUp(1);
    await using second = consumerOn(cluster, config);
    await second.subscribe(topic);
    await eventually(() => second.assignment.length === 1, { timeoutMs: 20_000 });
    // What the first had processed could not be committed: it comes again, and nothing is skipped.
    expect(await takeSequences(second, 10)).to.deep.equal(range(0, 10));
  });
});

describe('the end of a process with a broker that is away', () => {
  it('comes by process.exit(), although there was something to commit', async () => {
    await using program = new Program(`
      import { Consumer, MockCluster, Producer } from 'seekafka';
      const mock = await MockCluster.start();
      mock.createTopic('t');
      const servers = { 'bootstrap.servers': mock.bootstrapServers };
      const producer = new Producer(servers);
      await producer.send([1, 2, 3].map((i) => ({ topic: 't', value: 'x' + i })));
      const consumer = new Consumer({
        ...servers, 'group.id': 'g', 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': 50,
      });
      await consumer.assign([{ topic: 't', partition: 0 }]);
      for await (const message of consumer) if (message.offset === 1) break;
      mock.brokerDown(1);
      for await (const message of consumer) break; // the one before is processed now
      await new Promise((resolve) => setTimeout(resolve, 200)); // by then the timer has asked for its commit
      console.log('ready');
      process.exit(3);`);
    await program.line('ready');
    const since = program.age;
    const { code, signal, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 3, signal: null, stderr: '' });
    expect(program.age - since).to.be.lessThan(5000);
  });
});
