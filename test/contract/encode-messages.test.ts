import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  Consumer,
  KafkaError,
  type Message,
  Producer,
  type ProducerSerializer,
  SerializationError,
  serde,
} from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { range } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { unique } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// What serialisers make of messages: the order of the calls is the order of the log, however long each takes, and a call that fails
// sends nothing and holds nothing up.

describeOnBoth('encoded messages', (cluster) => {
  const servers = () => ({ 'bootstrap.servers': cluster().bootstrapServers });
  const prepare = async <V>(serializer: ProducerSerializer<V>, config = {}) => {
    const topic = await cluster().createTopic(1);
    const producer = new Producer({ ...servers(), ...config }, { serializer });
    const stored = async () => {
      await using consumer = new Consumer(servers());
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      // Not 'end': what a transaction has committed may be read some moments later.
      const until = await consumer.endOffsets([{ topic, partition: 0 }], { isolationLevel: 'read_uncommitted' });
      const values: string[] = [];
      for await (const { value } of consumer.messages({ until })) values.push(String(value));
      return values;
    };
    return { topic, producer, stored };
  };
  const late = async (value: number) => {
    await sleep((value * 7) % 10);
    if (value < 0) throw new RangeError('negative');
    return `<${value}>`;
  };

  it('are stored in the order of the calls, singly and in arrays, also behind those that take longer', async () => {
    let now = 0;
    let most = 0;
    const value = async (given: number) => {
      most = Math.max(most, ++now);
      const bytes = await late(given);
      now--;
      return bytes;
    };
    const { topic, producer, stored } = await prepare({ value });
    const sent: Promise<unknown>[] = [];
    for (let i = 0; i < 200;) {
      if (i % 5 === 0) sent.push(producer.send(range(i, (i += 3)).map((one) => ({ topic, value: one }))));
      else sent.push(producer.send({ topic, value: i++ }));
      if (i % 17 === 0) await sleep(1);
    }
    sent.push(producer.send({ topic, value: null })); // has nothing to wait for, but its place
    await inTime(Promise.all(sent));
    await producer.close();
    const count = (await stored()).length - 1;
    expect(await stored()).to.deep.equal([...range(0, count).map((i) => `<${i}>`), 'null']);
    expect(most, 'at once').to.be.above(3);
  });

  it('that cannot be encoded reject, with the rest of their call, and hold nothing up', async () => {
    const { topic, producer, stored } = await prepare({ value: late });
    const before = producer.send({ topic, value: 1 });
    const failing = rejection(producer.send([2, -3, 4].map((value) => ({ topic, value }))));
    const behind = producer.send({ topic, value: 5 });
    const error = (await inTime(failing)) as SerializationError;
    expect(error).to.be.instanceOf(SerializationError);
    expect(error).to.include({ topic, part: 'value', index: 1 });
    expect(error.cause).to.be.instanceOf(RangeError);
    await inTime(Promise.all([before, behind]));
    await producer.close();
    expect(await stored()).to.deep.equal(['<1>', '<5>']);
  });

  it('are waited for by flush() and by close()', async () => {
    const { topic, producer, stored } = await prepare({ value: late });
    let settled = 0;
    const send = (value: number) => producer.send({ topic, value }).then(() => settled++);
    const sent = [send(4), send(7)];
    await inTime(producer.flush());
    await Promise.all(sent);
    expect(settled).to.equal(2);
    const last = send(9);
    await inTime(producer.close());
    await inTime(last);
    expect(await stored()).to.deep.equal(['<4>', '<7>', '<9>']);
  });

  it('that are not ready in time are given up by close()', async () => {
    const { topic, producer } = await prepare({ value: () => new Promise<string>(() => undefined) });
    const sent = rejection(producer.send({ topic, value: 'never' }));
    const late = rejection(producer.flush({ timeoutMs: 50 }));
    expect(await inTime(late)).to.include({ code: 'ERR__TIMED_OUT' });
    await inTime(producer.close({ timeoutMs: 100 }));
    expect(await inTime(sent))
      .to.be.instanceOf(KafkaError)
      .and.include({ code: 'ERR__DESTROY' });
  });

  it('are the values of the call, whatever is done with them meanwhile', async () => {
    const topic = await cluster().createTopic(1);
    const producer = new Producer(servers(), { serializer: { value: late } });
    const key = Buffer.from('key');
    const header = Buffer.from('header');
    const headers: [string, Buffer][] = [['name', header]];
    const message = { topic, key, value: 9, headers };
    const sent = producer.send(message);
    key.fill('x');
    header.fill('x');
    headers.length = 0;
    message.value = 8;
    await inTime(sent);
    await producer.close();
    await using consumer = new Consumer(servers());
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const { value: read } = (await inTime(consumer[Symbol.asyncIterator]().next())) as IteratorYieldResult<Message>;
    expect([String(read.key), String(read.value), read.headers[0]![0], String(read.headers[0]![1])]).to.deep.equal([
      ...['key', '<9>', 'name', 'header'],
    ]);
  });

  it('have the headers that a serialiser adds', async () => {
    const value = {
      serialize: async (_topic: string, given: number, headers: Record<string, unknown> = {}) => {
        await sleep(1);
        headers['schema'] = Buffer.from(`of ${given}, beside ${Object.keys(headers).join()}`);
        return String(given);
      },
    };
    const { topic, producer } = await prepare({ value });
    await inTime(producer.send({ topic, value: 1, headers: { own: 'header' } }));
    await producer.close();
    const deserialize = (_topic: string, bytes: Buffer, headers?: Record<string, unknown>) =>
      `${String(bytes)} ${String(headers!['own'])} ${String(headers!['schema'])}`;
    await using consumer = new Consumer(servers(), { deserializer: { value: { deserialize } } });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const { value: read } = (await inTime(consumer[Symbol.asyncIterator]().next())) as IteratorYieldResult<
      Message<string>
    >;
    expect(read.value).to.equal('1 header of 1, beside own');
  });

  it('of a transaction that aborts are in no later one', async () => {
    const gate: (() => void)[] = [];
    const value = (given: string) =>
      given === 'slow' ? new Promise<string>((resolve) => gate.push(() => resolve(given))) : given;
    const { topic, producer, stored } = await prepare({ value }, { 'transactional.id': unique('transaction') });
    const slow = producer.transaction(async (tx) => {
      tx.send({ topic, value: 'slow' }).catch(() => undefined);
      throw new Error('no');
    });
    expect(String(await rejection(inTime(slow)))).to.equal('Error: no');
    await inTime(producer.transaction((tx) => tx.send({ topic, value: 'quick' })));
    gate[0]!();
    const both = producer.transaction(async (tx) => {
      const sent = [tx.send({ topic, value: 'slow' }), tx.send({ topic, value: 'behind' })];
      await eventually(() => gate.length === 2);
      gate[1]!();
      await Promise.all(sent);
    });
    await inTime(both);
    await producer.close();
    expect(await stored()).to.deep.equal(['quick', 'slow', 'behind']);
  });

  it('go with json() and string() from one end to the other', async () => {
    const topic = await cluster().createTopic(1);
    const [key, value] = [serde.string(), serde.json<{ a: number[] }>()];
    await using producer = new Producer(servers(), { serializer: { key, value } });
    await producer.send({ topic, key: 'ключ', value: { a: [1, 2] } });
    expect(await rejection(producer.send({ topic, key: 1 as never, value: { a: [] } }))).to.include({ part: 'key' });
    await using consumer = new Consumer(servers(), { deserializer: { key, value } });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const step = await inTime(consumer[Symbol.asyncIterator]().next());
    if (step.done) throw new Error('nothing came');
    const typed: number | undefined = step.value.value?.a[1];
    expect([step.value.key, typed]).to.deep.equal(['ключ', 2]);
  });
});
