import { expect } from 'chai';
import { KafkaError, type Message, Producer } from 'seekafka';
import { type Cluster, describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { consumerOn } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

/** The first `count` messages of a topic's only partition. */
async function stored(cluster: Cluster, topic: string, count: number): Promise<Message[]> {
  await using consumer = consumerOn(cluster);
  await consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const messages: Message[] = [];
  for await (const message of consumer) if (messages.push(message) === count) break;
  return messages;
}

const texts = (messages: readonly Message[]) => messages.map(({ value }) => value?.toString() ?? null);

describeOnBoth('what send is given', (cluster) => {
  it('is refused as a whole where librdkafka takes nothing of it: the array rejects with the first error', async () => {
    const topic = await cluster().createTopic();
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    await using producer = new Producer({ ...servers, 'message.max.bytes': 1000 });
    const large = { topic, value: Buffer.alloc(5000) };
    for (const messages of [[large], [large, large]]) {
      expect(await inTime(rejection(producer.send(messages)))).to.include({ code: 'ERR_MSG_SIZE_TOO_LARGE' });
    }
    await inTime(producer.send([{ topic, value: 'fits' }]));
  });

  it('may be changed at once: one Buffer serves for all messages of a loop', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const [key, value, header] = [Buffer.from('k0'), Buffer.from('v0'), Buffer.from('h0')];
    const sent = [];
    for (let i = 0; i < 5; i++) {
      for (const bytes of [key, value, header]) bytes.writeUInt8(0x30 + i, 1);
      sent.push(producer.send({ topic, partition: 0, key, value, headers: { header } }));
    }
    const list = [{ topic, partition: 0, value }];
    sent.push(producer.send(list));
    value.fill('x');
    list.pop();
    await inTime(Promise.all(sent));

    const messages = await inTime(stored(cluster(), topic, 6));
    expect(texts(messages)).to.deep.equal(['v0', 'v1', 'v2', 'v3', 'v4', 'v4']);
    expect(messages.slice(0, 5).map((message) => message.key?.toString())).to.deep.equal([
      'k0',
      'k1',
      'k2',
      'k3',
      'k4',
    ]);
    expect(messages.slice(0, 5).map(({ headers }) => headers[0]![1]!.toString())).to.deep.equal(
      Array.from({ length: 5 }, (_, i) => `h${i}`),
    );
  });

  it('keeps its order, single messages and arrays mixed, when the queue has no room for all of it', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({
      'bootstrap.servers': cluster().bootstrapServers,
      'queue.buffering.max.messages': 10,
      'linger.ms': 0,
    });
    const sent: Promise<unknown>[] = [];
    const expected: string[] = [];
    const message = (text: string) => {
      expected.push(text);
      return { topic, partition: 0, value: text };
    };
    for (let i = 0; i < 40; i++) {
      sent.push(producer.send(message(`single ${i}`)));
      sent.push(producer.send([message(`first ${i}`), message(`second ${i}`), message(`third ${i}`)]));
    }
    await inTime(Promise.all(sent));
    expect(texts(await inTime(stored(cluster(), topic, expected.length)))).to.deep.equal(expected);
  });

  it('may send another message while it is read, and neither is lost', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const inner: Promise<unknown>[] = [];
    const sendOthers = (value: string) => {
      inner.push(producer.send({ topic, partition: 0, value: `single of ${value}` }));
      inner.push(producer.send([{ topic, partition: 0, value: `array of ${value}` }]));
    };
    const eager = (value: string) => {
      let read = false;
      return {
        topic,
        get partition() {
          if (!read) sendOthers(value);
          read = true;
          return 0;
        },
        value,
      };
    };
    const outer = [producer.send(eager('one')), producer.send([eager('first'), eager('second')])];
    await inTime(Promise.all([...outer, ...inner]));
    const values = ['one', 'first', 'second'];
    const expected = values.flatMap((value) => [value, `single of ${value}`, `array of ${value}`]);
    expect(inner.length).to.equal(6);
    expect(texts(await inTime(stored(cluster(), topic, 9)))).to.have.members(expected);
  });

  it('grows beyond what was reserved for it: large and empty, text of several bytes a character, null', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const values = ['x'.repeat(50_000), '', null, 'ä€😀'.repeat(3000), 'end', ...Array.from({ length: 100 }, String)];
    const half = values.slice(0, 50).map((value) => producer.send({ topic, partition: 0, value }));
    const rest = values.slice(50).map((value) => ({ topic, partition: 0, value }));
    const [, others] = await inTime(Promise.all([Promise.all(half), producer.send(rest)]));
    expect(others.map(({ offset }) => offset)).to.deep.equal(rest.map((_, i) => 50 + i));
    expect(texts(await inTime(stored(cluster(), topic, values.length)))).to.deep.equal(values);
  });

  it('has an outcome of its own: a message that is too large fails alone, in an array it fails the array', async () => {
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers, 'message.max.bytes': 2000 });
    const of = (value: string) => ({ topic, partition: 0, value });
    const large = of('x'.repeat(3000));
    const [first, second, third] = [of('first'), large, of('third')].map((message) => producer.send(message));
    const error = await inTime(rejection(second!));
    expect(error).to.be.instanceOf(KafkaError).and.to.include({ code: 'ERR_MSG_SIZE_TOO_LARGE', operation: 'send' });
    expect(await inTime(first!)).to.include({ topic, partition: 0, offset: 0 });
    expect(await inTime(third!)).to.include({ offset: 1 });

    const ofArray = await inTime(rejection(producer.send([of('fourth'), large, of('fifth'), large])));
    expect(ofArray).to.include({ code: 'ERR_MSG_SIZE_TOO_LARGE' });
    expect(texts(await inTime(stored(cluster(), topic, 4)))).to.deep.equal(['first', 'third', 'fourth', 'fifth']);
  });
});

describe('messages that were sent in one turn', () => {
  it('do not wait for each other: one whose broker is away does not hold up the others', async () => {
    const cluster = await mockCluster({ brokers: 2 });
    try {
      const topic = await cluster.createTopic(2);
      cluster.mock.setLeader(topic, 0, 1);
      cluster.mock.setLeader(topic, 1, 2);
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await inTime(producer.send([0, 1].map((partition) => ({ topic, partition, value: 'warm' }))));
      cluster.mock.brokerDown(2);
      let away = false;
      const late = producer.send({ topic, partition: 1, value: 'late' }).then((stored) => ((away = false), stored));
      away = true;
      expect(await inTime(producer.send({ topic, partition: 0, value: 'now' }))).to.include({
        partition: 0,
        offset: 1,
      });
      expect(away, 'the other one still waits').to.equal(true);
      cluster.mock.brokerUp(2);
      expect(await inTime(late)).to.include({ partition: 1, offset: 1 });
    } finally {
      await cluster.close();
    }
  });
});
