import fc from 'fast-check';

// Values that nobody in his right mind would hand over, as recipes: how each is made, anew for each call, and how it is
// told. fast-check never looks at the values themselves, whose traps would throw at it.

/** What the traps, getters and functions of hostile values throw: the only error that is not ours. */
export class Hostile extends Error {
  override readonly name = 'Hostile';
}

export interface Recipe {
  readonly text: string;
  /** `reenter` is called by getters that use the client meanwhile. */
  readonly make: (reenter: () => void) => unknown;
}

const recipe = (text: string, make: Recipe['make']): Recipe => ({ text, make });
const value = (text: string, one: unknown): Recipe => recipe(text, () => one);
const boom = () => {
  throw new Hostile('thrown on purpose');
};

const traps = ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'] as const;
const MEGABYTE = 'm'.repeat(1_000_000);

const resizable = (length: number, maxByteLength: number) =>
  new (
    ArrayBuffer as unknown as new (
      length: number,
      options: object,
    ) => ArrayBuffer & {
      resize(length: number): void;
    }
  )(length, { maxByteLength });

class Something {
  topic = 'fuzz';
  partition = 0;
  offset = 0;
  toString(): string {
    return boom();
  }
}

const numbers = [
  ...[NaN, Infinity, -Infinity, -0, -1, 0.5, 1e21, 2 ** 31, 2 ** 31 - 1, 2 ** 32, 2 ** 53, 2 ** 53 - 1, -(2 ** 31)],
  ...[-(2 ** 63), 1e308, 5e-324, 65_536, 3],
].map((n) => value(Object.is(n, -0) ? '-0' : `${n}`, n));

export const leaves: readonly Recipe[] = [
  ...numbers,
  value('undefined', undefined),
  value('null', null),
  value('true', true),
  value('false', false),
  value('10n', 10n),
  value('-1n', -1n),
  value("''", ''),
  value("'0'", '0'),
  value("'fuzz'", 'fuzz'),
  value("'a\\0b'", 'a\0b'),
  value("'^'", '^'),
  value("'^['", '^['),
  value('a lone surrogate', '\ud800'),
  value('surrogates the wrong way round', 'x\udc00\ud800y'),
  value("'__proto__'", '__proto__'),
  value('a string of a megabyte', MEGABYTE),
  value('a name of 300 characters', 'n'.repeat(300)),
  value('a symbol', Symbol('symbol')),
  value('Symbol.iterator', Symbol.iterator),
  recipe('a function that throws', () => boom),
  // Never would be too late: a rebalance waits for its listener, and that is what it is to do.
  recipe('a function that resolves late', () => () => new Promise((resolve) => setTimeout(resolve, 200))),
  recipe('a class', () => Something),
  recipe('an instance of a class', () => new Something()),
  recipe('a Date', () => new Date(1_700_000_000_000)),
  recipe('an invalid Date', () => new Date(NaN)),
  recipe('a Date whose getTime throws', () => Object.assign(new Date(), { getTime: boom })),
  recipe('a RegExp', () => /fuzz.*/),
  recipe('a RegExp with flags', () => /f(?=u)u/giu),
  recipe('a RegExp whose source throws', () => Object.defineProperty(/x/, 'source', { get: boom })),
  recipe('an Error', () => new Error('as a value')),
  recipe('a Promise', () => Promise.resolve(1)),
  recipe('a thenable that throws', () => ({ then: boom })),
  recipe('a Map', () => new Map([['topic', 'fuzz']])),
  recipe('a Set', () => new Set(['fuzz'])),
  recipe('a WeakRef', () => new WeakRef({})),
  recipe('a boxed number', () => Object(1) as unknown),
  recipe('a boxed string', () => Object('fuzz') as unknown),
  recipe('a boxed bigint', () => Object(1n) as unknown),
  recipe('a boxed symbol', () => Object(Symbol.iterator) as unknown),
  recipe('{}', () => ({})),
  recipe('[]', () => []),
  recipe('an object without a prototype', () =>
    Object.assign(Object.create(null) as object, { topic: 'fuzz', partition: 0 }),
  ),
  recipe('a frozen object', () => Object.freeze({ topic: 'fuzz', partition: 0, offset: 0, value: 'v' })),
  recipe('a circular object', () => {
    const one: Record<string, unknown> = { topic: 'fuzz', partition: 0 };
    return Object.assign(one, { offset: one, value: one, headers: one, timeoutMs: one, signal: one });
  }),
  recipe('a circular array', () => {
    const one: unknown[] = [];
    one.push(one, one);
    return one;
  }),
  recipe('an array with holes', () => [{ topic: 'fuzz', partition: 0, offset: 0, value: 'v' }, , 1]),
  recipe('an array of length 2 ** 32 - 1', () => Object.assign([], { length: 2 ** 32 - 1 })),
  recipe('an array-like', () => ({ 0: { topic: 'fuzz', partition: 0 }, length: 1 })),
  recipe('an array-like of a huge length', () => ({ length: 2 ** 53 - 1 })),
  recipe('an array whose iterator throws', () => Object.assign([1], { [Symbol.iterator]: boom })),
  recipe('an array whose methods throw', () => Object.assign([1], { map: boom, forEach: boom, push: boom })),
  recipe('arguments', function (this: unknown) {
    // eslint-disable-next-line prefer-rest-params
    return arguments;
  }),
  recipe('an iterable that never ends', function () {
    return {
      *[Symbol.iterator]() {
        for (let i = 0; i < 100_000; i++) yield ['h', 'v'];
        boom();
      },
    };
  }),
  recipe('Buffer', () => Buffer.from('bytes')),
  recipe('an ArrayBuffer', () => new ArrayBuffer(8)),
  recipe('a Float64Array', () => new Float64Array(2)),
  recipe('a DataView', () => new DataView(new ArrayBuffer(8))),
  recipe('shared bytes', () => new Uint8Array(new SharedArrayBuffer(8))),
  recipe('resizable bytes', () => new Uint8Array(resizable(8, 64))),
  recipe('bytes outside of their memory', () => {
    const buffer = resizable(8, 8);
    const bytes = new Uint8Array(buffer, 4, 4);
    buffer.resize(1);
    return bytes;
  }),
  recipe('detached bytes', () => {
    const bytes = new Uint8Array(4);
    structuredClone(bytes, { transfer: [bytes.buffer] });
    return bytes;
  }),
  recipe('bytes whose length throws', () => Object.defineProperty(Buffer.from('x'), 'length', { get: boom })),
  recipe('bytes whose length lies', () => Object.defineProperty(Buffer.from('x'), 'length', { value: 2 ** 33 })),
  recipe('an AbortSignal', () => new AbortController().signal),
  recipe('an aborted AbortSignal', () => AbortSignal.abort(new Hostile('aborted'))),
  recipe('an AbortController', () => new AbortController()),
  recipe('a signal whose addEventListener throws', () => ({
    aborted: false,
    reason: undefined,
    throwIfAborted() {},
    addEventListener: boom,
    removeEventListener: boom,
  })),
  recipe('a signal without throwIfAborted', () => ({
    aborted: false,
    addEventListener() {},
    removeEventListener() {},
  })),
  recipe('a signal whose aborted throws', () =>
    Object.defineProperty(new AbortController().signal, 'aborted', { get: boom }),
  ),
  recipe('a revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  }),
  recipe('a revoked proxy of an array', () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return proxy;
  }),
  recipe('a revoked proxy of a function', () => {
    const { proxy, revoke } = Proxy.revocable(() => undefined, {});
    revoke();
    return proxy;
  }),
  ...traps.flatMap((trap) => [
    recipe(`a proxy whose ${trap} throws`, () => new Proxy({ topic: 'fuzz', partition: 0 }, { [trap]: boom })),
    recipe(`a proxy of an array whose ${trap} throws`, () => new Proxy([{}], { [trap]: boom })),
  ]),
  recipe('a proxy that has everything', () => {
    const all: unknown = new Proxy(() => undefined, {
      get: () => all,
      has: () => true,
      // As `then` it resolves.
      apply: (_target, _this, [first]: unknown[]) => (typeof first === 'function' ? void (first as () => void)() : all),
    });
    return all;
  }),
  recipe('an object that cannot become a text', () => ({ toString: boom, valueOf: boom, [Symbol.toPrimitive]: boom })),
  recipe('an object whose constructor throws', () =>
    Object.defineProperty(new Something(), 'constructor', { get: boom }),
  ),
  recipe('an object whose tag throws', () => Object.defineProperty({}, Symbol.toStringTag, { get: boom })),
];

/** Properties that some argument of the package has. */
const keys = [
  ...['topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'headers', 'timeoutMs', 'signal', 'maxMessages'],
  ...[
    'maxBytes',
    'maxWaitMs',
    'onAssigned',
    'onRevoked',
    'onLost',
    'partitions',
    'replicationFactor',
    'config',
    'total',
  ],
  ...[
    'bootstrap.servers',
    'group.id',
    'brokers',
    '__proto__',
    'constructor',
    'length',
    'until',
    'attempts',
    'x'.repeat(5000),
  ],
];

const leaf = fc.constantFrom(...leaves);

const own = (target: object, key: string, descriptor: PropertyDescriptor) =>
  Object.defineProperty(target, key, { enumerable: true, configurable: true, ...descriptor });

/** An object with the properties of `base`, of which some are replaced. */
export function changed(
  base: Recipe,
  fields: readonly (readonly [string, Recipe, 'value' | 'throws' | 'reenters'])[],
): Recipe {
  const how = fields.map(([key, one, kind]) => `${key.slice(0, 20)}: ${kind === 'value' ? one.text : kind}`);
  return recipe(`${base.text} with { ${how.join(', ')} }`, (reenter) => {
    const of = base.make(reenter);
    const copy: object = Array.isArray(of) ? [...(of as unknown[])] : typeof of === 'object' ? { ...of } : {};
    const target =
      Array.isArray(copy) && typeof copy[0] === 'object' && copy[0] !== null
        ? Object.assign(copy, { 0: { ...(copy[0] as object) } })[0]
        : copy;
    for (const [key, one, kind] of fields) {
      if (key === 'length' && Array.isArray(target)) continue; // an array's own cannot be replaced
      if (kind === 'value') own(target, key, { value: one.make(reenter), writable: true });
      if (kind === 'throws') own(target, key, { get: boom });
      if (kind === 'reenters') {
        own(target, key, {
          get() {
            reenter();
            return one.make(reenter);
          },
        });
      }
    }
    return copy;
  });
}

const field = fc.tuple(fc.constantFrom(...keys), leaf, fc.constantFrom('value', 'value', 'throws', 'reenters'));

/** Anything. */
export const anything: fc.Arbitrary<Recipe> = fc.oneof(
  { arbitrary: leaf, weight: 6 },
  {
    arbitrary: fc
      .array(leaf, { maxLength: 4 })
      .map((list) =>
        recipe(`[${list.map((one) => one.text).join(', ')}]`, (reenter) => list.map((one) => one.make(reenter))),
      ),
    weight: 1,
  },
  {
    arbitrary: fc.array(field, { maxLength: 4 }).map((fields) => changed(value('{}', {}), fields as never)),
    weight: 2,
  },
);

/** The right argument, or one that is nearly right, or anything. */
export const nearly = (right: Recipe): fc.Arbitrary<Recipe> =>
  fc.oneof(
    { arbitrary: fc.constant(right), weight: 3 },
    {
      arbitrary: fc.array(field, { minLength: 1, maxLength: 2 }).map((fields) => changed(right, fields as never)),
      weight: 4,
    },
    { arbitrary: anything, weight: 3 },
  );

export const right = (text: string, make: () => unknown): Recipe => recipe(text, make);
