import { expect } from 'chai';
import { Consumer, type LogLine, Producer } from 'seekafka';
import { type RealKafka, describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { javaScriptCpuMs } from '../helpers/threads.js';
import { inTime } from '../helpers/wait.js';

// While the event loop is blocked by the application, native code gathers what there is to tell. All of it comes at once
// afterwards, however much it is, and handing it on takes time by its number, not by the square of it.

const block = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

/** Sends so many, blocks until they have long been answered, and measures what the JavaScript thread does afterwards. */
async function drained(bootstrapServers: string, topic: string, count: number, blockMs: number, debug: boolean) {
  const lines: LogLine[] = [];
  const producer = new Producer({
    'bootstrap.servers': bootstrapServers,
    'linger.ms': 1,
    'queue.buffering.max.messages': 10_000_000,
    ...(debug ? { debug: 'all' } : {}),
  });
  producer.on('log', (line) => lines.push(line));
  await producer.send({ topic, partition: 0, value: 'warm' });
  const offsets = new Set<number>();
  const sending = Array.from({ length: count }, (_, i) =>
    producer.send({ topic, partition: 0, value: `${i}` }).then(({ offset }) => offsets.add(offset)),
  );
  await Promise.resolve(); // they cross
  block(blockMs);
  const from = javaScriptCpuMs();
  await inTime(Promise.all(sending), () => `${count} deliveries: ${offsets.size} have come`, 60_000);
  const ms = javaScriptCpuMs() - from;
  await producer.close();
  return { offsets: offsets.size, lines, ms };
}

describe('what comes at once when the event loop has been blocked', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('is all there: the outcomes of 100,000 messages that were sent one by one, in linear time', async () => {
    const topic = await cluster.createTopic();
    const small = await drained(cluster.bootstrapServers, topic, 25_000, 1500, false);
    const large = await drained(cluster.bootstrapServers, topic, 100_000, 5000, false);
    expect([small.offsets, large.offsets]).to.deep.equal([25_000, 100_000]);
    // Four times as many. A floor, because a small number of milliseconds is mostly chance.
    expect(large.ms).to.be.lessThan(Math.max(small.ms, 150) * 4 * 2);
  });

  it('is all there amid log lines: the outcomes of 60,000 messages, with debug=all', async () => {
    const topic = await cluster.createTopic();
    const { offsets, lines, ms } = await drained(cluster.bootstrapServers, topic, 60_000, 6000, true);
    expect(offsets).to.equal(60_000);
    expect(ms).to.be.lessThan(10_000);
    // Enough lines are there for the test to mean something, or some were dropped.
    expect(lines.length).to.be.greaterThan(100);
  });

  it('is bounded where log lines come for as long as nobody takes them, and replies come all the same', async () => {
    const topic = await cluster.createTopic();
    const producer = new Producer({
      'bootstrap.servers': cluster.bootstrapServers,
      'linger.ms': 0,
      'batch.num.messages': 1,
      debug: 'all',
    });
    const lines: LogLine[] = [];
    producer.on('log', (line) => lines.push(line));
    await producer.send({ topic, partition: 0, value: 'warm' });
    // A batch each: some ten lines a message.
    const sent = producer.send(Array.from({ length: 40_000 }, () => ({ topic, partition: 0, value: 'x' })));
    await Promise.resolve();
    const at = lines.length;
    block(8000);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const burst = lines.slice(at);
    expect((await inTime(sent, 'the deliveries', 60_000)).length).to.equal(40_000);
    expect(burst.length).to.be.lessThan(200_000);
    const all = lines.length;
    await producer.close();
    const dropped = lines.filter(({ facility }) => facility === 'DROPPED');
    expect(dropped, `a line of the facility DROPPED, in ${all}`).to.have.length.greaterThan(0);
    for (const { message } of dropped) expect(message).to.match(/\d+/);
  });
});

describeOnKafka('large messages', (cluster: () => RealKafka) => {
  it('come whole with queued.max.messages.kbytes raised, and the sizes of batches are right', async () => {
    const size = 20_000_000;
    const count = 12;
    const topic = await cluster().createTopic(1, { 'max.message.bytes': '50000000' });
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    const producer = new Producer({
      ...servers,
      'message.max.bytes': 50_000_000,
      'queue.buffering.max.kbytes': 1_000_000,
    });
    for (let i = 0; i < count; i++) {
      await inTime(producer.send({ topic, partition: 0, value: Buffer.alloc(size, i) }), 'a large message', 30_000);
    }
    await producer.close();
    await using consumer = new Consumer({
      ...servers,
      'queued.max.messages.kbytes': 2_097_151,
      'fetch.message.max.bytes': 500_000_000,
      'fetch.max.bytes': 1_000_000_000,
      'receive.message.max.bytes': 1_500_000_000,
    });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    let seen = 0;
    for await (const batch of consumer.batches()) {
      let bytes = 0;
      for (const { offset, value } of batch) {
        expect(offset).to.equal(seen);
        expect([value!.length, value![0], value!.at(-1)]).to.deep.equal([size, seen, seen]);
        bytes += value!.length;
        seen++;
      }
      expect(batch.byteLength).to.be.at.least(bytes);
      if (seen === count) break;
    }
  });
});
