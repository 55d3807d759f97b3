import { expect } from 'chai';
import { Consumer, Producer, type Serde, type StandardSchema, ValidationError, serde } from 'seekafka';
import { z } from 'zod';
import { rejection } from '../helpers/rejection.js';

// The serialisers of the package, and what is refused as one.

const read = (given: Serde<never, unknown>, text: string | Uint8Array) =>
  given.deserialize('topic', Buffer.from(text as string));
const write = <T>(given: Serde<T, unknown>, value: T) => given.serialize('topic', value);

describe('serde', () => {
  it('string() takes and gives any text, and nothing that is none', () => {
    for (const text of ['', 'a', 'ключ', '\u{1F511}', '\uFEFFa', '\0']) {
      expect(read(serde.string(), write(serde.string(), text) as string)).to.equal(text);
    }
    expect(() => read(serde.string(), Uint8Array.of(0xc3, 0x28))).to.throw(TypeError, 'UTF-8');
    expect(() => write(serde.string(), 'a\uD800')).to.throw(TypeError, 'surrogate');
    expect(() => write(serde.string(), 5 as never)).to.throw(TypeError, 'expected a string, got 5');
  });

  it('json() takes and gives what JSON can say, and nothing else', () => {
    for (const value of [null, 0, 'a', { a: [1, { b: null }] }]) {
      expect(read(serde.json(), write(serde.json(), value) as string)).to.deep.equal(value);
    }
    expect(() => write(serde.json(), undefined)).to.throw(TypeError, 'what JSON can say');
    expect(() => write(serde.json(), 1n)).to.throw(TypeError);
    expect(() => read(serde.json(), '{')).to.throw(SyntaxError);
    expect(() => read(serde.json(), Uint8Array.of(0x22, 0xff, 0x22))).to.throw(TypeError, 'UTF-8');
  });

  it('json(schema) gives what a schema of zod makes of it, or says what does not fit', () => {
    const order = z.object({ id: z.number(), note: z.string().default('none'), when: z.coerce.date().optional() });
    const given = serde.json(order);
    expect(read(given, '{"id":1,"when":"2026-01-01"}')).to.deep.equal({
      ...{ id: 1, note: 'none', when: new Date('2026-01-01') },
    });
    let error: unknown;
    try {
      read(given, '{"id":"1","note":5}');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).to.be.instanceOf(ValidationError);
    expect((error as ValidationError).issues.map(({ path }) => path)).to.deep.equal([['id'], ['note']]);
    expect((error as ValidationError).message).to.match(/^id: .*; note: /);
    // As it was given, so that a reader with the same schema gets the same.
    expect(write(given, { id: 1 })).to.equal('{"id":1}');
    expect(() => write(given, { id: 'a' } as never)).to.throw(ValidationError, 'id');
  });

  it('validated() waits for a schema that takes its time, and works on any serde', async () => {
    const even: StandardSchema<string, number> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value) =>
          Number(value) % 2 === 0
            ? { value: Number(value) / 2 }
            : { issues: [{ message: 'odd', path: [{ key: 'a' }] }] },
      },
    };
    const given = serde.validated(even, serde.string());
    expect(await read(given, '8')).to.equal(4);
    expect(await write(given, '8')).to.equal('8');
    expect(await rejection(Promise.resolve(read(given, '7')))).to.include({ message: 'a: odd' });
    expect(await rejection(Promise.resolve(write(given, '7')))).to.be.instanceOf(ValidationError);
  });

  it('refuses what is no schema, and no serde', () => {
    for (const wrong of [{}, null, 'a', { '~standard': {} }]) {
      expect(() => serde.json(wrong as never), JSON.stringify(wrong)).to.throw(
        TypeError,
        'schema: expected a Standard Schema',
      );
    }
    const next = { '~standard': { version: 2, vendor: 'test', validate: () => ({ value: 1 }) } };
    expect(() => serde.json(next as never)).to.throw(TypeError, 'version 1, got 2');
    expect(() => serde.validated(z.string(), { serialize: () => '' } as never)).to.throw(TypeError, 'inner: expected');
  });
});

describe('options.deserializer and options.serializer', () => {
  const servers = { 'bootstrap.servers': '127.0.0.1:1' };
  const refused: [options: unknown, text: string][] = [
    [{ deserializer: 5 }, 'options.deserializer: expected an object, got 5'],
    [{ deserializer: serde.json() }, "options.deserializer: unknown key 'serialize'"],
    [
      { deserializer: { value: 'json' } },
      "options.deserializer.value: expected a function, or an object with a method deserialize(topic, ...), got 'json'",
    ],
    [{ deserializer: { key: {} } }, 'options.deserializer.key: expected a function'],
    [{ deserializer: { value: null } }, 'options.deserializer.value: expected a function'],
    [{ deserializer: { onError: true } }, 'options.deserializer.onError: expected a function, got true'],
    [{ deserializers: {} }, "options: unknown key 'deserializers'; did you mean 'deserializer'?"],
  ];
  for (const [options, text] of refused) {
    it(`refuses ${text}`, () => {
      expect(() => new Consumer(servers, options as never)).to.throw(TypeError, text);
      const ofProducer = JSON.parse(JSON.stringify(options).replaceAll('deserializer', 'serializer')) as object;
      if (text.includes('onError') || text.includes("'serialize'")) return;
      const other = text.replaceAll('deserialize', 'serialize');
      expect(() => new Producer(servers, ofProducer)).to.throw(TypeError, other);
    });
  }

  it('names what a serialiser gives that is no bytes, and a value that is left out', async () => {
    const producer = new Producer<unknown>(servers, { serializer: { value: (() => 5) as never } });
    const error = await rejection(producer.send({ topic: 'topic', value: {} }));
    expect(error).to.have.property('name', 'SerializationError');
    expect((error as Error).message).to.include(
      'what serializer.value gives: expected a string, a Buffer or null, got 5',
    );
    for (const [wrong, text] of [
      [{ topic: 'topic' }, 'message.value: expected'],
      [{ topic: '', value: 1 }, 'message.topic: expected'],
      [{ topic: 'topic', value: 1, vale: 2 }, "message: unknown property 'vale'"],
      [[{ topic: 'topic', value: null, key: 5 }], 'messages[0].key: expected'],
    ] as const) {
      expect(String(await rejection(producer.send(wrong as never)))).to.include(text);
    }
    await producer.close({ timeoutMs: 100 });
  });
});
