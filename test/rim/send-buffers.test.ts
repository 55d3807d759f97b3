import { expect } from 'chai';
import { Producer, type ProducerMessage } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { type Logged, logOf } from '../helpers/log-content.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// Bytes to send lie in memory that others may change, shrink or take away, and their objects may say what is not true.

interface Resizable extends ArrayBuffer {
  resize(length: number): void;
}
const resizable = (length: number, maxByteLength: number) =>
  new (ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => Resizable)(length, {
    maxByteLength,
  });
const growable = (length: number, maxByteLength: number) =>
  new (
    SharedArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => SharedArrayBuffer & {
      grow(length: number): void;
    }
  )(length, { maxByteLength });

function filled<T extends Uint8Array>(bytes: T, text: string): T {
  bytes.set(Buffer.from(text));
  return bytes;
}

function detached(): Uint8Array {
  const bytes = filled(new Uint8Array(4), 'gone');
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function outOfBounds(): Uint8Array {
  const buffer = resizable(8, 8);
  const bytes = new Uint8Array(buffer, 4, 4);
  buffer.resize(2);
  return bytes;
}

const lying = (property: PropertyKey, descriptor: PropertyDescriptor) =>
  Object.defineProperty(Buffer.from('true'), property, descriptor);

/** What is to be stored as the text beside it. */
const good: Readonly<Record<string, readonly [make: () => Uint8Array, text: string]>> = {
  'a part of a larger buffer': [() => Buffer.from('..true..').subarray(2, 6), 'true'],
  'of no bytes': [() => new Uint8Array(0), ''],
  'over shared memory': [() => filled(new Uint8Array(new SharedArrayBuffer(4)), 'true'), 'true'],
  'over shared memory that has grown': [
    () => {
      const buffer = growable(2, 4);
      const bytes = new Uint8Array(buffer);
      buffer.grow(4);
      return filled(bytes, 'true');
    },
    'true',
  ],
  'over memory that may grow': [() => filled(new Uint8Array(resizable(4, 64)), 'true'), 'true'],
  'that tracks the length of memory that has grown': [
    () => {
      const buffer = resizable(1, 64);
      const bytes = new Uint8Array(buffer);
      buffer.resize(4);
      return filled(bytes, 'true');
    },
    'true',
  ],
  'that tracks the length of memory that has shrunk': [
    () => {
      const buffer = resizable(64, 64);
      const bytes = filled(new Uint8Array(buffer), 'true and more');
      buffer.resize(4);
      return bytes;
    },
    'true',
  ],
  'that tracks the length of memory that has shrunk to nothing': [
    () => {
      const buffer = resizable(64, 64);
      const bytes = new Uint8Array(buffer);
      buffer.resize(0);
      return bytes;
    },
    '',
  ],
  'with a length of its own that is too small': [() => lying('length', { value: 1 }), 'true'],
  'with a length of its own that is too large': [() => lying('length', { value: 1_000_000 }), 'true'],
  'with a length of its own that is negative': [() => lying('length', { value: -1 }), 'true'],
  'with a length of its own that is NaN': [() => lying('length', { value: NaN }), 'true'],
  'with a length of its own that throws': [
    () =>
      lying('length', {
        get() {
          throw new Error('no length');
        },
      }),
    'true',
  ],
  'with a byteLength of its own': [() => lying('byteLength', { value: 1 }), 'true'],
  'with a byteLength of its own that throws': [
    () =>
      lying('byteLength', {
        get() {
          throw new Error('no byteLength');
        },
      }),
    'true',
  ],
  'with a byteOffset of its own': [() => lying('byteOffset', { value: 2 }), 'true'],
  'with a buffer of its own': [() => lying('buffer', { value: new ArrayBuffer(64) }), 'true'],
  'with a set() and a copy() of its own': [
    () => {
      const bytes = lying('set', { value: () => undefined });
      return Object.defineProperty(bytes, 'copy', { value: () => 0 });
    },
    'true',
  ],
  'without a prototype': [() => Object.setPrototypeOf(filled(new Uint8Array(4), 'true'), null) as Uint8Array, 'true'],
  'of a class of its own': [
    () => {
      class Bytes extends Uint8Array {
        override get length() {
          return 1;
        }
      }
      return filled(new Bytes(4), 'true');
    },
    'true',
  ],
};

const bad: Readonly<Record<string, () => Uint8Array>> = {
  'whose memory was transferred': detached,
  'that lies outside of its memory': outOfBounds,
};

type Place = readonly [
  name: string,
  message: (bytes: Uint8Array) => Omit<ProducerMessage, 'topic'>,
  stored: (log: Logged) => unknown,
];
const places: readonly Place[] = [
  ['key', (bytes) => ({ key: bytes, value: 'v' }), ({ key }) => key],
  ['value', (bytes) => ({ value: bytes }), ({ value }) => value],
  ['headers', (bytes) => ({ value: 'v', headers: [['name', bytes]] }), ({ headers }) => headers[0]?.[1]],
  ['headers', (bytes) => ({ value: 'v', headers: { name: bytes } }), ({ headers }) => headers[0]?.[1]],
];

describe('bytes to send', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  let producer: Producer;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());
  beforeEach(() => {
    producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  });
  afterEach(() => producer.close({ timeoutMs: 500 }));

  for (const [what, [make, text]] of Object.entries(good)) {
    it(`are stored as they are: ${what}`, async () => {
      const topic = await cluster.createTopic();
      for (const [, message] of places) {
        await inTime(producer.send({ topic, ...message(make()) }));
        await inTime(producer.send([{ topic, ...message(make()) }]));
      }
      const log = await logOf(cluster, topic);
      const stored = places.flatMap(([, , read], i) => [read(log[2 * i]!), read(log[2 * i + 1]!)]);
      expect(stored).to.deep.equal(stored.map(() => text));
    });
  }

  for (const [what, make] of Object.entries(bad)) {
    it(`are refused by name, with nothing stored: ${what}`, async () => {
      const topic = await cluster.createTopic();
      for (const [name, message] of places) {
        const before = producer.send({ topic, value: 'v' });
        const one = rejection(producer.send({ topic, ...message(make()) }));
        const array = rejection(
          producer.send([
            { topic, value: 'x' },
            { topic, ...message(make()) },
          ]),
        );
        const after = producer.send({ topic, value: 'v' });
        for (const [error, where] of [
          [await inTime(one), `message.${name}`],
          [await inTime(array), `messages[1].${name}`],
        ] as const) {
          expect(error, where).to.be.instanceOf(TypeError);
          expect((error as Error).message.startsWith(where), `${(error as Error).message} names ${where}`).to.equal(
            true,
          );
        }
        await inTime(Promise.all([before, after]));
      }
      expect((await logOf(cluster, topic)).map(({ value }) => value)).to.deep.equal(places.flatMap(() => ['v', 'v']));
    });
  }

  it('are copied by the time send() returns', async () => {
    const topic = await cluster.createTopic();
    const value = Buffer.from('before');
    const shared = filled(new Uint8Array(new SharedArrayBuffer(6)), 'before');
    const buffer = resizable(6, 6);
    const shrinking = filled(new Uint8Array(buffer), 'before');
    const sent = [value, shared, shrinking].map((bytes) => producer.send({ topic, value: bytes }));
    const array = producer.send([value, shared, shrinking].map((bytes) => ({ topic, value: bytes })));
    value.fill('x');
    shared.fill(0x78);
    buffer.resize(1);
    await inTime(Promise.all([...sent, array]));
    expect((await logOf(cluster, topic)).map((m) => m.value)).to.deep.equal(Array.from({ length: 6 }, () => 'before'));
  });

  it('are not believed to be longer than they are by the message before them', async () => {
    // What was packed for one that was refused must not lie before what is packed next.
    const topic = await cluster.createTopic();
    for (let i = 0; i < 20; i++) {
      const evil = rejection(producer.send({ topic, key: 'k'.repeat(1 + i * 50), value: detached() }));
      const good = producer.send({ topic, key: `${i}`, value: `v${i}` });
      expect(await inTime(evil)).to.be.instanceOf(TypeError);
      expect((await inTime(good)).offset).to.equal(i);
    }
    const log = await logOf(cluster, topic);
    expect(log.map(({ key, value }) => `${key}=${value}`)).to.deep.equal(log.map((_, i) => `${i}=v${i}`));
  });
});
