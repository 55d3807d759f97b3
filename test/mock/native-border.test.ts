// The border itself, without the facade: what native code does with what it must not be given, and how its handles end.

import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import { Field, FIELDS_PER_MESSAGE, viewBatch } from '../../binding/batch-layout.js';
import {
  type ClientRecord,
  type ConsumerRecord,
  type Handle,
  type NativeClient,
  type NativeConsumer,
  native,
} from '../../binding/native.js';

/** A handle, and all records that it has given. */
class Opened<Record extends { type: string }, H extends Handle<Record>> {
  readonly handle: H;
  readonly records: Record[] = [];
  #id = 0;

  constructor(create: new (config: readonly [string, string][], onWake: () => void) => H, config: [string, string][]) {
    this.handle = new create(config, () => this.records.push(...this.handle.drain()));
    this.handle.ref();
  }

  nextId(): number {
    return ++this.#id;
  }

  async find<R extends Record>(wanted: (record: Record) => record is R, limitMs = 10_000): Promise<R> {
    for (const end = Date.now() + limitMs; Date.now() < end; await delay(5)) {
      const found = this.records.find(wanted);
      if (found) return found;
    }
    throw new Error(`the record did not come; there are: ${this.records.map(({ type }) => type).join()}`);
  }

  async close(): Promise<void> {
    this.handle.close();
    await this.find((record): record is Record => record.type === 'closed');
    expect(this.handle.join(0)).to.equal(true);
  }
}

type Of<Type, R> = Extract<R, { type: Type }>;
const isType =
  <R extends { type: string }, T extends R['type']>(type: T) =>
  (record: R): record is Of<T, R> & R =>
    record.type === type;

const nowhere: [string, string][] = [
  ['bootstrap.servers', '127.0.0.1:1'],
  ['group.id', 'g'],
];
const client = (config = nowhere) => new Opened<ClientRecord, NativeClient>(native.Client, config);
const consumer = (config = nowhere) => new Opened<ConsumerRecord, NativeConsumer>(native.Consumer, config);

/** One message of topic 0 without key, value "v" and header ["h", "x"]. */
function packed({ topic = 0, headers = 10, key = -1, value = 1, nameLength = 1 } = {}) {
  const payload = Buffer.alloc(11);
  payload.writeInt32LE(nameLength, 0);
  payload.write('h', 4);
  payload.writeInt32LE(1, 5);
  payload.write('xv', 9);
  return { fields: Int32Array.of(topic, -1, headers, key, value), timestamps: new Float64Array(1), payload };
}

describe('the native border', () => {
  describe('refuses packed messages that are laid out wrongly, and takes none of them:', () => {
    const wrong: [name: string, ...Parameters<NativeClient['produce']>][] = [];
    const add = (
      name: string,
      { fields, timestamps, payload }: { fields: Int32Array; timestamps: Float64Array; payload: Uint8Array },
      { first = 0, batch = 1 } = {},
    ) => wrong.push([name, ['t'], fields, timestamps, payload, batch, first]);
    add('a topic index beyond the topics', packed({ topic: 1 }));
    add('a negative topic index', packed({ topic: -1 }));
    add('a value beyond the payload', packed({ value: 2 }));
    add('a key beyond the payload', packed({ key: 2 ** 31 - 1 }));
    add('a length below -1', packed({ value: -2 }));
    add('a negative length of headers', packed({ headers: -1 }));
    add('headers that end too early', packed({ headers: 6 }));
    add('a header name beyond the headers', packed({ nameLength: 1000 }));
    add('a negative header name', packed({ nameLength: -5 }));
    add('too few fields', { ...packed(), fields: new Int32Array(4) });
    add('too few timestamps', { ...packed(), timestamps: new Float64Array(0) });
    add('a first message beyond the last', packed(), { first: 2 });
    add('a batch id that is no integer', packed(), { batch: 0.5 });
    for (const [name, ...args] of wrong) {
      it(name, async () => {
        const { handle, ...opened } = client();
        expect(() => handle.produce(...args)).to.throw(RangeError);
        handle.abort();
        expect(opened.records).to.deep.equal([]);
        expect(handle.join(5000)).to.equal(true);
      });
    }
  });

  it('hands a good one over, and stops at the one whose topic is refused', async () => {
    const opened = client();
    const { handle } = opened;
    const good = packed();
    const fields = Int32Array.of(...good.fields, ...packed({ topic: 1, headers: 0, value: -1 }).fields, ...good.fields);
    const payload = Buffer.concat([good.payload, good.payload]);
    const { accepted, error } = handle.produce(['t', 'x'.repeat(600)], fields, new Float64Array(3), payload, 1, 0);
    expect(accepted).to.equal(1);
    expect(error?.code).to.equal('ERR__INVALID_ARG');
    const rest = handle.produce(['t', 'x'.repeat(600)], fields, new Float64Array(3), payload, 1, 2);
    expect(rest).to.deep.equal({ accepted: 1, error: undefined });
    await opened.close();
  });

  it('refuses lists that are none, and numbers out of their range', async () => {
    const opened = consumer();
    const { handle } = opened;
    expect(() => handle.seek(1, ['t', 0], 100)).to.throw(RangeError);
    expect(() => handle.seek(1, ['t', 0.5, 0], 100)).to.throw(RangeError);
    expect(() => handle.seek(1, ['t', 2 ** 31, 0], 100)).to.throw(RangeError);
    expect(() => handle.seek(1, ['t', 0, NaN], 100)).to.throw(RangeError);
    expect(() => handle.seek(-1, ['t', 0, 0], 100)).to.throw(RangeError);
    expect(() => handle.assign(1, ['t', 0, 0], [], 'all')).to.throw(RangeError);
    expect(() => handle.seek(1, 'tt0' as unknown as [], 100)).to.throw(TypeError);
    handle.assign(2, ['t', -1, 0], [1], 'all');
    const refused = await opened.find((r): r is Of<'reply', ConsumerRecord> => r.type === 'reply' && r.id === 2);
    expect(refused.error?.code).to.equal('ERR__INVALID_ARG');
    handle.assign(3, ['t', 2 ** 31 - 1, 0], [1], 'all');
    const taken = await opened.find((r): r is Of<'reply', ConsumerRecord> => r.type === 'reply' && r.id === 3);
    expect(taken.error).to.equal(undefined);
    await opened.close();
  });

  it('counts the time limit of each waiting call from when it was asked for', async () => {
    const opened = client();
    const start = Date.now();
    for (let id = 1; id <= 5; id++) opened.handle.listTopics(id, id === 5 ? 300 : 1000);
    const took: number[] = [];
    for (let id = 1; id <= 5; id++) {
      const { error } = await opened.find((r): r is Of<'reply', ClientRecord> => r.type === 'reply' && r.id === id);
      expect(error?.code).to.equal('ERR__TRANSPORT');
      took.push(Date.now() - start);
    }
    expect(took[3]).to.be.within(950, 1300);
    expect(opened.records.find(isType<ClientRecord, 'reply'>('reply'))!.id).to.equal(5);
    await opened.close();
  });

  it('repeats a cancelled call no more, and gives no reply to it', async () => {
    const opened = client();
    opened.handle.listTopics(1, 600);
    opened.handle.listTopics(2, 600);
    await delay(200);
    opened.handle.cancel(1);
    await opened.find((r): r is Of<'reply', ClientRecord> => r.type === 'reply' && r.id === 2);
    await delay(100);
    expect(opened.records.filter(isType<ClientRecord, 'reply'>('reply')).map(({ id }) => id)).to.deep.equal([2]);
    await opened.close();
  });

  for (const [name, make] of [
    ['a client', client],
    ['a consumer', consumer],
  ] as const) {
    it(`ends ${name} that was aborted, and tells that it has ended`, async () => {
      const opened = make() as Opened<{ type: string }, Handle<{ type: string }>>;
      opened.handle.abort();
      await opened.find((record): record is { type: string } => record.type === 'closed');
      expect(opened.handle.join(0)).to.equal(true);
      expect(opened.handle.join(0)).to.equal(true);
      expect(opened.handle.drain()).to.deep.equal([]);
    });

    it(`lets go of ${name} that has not ended`, () => {
      const { handle } = make();
      expect(handle.join(0)).to.equal(false);
      expect(handle.drain()).to.deep.equal([]);
      handle.close();
    });
  }

  it('keeps the last 10000 lines of the log behind a blocked event loop, and tells how many are missing', async () => {
    const opened = client([
      ['test.mock.num.brokers', '1'],
      ['debug', 'all'],
      ['batch.num.messages', '1'],
    ]);
    const fields = new Int32Array(5 * 2000).map((_, i) => [0, -1, 0, -1, -1][i % 5]!);
    opened.handle.produce(['t'], fields, new Float64Array(2000), new Uint8Array(0), 1, 0);
    for (const end = Date.now() + 2000; Date.now() < end;);
    const records = opened.handle.drain();
    const lines = records.filter(isType<ClientRecord, 'log'>('log'));
    expect(lines).to.have.length(10_001);
    expect(lines[0]).to.include({ level: 4, facility: 'DROPPED' });
    expect(lines[0]!.message).to.match(/^\d+ log lines were dropped: /);
    await opened.close();
  });

  it('gives a batch as tables and payload, which share no memory', async () => {
    const brokers = client();
    const servers = brokers.handle.mockStart(1)!;
    brokers.handle.mock('topicCreate', 't', 1, 1);
    const producer = client([['bootstrap.servers', servers]]);
    producer.handle.produce(['t'], ...(Object.values(packed()) as [Int32Array, Float64Array, Buffer]), 1, 0);
    const reader = consumer([
      ['bootstrap.servers', servers],
      ['group.id', 'g'],
    ]);
    reader.handle.assign(1, ['t', 0, 0], [7], 'all');
    reader.handle.grant(3);
    const batch = viewBatch(await reader.find(isType<ConsumerRecord, 'batch'>('batch')));
    expect(batch.payload.byteLength).to.equal(11);
    expect([...batch.numbers.subarray(0, 1)]).to.deep.equal([0]);
    expect(batch.fields.length).to.equal(FIELDS_PER_MESSAGE + 3);
    expect(batch.fields[Field.headersLength]).to.equal(10);
    expect([...batch.fields.subarray(batch.runsStart)]).to.deep.equal([7, 0, 1]);
    await reader.close();
    await producer.close();
    await brokers.close();
  });
});
