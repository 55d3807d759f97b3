import { expect } from 'chai';
import { Worker } from 'node:worker_threads';
import { Consumer, type Message, type MessageBatch, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// What is delivered belongs to the user, who may give its memory away: to another thread, or by structuredClone(). That
// may cost the value, or be refused; but nothing else of the batch, and no offset.

/** Small ones lie together in one piece of memory; large ones have been fetched into librdkafka's. */
const sizes = { small: 10, 'of two kilobytes': 2000, large: 100_000 };
const COUNT = 10;

const content = (i: number, size: number) => `${i}:`.padEnd(size, String.fromCharCode(97 + i));

/** Gives the memory away; it may be refused. */
const ways: Readonly<Record<string, (bytes: Buffer) => void>> = {
  'structuredClone() of the value': (bytes) => void structuredClone(bytes, { transfer: [bytes.buffer as ArrayBuffer] }),
  'structuredClone() of its memory': (bytes) =>
    void structuredClone(bytes.buffer, { transfer: [bytes.buffer as ArrayBuffer] }),
  'a MessagePort': (bytes) => {
    const { port1, port2 } = new MessageChannel();
    try {
      port1.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
    } finally {
      port1.close();
      port2.close();
    }
  },
  'overwriting it': (bytes) => void new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length).fill(0),
};

describe('the memory of a value that was delivered', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  const topics = new Map<number, string>();
  before(async () => {
    cluster = await mockCluster();
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    for (const size of Object.values(sizes)) {
      const topic = await cluster.createTopic();
      topics.set(size, topic);
      await producer.send(
        Array.from({ length: COUNT }, (_, i) => ({
          topic,
          key: `k${i}`,
          value: content(i, size),
          headers: [['h', `h${i}`]] as [string, string][],
        })),
      );
    }
  });
  after(() => cluster.close());

  const consumerOf = () =>
    new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      'enable.auto.commit': false,
    });

  const expectWhole = ({ offset, key, value, headers, timestamp, partition }: Message, size: number) => {
    expect({ key: String(key), value: String(value), h: headers.map(([name, v]) => [name, String(v)]) }).to.deep.equal({
      key: `k${offset}`,
      value: content(offset, size),
      h: [['h', `h${offset}`]],
    });
    expect(partition).to.equal(0);
    expect(timestamp).to.be.greaterThan(1_600_000_000_000);
  };

  const give = (way: (bytes: Buffer) => void, bytes: Buffer | null | undefined) => {
    try {
      way(bytes!);
    } catch (error) {
      // Refusing is right too: memory that others need is not to be had.
      expect(error).to.have.property('name', 'DataCloneError');
    }
  };

  for (const [name, size] of Object.entries(sizes)) {
    for (const [way, act] of Object.entries(ways)) {
      for (const part of ['value', 'key', 'header'] as const) {
        if (part !== 'value' && size !== sizes.small) continue;
        it(`hurts nothing else when it is given away by ${way}: the ${part} of a ${name} message, by message`, async () => {
          const topic = topics.get(size)!;
          await using consumer = consumerOf();
          await consumer.assign([{ topic, partition: 0 }]);
          const bytesOf = (message: Message) => (part === 'header' ? message.headers[0]![1] : message[part]);
          let expected = 0;
          for await (const message of consumer) {
            expect(message.offset).to.equal(expected++);
            expectWhole(message, size);
            if (message.offset === 3) {
              give(act, bytesOf(message));
              expect(message).to.include({ offset: 3, partition: 0, topic });
            }
            if (expected === 7) break;
          }
          expect(await inTime(consumer.position())).to.deep.equal([{ topic, partition: 0, offset: 7 }]);
          for await (const message of consumer) {
            expectWhole(message, size);
            expect(message.offset).to.equal(7);
            break;
          }
          await inTime(consumer.commit());
          expect(await inTime(consumer.committed())).to.deep.equal([{ topic, partition: 0, offset: 7 }]);
        });
      }

      it(`hurts nothing else when it is given away by ${way}: of a ${name} message, by batch`, async () => {
        const topic = topics.get(size)!;
        await using consumer = consumerOf();
        await consumer.assign([{ topic, partition: 0 }]);
        const seen: number[] = [];
        let last: MessageBatch | undefined;
        for await (const batch of consumer.batches()) {
          last = batch;
          const { length, byteLength } = batch;
          for (const message of batch) {
            expectWhole(message, size);
            seen.push(message.offset);
            if (message.offset % 4 === 1) give(act, message.value);
            expect(message.offset).to.equal(seen.at(-1));
          }
          expect({ length: batch.length, byteLength: batch.byteLength }).to.deep.equal({ length, byteLength });
          if (seen.length === COUNT) break;
        }
        expect(seen).to.deep.equal(Array.from({ length: COUNT }, (_, i) => i));
        await inTime(consumer.commit(last));
        expect(await inTime(consumer.committed())).to.deep.equal([{ topic, partition: 0, offset: COUNT }]);
        expect(await inTime(consumer.position())).to.deep.equal([{ topic, partition: 0, offset: COUNT }]);
        // A message that was made before its neighbour went away is still a place to commit and to seek.
        const messages = [...last!];
        await inTime(consumer.commit(messages[0]));
        expect(await inTime(consumer.seek(messages[0]!))).to.deep.equal([
          { topic, partition: 0, offset: messages[0]!.offset },
        ]);
      });
    }
  }

  it('goes to a worker, which sees it, and the loop goes on', async () => {
    const topic = topics.get(sizes.small)!;
    const source = `
      const { parentPort } = require('node:worker_threads');
      parentPort.on('message', (value) => parentPort.postMessage(Buffer.from(value).toString()));`;
    const worker = new Worker(source, { eval: true });
    try {
      await using consumer = consumerOf();
      await consumer.assign([{ topic, partition: 0 }]);
      const echoes: string[] = [];
      worker.on('message', (text: string) => echoes.push(text));
      let expected = 0;
      for await (const message of consumer) {
        expect(message.offset).to.equal(expected++);
        const echo = new Promise((resolve) => worker.once('message', resolve));
        const { value } = message;
        try {
          worker.postMessage(value, [value!.buffer as ArrayBuffer]);
        } catch (error) {
          expect(error).to.have.property('name', 'DataCloneError');
          worker.postMessage(value);
        }
        await inTime(echo);
        if (expected === COUNT) break;
      }
      expect(echoes).to.deep.equal(Array.from({ length: COUNT }, (_, i) => content(i, sizes.small)));
    } finally {
      await worker.terminate();
    }
  });
});
