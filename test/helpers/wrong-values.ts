import { inspect } from 'node:util';
import { expect } from 'chai';

// Values that a public method must refuse, each with where the message says that it is wrong.

export type Bad = readonly [value: unknown, type: typeof TypeError | typeof RangeError, where: string];
export const given = (value: unknown) => value as never;
export const t = { topic: 't', partition: 0 };

export const wrong = {
  /** One place in a list of them; `at` is where it stands. */
  partition: (at: string): Bad[] => [
    [null, TypeError, at],
    ['t', TypeError, at],
    [{ partition: 0 }, TypeError, `${at}.topic`],
    [{ topic: '', partition: 0 }, TypeError, `${at}.topic`],
    [{ topic: 7, partition: 0 }, TypeError, `${at}.topic`],
    [{ topic: 'a\0b', partition: 0 }, RangeError, `${at}.topic`],
    [{ topic: 't' }, TypeError, `${at}.partition`],
    [{ topic: 't', partition: '0' }, TypeError, `${at}.partition`],
    [{ topic: 't', partition: 0n }, TypeError, `${at}.partition`],
    [{ topic: 't', partition: -1 }, RangeError, `${at}.partition`],
    [{ topic: 't', partition: 0.5 }, RangeError, `${at}.partition`],
    [{ topic: 't', partition: NaN }, RangeError, `${at}.partition`],
    [{ topic: 't', partition: 2 ** 31 }, RangeError, `${at}.partition`],
  ],
  offset: (at: string): Bad[] => [
    [{ ...t, offset: '5' }, TypeError, `${at}.offset`],
    [{ ...t, offset: 5n }, TypeError, `${at}.offset`],
    [{ ...t, offset: null }, TypeError, `${at}.offset`],
    [{ ...t, offset: -1 }, RangeError, `${at}.offset`],
    [{ ...t, offset: -2 }, RangeError, `${at}.offset`],
    [{ ...t, offset: 1.5 }, RangeError, `${at}.offset`],
    [{ ...t, offset: NaN }, RangeError, `${at}.offset`],
    [{ ...t, offset: Infinity }, RangeError, `${at}.offset`],
    [{ ...t, offset: 2 ** 53 }, RangeError, `${at}.offset`],
  ],
  list: (at: string, filler: object = {}): Bad[] => [
    [null, TypeError, at],
    ['t', TypeError, at],
    [7, TypeError, at],
    [new Set([t]), TypeError, at],
    [
      [
        { ...t, ...filler },
        { ...t, ...filler },
      ],
      TypeError,
      `${at}[1]`,
    ],
    ...wrong
      .partition(`${at}[0]`)
      .map(([value, type, where]): Bad => [[isObject(value) ? { ...filler, ...value } : value], type, where]),
  ],
  offsets: (at: string): Bad[] => [
    ...wrong.list(at, { offset: 1 }),
    ...wrong.offset(`${at}[0]`).map(([value, type, where]): Bad => [[value], type, where]),
    [[t], TypeError, `${at}[0].offset`],
  ],
  time: (at: string): Bad[] => [
    ['2024-01-01', TypeError, at],
    [null, TypeError, at],
    [1n, TypeError, at],
    [-1, RangeError, at],
    [1.5, RangeError, at],
    [NaN, RangeError, at],
    [2 ** 53, RangeError, at],
    [new Date(NaN), RangeError, at],
    [new Date(-1), RangeError, at],
  ],
  options: (at: string): Bad[] => [
    [null, TypeError, at],
    [5, TypeError, at],
    ['5s', TypeError, at],
    [[], TypeError, at],
    [() => {}, TypeError, at],
    [{ timeout: 5 }, TypeError, at],
  ],
  timeout: (at: string): Bad[] => [
    ...wrong.options(at),
    [{ timeoutMs: '5' }, TypeError, `${at}.timeoutMs`],
    [{ timeoutMs: null }, TypeError, `${at}.timeoutMs`],
    [{ timeoutMs: -1 }, RangeError, `${at}.timeoutMs`],
    [{ timeoutMs: NaN }, RangeError, `${at}.timeoutMs`],
    [{ timeoutMs: Infinity }, RangeError, `${at}.timeoutMs`],
    [{ timeoutMs: 2 ** 31 }, RangeError, `${at}.timeoutMs`],
  ],
  signal: (at: string): Bad[] => [
    [{ signal: {} }, TypeError, `${at}.signal`],
    [{ signal: null }, TypeError, `${at}.signal`],
    [{ signal: new AbortController() }, TypeError, `${at}.signal`],
  ],
  size: (at: string, key: string): Bad[] => [
    [{ [key]: '5' }, TypeError, `${at}.${key}`],
    [{ [key]: 0 }, RangeError, `${at}.${key}`],
    [{ [key]: -1 }, RangeError, `${at}.${key}`],
    [{ [key]: 1.5 }, RangeError, `${at}.${key}`],
    [{ [key]: NaN }, RangeError, `${at}.${key}`],
  ],
  /** A whole number from `least` on. Left out (undefined) it would be a default in some places. */
  number: (at: string, least: number): Bad[] => [
    ['1', TypeError, at],
    [null, TypeError, at],
    [1n, TypeError, at],
    [least - 1, RangeError, at],
    [1.5, RangeError, at],
    [NaN, RangeError, at],
    [Infinity, RangeError, at],
  ],
  topic: (at: string): Bad[] => [
    [undefined, TypeError, at],
    [null, TypeError, at],
    [5, TypeError, at],
    ['', RangeError, at],
    ['a\0b', RangeError, at],
  ],
};

export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** `argument: expected ..., got ...`, or the one word that says what is unknown or there twice. */
export function expectNamed(error: unknown, [value, type, where]: Bad): void {
  const label = `of ${inspect(value)}`;
  expect(error, label).to.be.instanceOf(type);
  expect((error as Error).name, label).to.equal(type.name);
  const { message } = error as Error;
  expect(message.startsWith(`${where}: `), `${label}: '${message}' begins with '${where}: '`).to.equal(true);
  expect(message.slice(where.length + 2), label).to.match(/^(expected .+, got .+|unknown key '.+)$/);
}
