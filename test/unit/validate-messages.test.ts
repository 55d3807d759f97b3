import { Buffer } from 'node:buffer';
import vm from 'node:vm';
import { expect } from 'chai';
import { MessagePacker } from '../../binding/produce-layout.js';
import { producerMessage } from '../../lib/arguments/messages.js';

/** Asserts that it throws exactly this. */
function refuses(message: unknown, type: typeof TypeError | typeof RangeError, text: string) {
  expect(() => producerMessage(message))
    .to.throw(type)
    .with.property('message', text);
}

const checkedHeaders = (headers: unknown) => producerMessage({ topic: 't', value: null, headers }).headers;

describe('validate: messages to produce', () => {
  it('fills in what is left out, and keeps an empty value apart from none', () => {
    const rest = { partition: -1, key: null, headers: null, timestamp: -1 };
    expect(producerMessage({ topic: 't', value: null })).to.deep.equal({ topic: 't', value: null, ...rest });
    expect(producerMessage({ topic: 't', key: undefined, value: 'v' })).to.deep.equal({
      topic: 't',
      value: 'v',
      ...rest,
    });
    expect(producerMessage({ topic: 't', value: '' })).to.deep.equal({ topic: 't', value: '', ...rest });
    expect(producerMessage({ topic: 't', partition: 0, key: 'k', value: 'v', timestamp: new Date(5) })).to.deep.equal({
      topic: 't',
      partition: 0,
      key: 'k',
      value: 'v',
      headers: null,
      timestamp: 5,
    });
  });

  it('refuses a word that is spelt wrong, which would be a tombstone, and no value', () => {
    refuses({ topic: 't', vlaue: 'v' }, TypeError, "message: unknown property 'vlaue'; did you mean 'value'?");
    refuses({ topic: 't', value: 'v', offset: 1 }, TypeError, "message: unknown property 'offset'");
    const expected = 'message.value: expected a string, a Buffer or null (null is a tombstone), got undefined';
    refuses({ topic: 't' }, TypeError, expected);
    refuses({ topic: 't', value: undefined }, TypeError, expected);
  });

  it('refuses the name of a header that would end at its NUL', () => {
    const expected = "message.headers[0][0]: expected a name without NUL characters, got 'x\0y'";
    refuses({ topic: 't', value: 'v', headers: [['x\0y', 'z']] }, RangeError, expected.replace('\\0', '\0'));
  });

  it('takes bytes of any realm, and refuses what would be sent as [object Object]', () => {
    const foreign: unknown = vm.runInNewContext('new Uint8Array([1, 2])');
    expect(producerMessage({ topic: 't', value: foreign }).value).to.equal(foreign);
    expect(producerMessage({ topic: 't', value: Buffer.from('a') }).value).to.deep.equal(Buffer.from('a'));
    refuses({ topic: 't', value: {} }, TypeError, 'message.value: expected a string, a Buffer or null, got an object');
    refuses({ topic: 't', value: 5 }, TypeError, 'message.value: expected a string, a Buffer or null, got 5');
    refuses({ topic: 't', key: [1] }, TypeError, 'message.key: expected a string, a Buffer or null, got an array of 1');
    refuses(
      { topic: 't', value: new Float32Array(1) },
      TypeError,
      'message.value: expected a string, a Buffer or null, got a Float32Array',
    );
  });

  it('refuses no topic, and a partition that would be taken for "any"', () => {
    refuses({ value: 'v' }, TypeError, 'message.topic: expected a non-empty string, got undefined');
    refuses({ topic: '' }, TypeError, "message.topic: expected a non-empty string, got ''");
    refuses('t', TypeError, "message: expected { topic, value, ... }, got 't'");
    const expected = 'message.partition: expected a partition number, an integer from 0 to 2147483647, got ';
    for (const partition of [-1, 1.5, 2 ** 31])
      refuses({ topic: 't', value: 'v', partition }, RangeError, expected + partition);
    refuses({ topic: 't', value: 'v', partition: null }, TypeError, `${expected}null`);
  });

  it('refuses what is no time', () => {
    refuses(
      { topic: 't', value: 'v', timestamp: new Date(NaN) },
      RangeError,
      'message.timestamp: expected a Date or milliseconds since the Unix epoch, an integer from 0 to 2^53 - 1, got an invalid Date',
    );
    refuses(
      { topic: 't', value: 'v', timestamp: null },
      TypeError,
      'message.timestamp: expected a Date or milliseconds since the Unix epoch, an integer from 0 to 2^53 - 1, got null',
    );
  });

  it('keeps the order and the duplicates of headers, in each form they may come in', () => {
    const bytes = Buffer.from('b');
    expect(
      checkedHeaders([
        ['a', '1'],
        ['a', null],
        ['b', bytes],
      ]),
    ).to.deep.equal([
      ['a', '1'],
      ['a', null],
      ['b', bytes],
    ]);
    expect(checkedHeaders(new Map([['a', '1']]))).to.deep.equal([['a', '1']]);
    expect(checkedHeaders({ a: '1', b: null })).to.deep.equal([
      ['a', '1'],
      ['b', null],
    ]);
    expect(checkedHeaders(new Set([['x', '']]).values())).to.deep.equal([['x', '']]);
    expect(checkedHeaders([])).to.deep.equal([]);
  });

  it('refuses headers that would be lost or turned into text', () => {
    refuses(
      { topic: 't', value: 'v', headers: 'abc' },
      TypeError,
      "message.headers: expected an iterable of [name, value] or an object, got 'abc'",
    );
    refuses(
      { topic: 't', value: 'v', headers: null },
      TypeError,
      'message.headers: expected an iterable of [name, value] or an object, got null',
    );
    refuses(
      { topic: 't', value: 'v', headers: new Date(0) },
      TypeError,
      'message.headers: expected an iterable of [name, value] or an object, got Date 1970-01-01T00:00:00.000Z',
    );
    refuses(
      { topic: 't', value: 'v', headers: Buffer.from('a') },
      TypeError,
      'message.headers: expected an iterable of [name, value] or an object, got a Buffer',
    );
    refuses(
      { topic: 't', value: 'v', headers: ['ab'] },
      TypeError,
      "message.headers[0]: expected [name, value], got 'ab'",
    );
    refuses(
      { topic: 't', value: 'v', headers: [['a']] },
      TypeError,
      'message.headers[0]: expected [name, value], got an array of 1',
    );
    refuses(
      {
        topic: 't',
        value: 'v',
        headers: [
          ['a', 'b'],
          [1, 'b'],
        ],
      },
      TypeError,
      'message.headers[1][0]: expected a string, got 1',
    );
    refuses(
      { topic: 't', value: 'v', headers: [['a', 1]] },
      TypeError,
      'message.headers[0][1]: expected a string, a Buffer or null, got 1',
    );
    refuses(
      { topic: 't', value: 'v', headers: { trace: undefined } },
      TypeError,
      "message.headers['trace']: expected a string, a Buffer or null, got undefined",
    );
  });

  it('tells which message of many, and gives back none of them', () => {
    const packed = (messages: unknown[]) => {
      const packer = new MessagePacker();
      for (let i = 0; i < messages.length; i++) packer.add(producerMessage(messages[i], i));
      return packer.take();
    };
    expect(packed([])).to.include({ count: 0 });
    expect(packed([{ topic: 't', value: 'v' }])).to.include({ count: 1 });
    expect(
      packed([
        { topic: 'a', value: 'v' },
        { topic: 'b', value: 'v' },
      ]),
    ).to.deep.include({ count: 2, topics: ['a', 'b'] });
    expect(() =>
      packed([
        { topic: 'a', value: 'v' },
        { topic: 'b', value: 1 },
      ]),
    ).to.throw(TypeError, 'messages[1].value: expected a string, a Buffer or null, got 1');
    expect(() => packed(new Array(2))).to.throw(
      TypeError,
      'messages[0]: expected { topic, value, ... }, got undefined',
    );
    expect(() => producerMessage(undefined)).to.throw(
      TypeError,
      'message: expected { topic, value, ... }, got undefined',
    );
  });
});
