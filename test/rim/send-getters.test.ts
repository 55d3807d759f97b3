import { expect } from 'chai';
import { Producer, type ProducerMessage, type RecordMetadata } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { type Logged, logOf, outcome, valuesOf } from '../helpers/log-content.js';
import { rejection } from '../helpers/rejection.js';
import { given } from '../helpers/wrong-values.js';
import { inTime } from '../helpers/wait.js';

// A message is an object of the user's, and each of its properties may run code of the user's: it may throw, send
// another message, or change what was read before.

const fields = ['topic', 'partition', 'key', 'value', 'headers', 'timestamp'] as const;
type Field = (typeof fields)[number];

const plain = (topic: string): Required<{ [F in Field]: unknown }> => ({
  topic,
  partition: 0,
  key: 'key',
  value: 'value',
  headers: [['name', 'content']],
  timestamp: 1_700_000_000_000,
});

/** A message whose properties call `read` with their names before they give their values. */
function watched(topic: string, read: (field: Field, message: Record<Field, unknown>) => void): ProducerMessage {
  const values = plain(topic);
  const message = {} as Record<Field, unknown>;
  // Backwards, so that the order of the object is not by chance the one that is asked for.
  for (const field of [...fields].reverse()) {
    Object.defineProperty(message, field, {
      enumerable: true,
      configurable: true,
      get() {
        read(field, values);
        return values[field];
      },
    });
  }
  return given(message);
}

describe('a message whose properties run code', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  let producer: Producer;
  let topic: string;
  let other: string;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());
  beforeEach(async () => {
    producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    [topic, other] = [await cluster.createTopic(), await cluster.createTopic()];
  });
  afterEach(() => producer.close({ timeoutMs: 1000 }));

  /** Singles and arrays go by ways of their own. */
  const ways: Readonly<Record<string, (message: ProducerMessage) => Promise<RecordMetadata>>> = {
    'sent alone': (message) => producer.send(message),
    'sent in an array': async (message) => (await producer.send([message]))[0]!,
  };

  for (const [way, send] of Object.entries(ways)) {
    it(`is read once, in the order that is promised, ${way}`, async () => {
      const order: string[] = [];
      await inTime(send(watched(topic, (field) => order.push(field))));
      expect(order).to.deep.equal(fields);
      expect(await logOf(cluster, topic)).to.deep.equal([
        { offset: 0, key: 'key', value: 'value', headers: [['name', 'content']] },
      ] satisfies Logged[]);
    });

    it(`is read before send() returns, ${way}`, async () => {
      let reads = 0;
      const sending = send(watched(topic, () => reads++));
      expect(reads).to.equal(fields.length);
      await inTime(sending);
      expect(reads).to.equal(fields.length);
    });

    for (const field of fields) {
      it(`rejects with what its ${field} throws, and nothing else suffers, ${way}`, async () => {
        const thrown = new Error(`no ${field}`);
        const message = watched(topic, (read) => {
          if (read === field) throw thrown;
        });
        const before = producer.send({ topic, value: 'before' });
        const bad = rejection(send(message));
        const after = producer.send({ topic, value: 'after' });
        const later = producer.send([{ topic, value: 'array' }]);
        expect(await inTime(bad)).to.equal(thrown);
        expect((await inTime(before)).offset).to.equal(0);
        expect((await inTime(after)).offset).to.equal(1);
        expect((await inTime(later))[0]!.offset).to.equal(2);
        expect((await inTime(producer.send({ topic, value: 'at last' }))).offset).to.equal(3);
        expect(await valuesOf(cluster, topic)).to.deep.equal(['before', 'after', 'array', 'at last']);
      });

      for (const [inner, another] of [
        ['one', () => producer.send({ topic: other, key: 'inner', value: 'inner' })],
        ['an array of two', () => producer.send([1, 2].map(() => ({ topic: other, value: 'inner' })))],
      ] as const) {
        it(`goes where it says although its ${field} sends ${inner} to another topic, ${way}`, async () => {
          const sent: Promise<unknown>[] = [];
          const message = watched(topic, (read) => {
            if (read === field) sent.push(another());
          });
          const stored = await inTime(send(message));
          expect(stored).to.include({ topic, partition: 0, offset: 0 });
          const inside = (await inTime(Promise.all(sent))).flat() as RecordMetadata[];
          expect(inside.map((metadata) => metadata.topic)).to.deep.equal(inside.map(() => other));
          const expected = { offset: 0, key: 'key', value: 'value', headers: [['name', 'content']] };
          expect(await logOf(cluster, topic)).to.deep.equal([expected]);
          expect(await valuesOf(cluster, other)).to.deep.equal(inside.map(() => 'inner'));
        });
      }

      it(`is not changed by what its ${field} changes of what was read before, ${way}`, async () => {
        const read: Field[] = [];
        const message = watched(topic, (now, values) => {
          if (now === field) for (const before of read) values[before] = before === 'topic' ? other : 'changed';
          read.push(now);
        });
        expect(await inTime(send(message))).to.include({ topic, partition: 0, offset: 0 });
        const expected = { offset: 0, key: 'key', value: 'value', headers: [['name', 'content']] };
        expect(await logOf(cluster, topic)).to.deep.equal([expected]);
        expect(await logOf(cluster, other)).to.deep.equal([]);
      });
    }

    for (const [what, headers] of [
      [
        'an iterator that throws after its first',
        function* (): Generator<[string, string]> {
          yield ['a', '1'];
          throw new Error('of the iterator');
        },
      ],
      [
        'a header whose content is a getter that throws',
        () => [
          Object.defineProperty(['a', '1'], 1, {
            get: () => {
              throw new Error('of the iterator');
            },
          }),
        ],
      ],
      [
        'an object whose property throws',
        () => ({
          a: '1',
          get b(): string {
            throw new Error('of the iterator');
          },
        }),
      ],
    ] as const) {
      it(`leaves nothing behind where its headers are ${what}, ${way}`, async () => {
        const bad = rejection(send({ topic, value: 'bad', headers: given(headers()) }));
        const after = producer.send({ topic, value: 'after', headers: { h: '1' } });
        expect(await inTime(bad)).to.have.property('message', 'of the iterator');
        await inTime(after);
        expect(await logOf(cluster, topic)).to.deep.equal([
          { offset: 0, key: null, value: 'after', headers: [['h', '1']] },
        ]);
      });
    }
  }

  it('in the middle of an array: what it sends is stored beside it, each where it belongs', async () => {
    const sent: Promise<unknown>[] = [];
    const evil = watched(topic, (field) => {
      sent.push(producer.send({ topic: other, value: `single at ${field}` }));
      sent.push(producer.send([{ topic: other, value: `array at ${field}` }]));
    });
    const stored = await inTime(producer.send([{ topic, value: '0' }, evil, { topic, value: '2' }]));
    await inTime(Promise.all(sent));
    expect(stored.map(({ offset }) => offset)).to.deep.equal([0, 1, 2]);
    expect(await valuesOf(cluster, topic)).to.deep.equal(['0', 'value', '2']);
    const inner = await valuesOf(cluster, other);
    expect([...inner].sort()).to.deep.equal(fields.flatMap((f) => [`array at ${f}`, `single at ${f}`]).sort());
  });

  it('that grows the array it is in: what was there at the call is sent, or it is refused whole', async () => {
    const messages: ProducerMessage[] = [{ topic, value: '0' }];
    messages.push({
      topic,
      get value() {
        if (messages.length < 10) messages.push({ topic, value: 'grown' });
        return '1';
      },
    });
    expect(await inTime(producer.send(messages))).to.have.length.within(2, 3);
    expect((await valuesOf(cluster, topic)).slice(0, 2)).to.deep.equal(['0', '1']);
    expect(await outcome(producer.send({ topic, value: 'after' }))).to.equal('resolved');
  });

  it('that shrinks the array it is in neither stores holes nor hangs', async () => {
    const messages: ProducerMessage[] = [];
    messages.push(
      {
        topic,
        get value() {
          messages.length = 1;
          return '0';
        },
      },
      { topic, value: '1' },
      { topic, value: '2' },
    );
    const settled = await outcome(producer.send(messages));
    expect(settled).to.be.oneOf(['resolved', 'rejected TypeError', 'rejected RangeError']);
    const values = await valuesOf(cluster, topic);
    expect(values.join()).to.be.oneOf(['', '0', '0,1,2']);
    expect(await outcome(producer.send({ topic, value: 'after' }))).to.equal('resolved');
  });

  it('that closes its producer: it is rejected or stored, and close() ends', async () => {
    const closed: Promise<void>[] = [];
    const before = outcome(producer.send({ topic, value: 'before' }));
    const evil = outcome(producer.send(watched(topic, () => closed.push(producer.close({ timeoutMs: 2000 })))));
    expect(await evil).to.match(/^(resolved|rejected ERR__DESTROY)$/);
    expect(await before).to.equal('resolved');
    await inTime(Promise.all(closed));
    expect((await valuesOf(cluster, topic))[0]).to.equal('before');
  });
});
