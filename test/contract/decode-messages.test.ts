import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import {
  Consumer,
  type ConsumerDeserializer,
  DeserializationError,
  type Message,
  Producer,
  deadLetters,
  serde,
} from 'seekafka';
import { table } from 'seekafka/table';
import { describeOnBoth } from '../helpers/clusters.js';
import { at, committedOf, fill, range } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// What deserialisers make of messages, whatever way they are read; and that what cannot be decoded is skipped by nobody but the
// user. The values are those of fill(): `<partition>:<sequence>`, and the sequence is the offset.

const sequenceOf = (bytes: Buffer) => Number(String(bytes).split(':')[1]);

/** Messages as `partition/offset=value`. */
const shown = (messages: Iterable<Message<number>>) =>
  Array.from(messages, ({ partition, offset, value }) => `${partition}/${offset}=${value}`);
const expected = (partition: number, from: number, to: number) =>
  range(from, to).map((offset) => `${partition}/${offset}=${offset}`);

/** Decodes nothing before it is let to. */
class Gate {
  readonly asked: number[] = [];
  readonly #open = new Map<number, () => void>();

  readonly value = async (bytes: Buffer): Promise<number> => {
    const sequence = sequenceOf(bytes);
    this.asked.push(sequence);
    await new Promise<void>((resolve) => this.#open.set(sequence, resolve));
    return sequence;
  };

  open(sequence: number): void {
    this.#open.get(sequence)!();
  }
}

const failsAt =
  (...offsets: number[]) =>
  (bytes: Buffer) => {
    const sequence = sequenceOf(bytes);
    if (offsets.includes(sequence)) throw new RangeError(`no ${sequence}`);
    return sequence;
  };

describeOnBoth('decoded messages', (cluster) => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach('end of the consumers', () => Promise.all(opened.splice(0).map((consumer) => consumer.close())));

  const prepare = async <V>(deserializer: ConsumerDeserializer<V>, count: number, partitions = 1) => {
    const topic = await cluster().createTopic(partitions);
    await fill(cluster(), topic, { partitions, count });
    const group = uniqueGroup();
    const config = { 'bootstrap.servers': cluster().bootstrapServers, 'group.id': group };
    const consumer = new Consumer(
      { ...config, 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': 0 },
      { deserializer },
    );
    opened.push(consumer);
    await consumer.assign(range(0, partitions).map((partition) => ({ topic, partition, offset: 0 })));
    return { topic, consumer, committed: (partition = 0) => committedOf(cluster(), group, topic, partition) };
  };

  /** Reads to the end by each way there is. */
  const ways = {
    'for await': async (consumer: Consumer<number>) => {
      const read: Message<number>[] = [];
      for await (const message of consumer.messages({ until: 'end' })) read.push(message);
      return read;
    },
    'batches()': async (consumer: Consumer<number>) => {
      const read: Message<number>[] = [];
      for await (const batch of consumer.batches({ until: 'end' })) read.push(...batch);
      return read;
    },
    'batches() that gather': async (consumer: Consumer<number>) => {
      const read: Message<number>[] = [];
      const options = { until: 'end', minMessages: 90, maxMessages: 90, maxBytes: 100_000 } as const;
      for await (const batch of consumer.batches(options)) read.push(...batch);
      return read;
    },
    'byPartition()': async (consumer: Consumer<number>) => {
      const read: Message<number>[] = [];
      for await (const batch of consumer.batches({ until: 'end', maxMessages: 70 })) {
        for (const part of batch.byPartition()) read.push(...part);
      }
      return read;
    },
    'process()': async (consumer: Consumer<number>) => {
      const read: Message<number>[] = [];
      const stop = new AbortController();
      const handler = (message: Message<number>) => {
        if (read.push(message) === 300) stop.abort();
      };
      await inTime(consumer.process(handler, { signal: stop.signal }));
      return read;
    },
  };

  for (const [way, read] of Object.entries(ways)) {
    it(`come in order by ${way}, also where later ones are decoded earlier, and several are decoded at once`, async () => {
      let now = 0;
      let most = 0;
      const value = async (bytes: Buffer) => {
        most = Math.max(most, ++now);
        const sequence = sequenceOf(bytes);
        await sleep(sequence % 7);
        now--;
        return sequence;
      };
      const { consumer, committed } = await prepare({ value }, 150, 2);
      const all = await inTime(read(consumer));
      expect(shown(all.filter(({ partition }) => partition === 0))).to.deep.equal(expected(0, 0, 150));
      expect(shown(all.filter(({ partition }) => partition === 1))).to.deep.equal(expected(1, 0, 150));
      expect(most, 'at once').to.be.within(2, 64);
      expect(consumer.isStale(all[0]!)).to.equal(false);
      await consumer.close();
      expect([await committed(0), await committed(1)]).to.deep.equal([150, 150]);
    });
  }

  it('are the loop’s error where they cannot be decoded, with the bytes; a later loop goes on behind it', async () => {
    const { consumer, topic, committed } = await prepare({ value: failsAt(3) }, 6);
    const read: Message<number>[] = [];
    const loop = async () => {
      for await (const message of consumer.messages({ until: 'end' })) read.push(message);
    };
    const error = (await rejection(inTime(loop()))) as DeserializationError;
    expect(error).to.be.instanceOf(DeserializationError);
    expect(error.cause).to.be.instanceOf(RangeError);
    expect(error.message).to.include(`${topic}[0]`).and.include('value of offset 3').and.include('no 3');
    const { part, offset, raw } = error;
    expect({ part, offset, key: raw.key, value: String(raw.value) }).to.deep.equal({
      ...{ part: 'value', offset: 3, key: null, value: '0:3' },
    });
    expect(shown(read)).to.deep.equal(expected(0, 0, 3));
    await consumer.commit();
    expect(await committed(), 'it is not processed').to.equal(3);
    await inTime(loop());
    expect(shown(read)).to.deep.equal([...expected(0, 0, 3), ...expected(0, 4, 6)]);
    await consumer.close();
    expect(await committed()).to.equal(6);
  });

  it('can be tried again: seek(error.raw)', async () => {
    let fails = 2;
    const value = async (bytes: Buffer) => {
      if (sequenceOf(bytes) === 2 && fails-- > 0) throw new Error('the registry is away');
      return sequenceOf(bytes);
    };
    const { consumer } = await prepare({ value }, 5);
    const read: Message<number>[] = [];
    for (let rounds = 0; read.length < 5; rounds++) {
      expect(rounds).to.be.below(5);
      try {
        for await (const message of consumer.messages({ until: 'end' })) read.push(message);
      } catch (error) {
        if (!(error instanceof DeserializationError)) throw error;
        await consumer.seek(error.raw);
      }
    }
    expect(shown(read)).to.deep.equal(expected(0, 0, 5));
    await consumer.close();
  });

  it('that cannot be decoded end a batch before them, and reject in their turn', async () => {
    const { consumer, committed } = await prepare({ value: failsAt(4, 5) }, 8);
    const batches: string[][] = [];
    const errors: number[] = [];
    for (let rounds = 0; rounds < 3; rounds++) {
      try {
        for await (const batch of consumer.batches({ until: 'end' })) batches.push(shown(batch));
      } catch (error) {
        errors.push((error as DeserializationError).offset);
      }
    }
    expect(errors).to.deep.equal([4, 5]);
    expect(batches.flat()).to.deep.equal([...expected(0, 0, 4), ...expected(0, 6, 8)]);
    await consumer.close();
    expect(await committed()).to.equal(8);
  });

  for (const way of ['for await', 'batches()', 'batches() that gather', 'process()'] as const) {
    it(`go to onError where they cannot be decoded, in their turn, and count as processed then (${way})`, async () => {
      const order: string[] = [];
      const onError = async ({ raw }: DeserializationError) => {
        order.push(`error ${String(raw.value)}`);
        await sleep(1);
        order.push('done');
      };
      const { consumer, committed } = await prepare({ value: failsAt(100, 299), onError }, 300);
      const read: Message<number>[] = [];
      if (way === 'process()') {
        const stop = new AbortController();
        const processing = consumer.process((message) => void read.push(message), { signal: stop.signal });
        await eventually(() => order.length === 4);
        stop.abort();
        await inTime(processing);
      } else {
        read.push(...(await inTime(ways[way](consumer))));
      }
      expect(order).to.deep.equal(['error 0:100', 'done', 'error 0:299', 'done']);
      expect(shown(read)).to.deep.equal([...expected(0, 0, 100), ...expected(0, 101, 299)]);
      await consumer.close();
      expect(await committed()).to.equal(300);
    });
  }

  it('are not processed where onError rejects, which the loop rejects with', async () => {
    const value = failsAt(2);
    const { consumer, committed } = await prepare({ value, onError: () => Promise.reject(new Error('not there')) }, 4);
    expect(String(await rejection(inTime(ways['for await'](consumer))))).to.equal('Error: not there');
    await consumer.close();
    expect(await committed()).to.equal(2);
  });

  it('are not delivered, nor told, where a seek leaves them while they are decoded; the position has not moved', async () => {
    const gate = new Gate();
    const told: unknown[] = [];
    const { consumer, topic } = await prepare({ value: gate.value, onError: (error) => told.push(error) }, 100);
    const iterator = consumer[Symbol.asyncIterator]();
    const next = iterator.next();
    await eventually(() => gate.asked.length > 1);
    expect(await consumer.position()).to.deep.equal([at(topic, 0)]);
    await eventually(() => consumer.health().loop.state === 'working', { what: 'a loop that decodes is seen to work' });
    await inTime(consumer.seek(at(topic, 90)));
    expect(await consumer.position()).to.deep.equal([at(topic, 90)]);
    await eventually(() => gate.asked.includes(90));
    for (const sequence of gate.asked) if (sequence < 90) gate.open(sequence);
    gate.open(90);
    expect((await inTime(next)).value).to.include({ offset: 90, value: 90 });
    await consumer.close();
    expect(told).to.deep.equal([]);
  });

  it('that hang keep no other partition back once theirs was sought away from', async () => {
    const hung: number[] = [];
    const value = (bytes: Buffer) => {
      const [partition, sequence] = String(bytes).split(':').map(Number);
      if (hung.length === 0 || partition === hung[0]) {
        if (sequence! < 5) return new Promise<number>(() => (hung[0] = partition!));
      }
      return Promise.resolve(sequence!);
    };
    const { consumer, topic } = await prepare({ value }, 5, 2);
    const iterator = consumer[Symbol.asyncIterator]();
    const next = iterator.next();
    await eventually(() => hung.length > 0);
    await inTime(consumer.seekToEnd([{ topic, partition: hung[0]! }]));
    const { value: message } = (await inTime(next)) as IteratorYieldResult<Message<number>>;
    expect(message.partition).to.equal(1 - hung[0]!);
    await consumer.close();
  });

  it('that hang do not keep close(), nor a signal, from ending a loop', async () => {
    const gate = new Gate();
    const { consumer } = await prepare({ value: gate.value }, 10);
    const stop = new AbortController();
    const first = consumer.messages({ signal: stop.signal }).next();
    await eventually(() => gate.asked.length > 0);
    stop.abort();
    expect((await inTime(first)).done).to.equal(true);
    const second = consumer.batches().next();
    await consumer.close();
    expect((await inTime(second)).done).to.equal(true);
  });

  it('may be moved by their own deserialiser', async () => {
    let sought: Promise<unknown> | undefined;
    const done = () => sought;
    const value = (bytes: Buffer): number => {
      if (sequenceOf(bytes) === 3) sought ??= consumer.seek(at(topic, 8));
      return sequenceOf(bytes);
    };
    const { consumer, topic } = await prepare({ value }, 10);
    for (const way of ['for await', 'batches()'] as const) {
      sought = undefined;
      await consumer.seekToBeginning();
      const read = await inTime(ways[way](consumer));
      await done();
      expect(shown(read).slice(-2)).to.deep.equal(expected(0, 8, 10));
      expect(read.map(({ offset }) => offset)).to.not.include(4);
    }
    await consumer.close();
  });

  it('of process() are tried again, and go to onFailure as they arrived', async () => {
    const asked: number[] = [];
    const value = (bytes: Buffer): Promise<number> => {
      const sequence = sequenceOf(bytes);
      asked.push(sequence);
      if (sequence === 5) throw new Error('never'); // at once, also where it is decoded ahead
      const fails = sequence === 2 && asked.filter((one) => one === 2).length < 3;
      return fails ? Promise.reject(new Error('not yet')) : Promise.resolve(sequence);
    };
    const { consumer, committed } = await prepare({ value }, 8);
    const read: Message<number>[] = [];
    const failures: string[] = [];
    const stop = new AbortController();
    const processing = consumer.process((message) => void (read.push(message) === 7 && stop.abort()), {
      retry: { attempts: 5, backoffMs: 1 },
      signal: stop.signal,
      onFailure: (error, message, { attempts }) => {
        failures.push(`${(error as DeserializationError).part} ${String(message.value)} ${attempts}`);
      },
    });
    await inTime(processing);
    expect(failures).to.deep.equal(['value 0:5 5']);
    expect(shown(read)).to.deep.equal([...expected(0, 0, 5), ...expected(0, 6, 8)]);
    await consumer.close();
    expect(await committed()).to.equal(8);
  });

  it('of process() end it where nobody takes what cannot be decoded', async () => {
    const { consumer, committed } = await prepare({ value: failsAt(3) }, 5);
    const error = await rejection(inTime(consumer.process(() => undefined)));
    expect(error).to.be.instanceOf(DeserializationError);
    await consumer.close();
    expect(await committed()).to.equal(3);
  });

  it('are dead letters as the bytes that they were, past the serialiser of the producer', async () => {
    const { consumer, topic } = await prepare({ value: failsAt(1) }, 3);
    const letters = await cluster().createTopic(1);
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    const serializer = { key: serde.json<unknown>(), value: serde.json<unknown>() };
    await using producer = new Producer(servers, { serializer });
    const stop = new AbortController();
    let handled = 0;
    const handler = ({ value }: Message<number>) => {
      if (++handled === 2) stop.abort();
      if (value === 2) throw new Error('two');
    };
    const onFailure = deadLetters(producer, letters);
    await inTime(consumer.process(handler, { signal: stop.signal, onFailure }));
    await consumer.close();
    await using reader = new Consumer(servers);
    await reader.assign([at(letters, 0)]);
    const found: string[] = [];
    for await (const { key, value, headers } of reader.messages({ until: 'end' })) {
      const reason = headers.find(([name]) => name === 'dead-letter.error')![1];
      found.push(`${String(key)} ${String(value)} ${String(reason)}`);
    }
    const why = `DeserializationError: ${topic}[0]: the value of offset 1 cannot be decoded: no 1`;
    expect(found).to.deep.equal([`null 0:1 ${why}`, 'null 0:2 Error: two']);
  });

  it('are tombstones and keys of none as they are, and may be committed', async () => {
    const topic = await cluster().createTopic(1);
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    await using producer = new Producer(servers, { serializer: { key: serde.string(), value: serde.json<object>() } });
    await producer.send([
      { topic, key: 'a', value: { b: 1 } },
      { topic, key: 'a', value: null },
      { topic, value: [] },
    ]);
    const group = uniqueGroup();
    const deserializer = { key: serde.string(), value: serde.json<object>() };
    await using consumer = new Consumer({ ...servers, 'group.id': group }, { deserializer });
    await consumer.assign([at(topic, 0)]);
    const read: [string | null, object | null][] = [];
    for await (const message of consumer.messages({ until: 'end' })) {
      read.push([message.key, message.value]);
      if (message.offset === 1) await consumer.commit(message);
    }
    expect(read).to.deep.equal([
      ['a', { b: 1 }],
      ['a', null],
      [null, []],
    ]);
    expect(await committedOf(cluster(), group, topic)).to.equal(2);
  });

  it('type a table, which keeps what they were decoded to', async () => {
    const topic = await cluster().createTopic(1);
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    const [key, value] = [serde.string(), serde.json<{ limit: number }>()];
    await using producer = new Producer(servers, { serializer: { key, value } });
    await producer.send([
      { topic, key: 'ann', value: { limit: 1 } },
      { topic, key: 'bob', value: { limit: 2 } },
      { topic, key: 'ann', value: { limit: 3 } },
    ]);
    await using consumer = new Consumer(servers, { deserializer: { key, value } });
    await using limits = table(consumer, topic);
    await inTime(limits.ready);
    const ann: { limit: number } | undefined = limits.get('ann');
    expect([ann, limits.get('bob')]).to.deep.equal([{ limit: 3 }, { limit: 2 }]);
    await using sums = new Consumer(servers, { deserializer: { key, value } });
    await using doubled = table(sums, topic, { load: (message) => message.value.limit * 2 });
    await inTime(doubled.ready);
    expect([...doubled]).to.deep.equal([
      ['ann', 6],
      ['bob', 4],
    ]);
  });
});
