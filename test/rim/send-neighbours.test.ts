import { expect } from 'chai';
import { KafkaError, Producer, type ProducerMessage } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { logOf, outcome, valuesOf } from '../helpers/log-content.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// What librdkafka refuses is refused alone. Messages of one turn of the event loop cross into native code together, so
// what is wrong with one of them must not reach the others.

const LIMIT = 100_000;

/** Each with the code that it rejects with; null: any error that is an argument's or the client's. */
const refused: Readonly<Record<string, readonly [message: (topic: string) => ProducerMessage, code: string | null]>> = {
  'a topic of 600 characters': [() => ({ topic: 'x'.repeat(600), value: 'bad' }), null],
  'a topic of 300 characters that are 600 bytes': [() => ({ topic: 'ä'.repeat(300), value: 'bad' }), null],
  'a partition that is not there': [(topic) => ({ topic, partition: 99, value: 'bad' }), 'ERR__UNKNOWN_PARTITION'],
  'a value larger than message.max.bytes': [
    (topic) => ({ topic, value: Buffer.alloc(LIMIT + 50_000) }),
    'ERR_MSG_SIZE_TOO_LARGE',
  ],
  'a key larger than message.max.bytes': [
    (topic) => ({ topic, key: 'k'.repeat(LIMIT + 1), value: 'bad' }),
    'ERR_MSG_SIZE_TOO_LARGE',
  ],
  'headers larger than message.max.bytes': [
    (topic) => ({ topic, value: 'bad', headers: { h: Buffer.alloc(LIMIT + 1) } }),
    'ERR_MSG_SIZE_TOO_LARGE',
  ],
};

describe('a message that is refused', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  const producerOf = (config = {}) =>
    new Producer({ 'bootstrap.servers': cluster.bootstrapServers, 'message.max.bytes': LIMIT, ...config });

  const expectRefusal = (error: unknown, code: string | null) => {
    if (code !== null) expect(error).to.include({ code, operation: 'send' });
    else expect(error instanceof KafkaError || error instanceof RangeError, String(error)).to.equal(true);
    expect((error as Error).message.length).to.be.lessThan(2000);
  };

  for (const [what, [message, code]] of Object.entries(refused)) {
    for (const warm of [false, true]) {
      it(`takes no neighbour with it, among single sends of a turn: ${what}${warm ? ', metadata known' : ''}`, async () => {
        await using producer = producerOf();
        const topic = await cluster.createTopic();
        if (warm) await producer.send({ topic, value: 'first' });
        const bad = [0, 1].map(() => rejection(producer.send(message(topic))));
        const before = producer.send({ topic, value: 'before' });
        bad.push(rejection(producer.send(message(topic))));
        const after = producer.send({ topic, value: 'after' });
        const stored = await inTime(Promise.all([before, after]));
        const first = warm ? 1 : 0;
        expect(stored.map(({ offset }) => offset)).to.deep.equal([first, first + 1]);
        expect(stored.map((metadata) => metadata.topic)).to.deep.equal([topic, topic]);
        for (const error of await inTime(Promise.all(bad))) expectRefusal(error, code);
        expect(await valuesOf(cluster, topic)).to.deep.equal([...(warm ? ['first'] : []), 'before', 'after']);
      });
    }

    it(`takes no neighbour with it, in an array: ${what}`, async () => {
      await using producer = producerOf();
      const topic = await cluster.createTopic();
      const good = (value: string) => ({ topic, value });
      const sending = rejection(
        producer.send([good('0'), message(topic), good('1'), good('2'), message(topic), good('3')]),
      );
      const single = producer.send(good('single'));
      const error = await inTime(sending);
      expectRefusal(error, code);
      await inTime(single);
      // What is wrong with an argument is found before anything is sent; what librdkafka refuses, of each message.
      const values = error instanceof KafkaError ? ['0', '1', '2', '3', 'single'] : ['single'];
      expect(await valuesOf(cluster, topic)).to.deep.equal(values);
      if (!(error instanceof KafkaError)) return;
      const { results } = error as KafkaError & { results?: readonly unknown[] };
      expect(results, 'error.results').to.have.length(6);
      expect(results!.map((one) => one instanceof KafkaError)).to.deep.equal([false, true, false, false, true, false]);
    });
  }

  it('does not stop what is sent after it, where all of an array are refused', async () => {
    await using producer = producerOf();
    const topic = await cluster.createTopic();
    const message = { topic, value: Buffer.alloc(LIMIT + 50_000) };
    const error = await inTime(rejection(producer.send([message, message, message])));
    expect(error).to.have.property('code', 'ERR_MSG_SIZE_TOO_LARGE');
    expect(await inTime(producer.send({ topic, value: 'x' }))).to.include({ topic, offset: 0 });
  });

  it('for a topic that the application names wrongly again and again leaves the producer as it was', async () => {
    await using producer = producerOf();
    const topic = await cluster.createTopic();
    for (let i = 0; i < 50; i++) {
      const bad = rejection(producer.send({ topic: uniqueTopic() + 'x'.repeat(600), value: 'bad' }));
      const good = producer.send({ topic, value: `${i}` });
      expectRefusal(await inTime(bad), null);
      expect(await inTime(good)).to.have.property('offset', i);
    }
  });
});

describe('a message larger than queue.buffering.max.kbytes', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  const config = () => ({
    'bootstrap.servers': cluster.bootstrapServers,
    'queue.buffering.max.kbytes': 64,
    'message.max.bytes': 1_000_000,
    'message.timeout.ms': 20_000,
  });
  const large: Readonly<Record<string, (topic: string) => ProducerMessage>> = {
    value: (topic) => ({ topic, value: Buffer.alloc(100_000) }),
    'value beside a key': (topic) => ({ topic, key: 'k', value: Buffer.alloc(65_537) }),
  };

  for (const [what, message] of Object.entries(large)) {
    it(`rejects at once, and what is sent after it goes through: ${what}`, async () => {
      await using closing = { producer: new Producer(config()), [Symbol.asyncDispose]: () => end() };
      const end = () => closing.producer.close({ timeoutMs: 500 });
      const { producer } = closing;
      const topic = await cluster.createTopic();
      await producer.send({ topic, value: 'before' });
      const bad = outcome(producer.send(message(topic)));
      const after = outcome(producer.send({ topic, value: 'after' }));
      expect([await bad, await after]).to.deep.equal(['rejected ERR_MSG_SIZE_TOO_LARGE', 'resolved']);
      expect(await valuesOf(cluster, topic)).to.deep.equal(['before', 'after']);
    });

    it(`rejects its array, whose other messages are stored: ${what}`, async () => {
      await using closing = { producer: new Producer(config()), [Symbol.asyncDispose]: () => end() };
      const end = () => closing.producer.close({ timeoutMs: 500 });
      const { producer } = closing;
      const topic = await cluster.createTopic();
      const sent = outcome(producer.send([{ topic, value: '0' }, message(topic), { topic, value: '1' }]));
      expect(await sent).to.equal('rejected ERR_MSG_SIZE_TOO_LARGE');
      expect(await valuesOf(cluster, topic)).to.deep.equal(['0', '1']);
    });
  }

  it('is told by its value, as librdkafka counts: keys and headers fill no queue', async () => {
    await using producer = new Producer(config());
    const topic = await cluster.createTopic();
    const headers = { h: Buffer.alloc(100_000) };
    const sent = producer.send([
      { topic, key: Buffer.alloc(100_000), value: Buffer.alloc(65_536) },
      { topic, key: 'k'.repeat(40_000), value: Buffer.alloc(40_000), headers },
    ]);
    expect(await inTime(sent)).to.have.length(2);
  });

  it('is told from a queue that is full of others, which is waited for', async () => {
    await using producer = new Producer({ ...config(), 'linger.ms': 5 });
    const topic = await cluster.createTopic();
    const value = 'v'.repeat(10_000);
    const sent = await inTime(producer.send(Array.from({ length: 40 }, (_, i) => ({ topic, key: `${i}`, value }))));
    expect(sent).to.have.length(40);
    expect((await logOf(cluster, topic)).map(({ key }) => key)).to.deep.equal(
      Array.from({ length: 40 }, (_, i) => `${i}`),
    );
  });
});
