// Argument checks: the single values. Every message has one shape, `<argument>: expected <what>, got <what came>`: a
// TypeError for the wrong type, a RangeError for a value out of range.
//
// What all checks of this folder have in common: a check gives back a copy, so that a caller who changes the argument
// afterwards changes nothing here. A check reads each property once, because a getter or a proxy may answer
// differently the second time. A check throws before anything is done. A check knows a value by what the value is, not
// by `instanceof`, which fails for values of another realm (a vm context, some test runners).

import { types } from 'node:util';
import type { TimeoutOptions, WaitOptions } from './options.js';

export const maxInt32 = 2 ** 31 - 1;

export type Fields = Record<PropertyKey, unknown>;

/** So many characters of a caller's text stand in an error message. */
const LONGEST_QUOTE = 60;
/** A key that is longer than this is not compared with the known ones. */
const LONGEST_NAME = 100;

const withArticle = (name: string) => `${/^[AEIOUaeiou]/.test(name) ? 'an' : 'a'} ${name}`;

/** A text, cut where it is long. */
export const clip = (text: string): string =>
  text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE - 3)}...` : text;

/** A text between quotes, cut where it is long. */
export const quote = (text: string): string => `'${clip(text).replaceAll('\n', '\\n')}'`;

/** Any value in a few words, for an error message. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'bigint':
      return value < 10n ** 40n && value > -(10n ** 40n) ? `${value}n (a bigint)` : 'a very large bigint';
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      try {
        return describeObject(value);
      } catch {
        return 'an object that throws when it is looked at'; // a revoked proxy, a getter
      }
    default:
      return String(value);
  }
}

function describeObject(value: object | null): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
  if (types.isDate(value))
    return Number.isNaN(timeOf(value)) ? 'an invalid Date' : `Date ${new Date(timeOf(value)).toISOString()}`;
  if (types.isRegExp(value)) return clip(`/${String(value.source)}/${String(value.flags)}`);
  if (isPlainObject(value)) return 'an object';
  const name: unknown = value.constructor?.name;
  return withArticle(typeof name === 'string' && name ? clip(name) : 'nameless class');
}

const argumentErrors = new WeakSet<Error>();

/** Whether this package has made the error, of a caller's argument: then its stack may be made the caller's. */
export const isArgumentError = (error: unknown): error is Error =>
  typeof error === 'object' && error !== null && argumentErrors.has(error as Error);

function noted<E extends Error>(error: E): E {
  argumentErrors.add(error);
  return error;
}

export function typeError(argument: string, what: string, got: unknown): TypeError {
  return noted(new TypeError(`${argument}: expected ${what}, got ${describeValue(got)}`));
}

export function rangeError(argument: string, what: string, got: unknown): RangeError {
  return noted(new RangeError(`${argument}: expected ${what}, got ${describeValue(got)}`));
}

/** A proxy that was revoked: whatever it is asked throws. */
function isRevoked(value: object): boolean {
  try {
    Array.isArray(value);
    return false;
  } catch {
    return true;
  }
}

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !isRevoked(value);

export const isArray = (value: unknown): value is unknown[] => isObject(value) && Array.isArray(value);

export function isPlainObject(value: unknown): value is Fields {
  if (!isObject(value) || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Which cannot be called without `new`. */
export const isClass = (value: (...args: never[]) => unknown): boolean =>
  /^class\b/.test(Function.prototype.toString.call(value));

/** How many characters to change, add or drop to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

/** `; did you mean '<name>'?` for the nearest candidate, or nothing where none is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  if (name.length > LONGEST_NAME) return '';
  const bare = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(bare(name).length / 4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(bare(name), bare(candidate));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best === undefined ? '' : `; did you mean '${best}'?`;
}

/** An options object with no other keys than these; left out, an empty one. */
export function knownKeys(value: unknown, argument: string, keys: readonly string[]): Fields {
  if (value === undefined) return {};
  if (!isObject(value) || Array.isArray(value)) throw typeError(argument, 'an object', value);
  for (const key of Object.keys(value)) {
    if (!keys.includes(key))
      throw noted(new TypeError(`${argument}: unknown key ${quote(key)}${didYouMean(key, keys)}`));
  }
  return value;
}

export function integer(value: unknown, argument: string, min: number, max: number, what: string): number {
  if (typeof value !== 'number') throw typeError(argument, what, value);
  if (!Number.isInteger(value) || value < min || value > max) throw rangeError(argument, what, value);
  return value + 0; // makes 0 of -0
}

export const wholeNumber = (value: unknown, argument: string, min: number, max = maxInt32): number =>
  integer(value, argument, min, max, `an integer from ${min} to ${max}`);

/** What Date's own getTime says, whatever an instance has in its place. */
const timeOf = (date: Date): number => Date.prototype.getTime.call(date);

/** A point in time as milliseconds since the Unix epoch. @param or what else might stand there */
export function timestamp(value: unknown, argument = 'timestamp', or = ''): number {
  const what = `${or}a Date or milliseconds since the Unix epoch, an integer from 0 to 2^53 - 1`;
  if (!types.isDate(value)) return integer(value, argument, 0, Number.MAX_SAFE_INTEGER, what);
  const time = timeOf(value);
  if (!(time >= 0)) throw rangeError(argument, what, value);
  return time;
}

export function timeoutMs(value: unknown, argument = 'timeoutMs'): number | undefined {
  const what = 'milliseconds from 0 to 2147483647';
  if (value === undefined) return undefined;
  if (typeof value !== 'number') throw typeError(argument, what, value);
  if (!(value >= 0 && value <= maxInt32)) throw rangeError(argument, what, value);
  return value;
}

export function abortSignal(value: unknown, argument = 'signal'): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const methods = ['throwIfAborted', 'addEventListener', 'removeEventListener'];
  const isSignal =
    isObject(value) && typeof value.aborted === 'boolean' && methods.every((name) => typeof value[name] === 'function');
  if (!isSignal) throw typeError(argument, 'an AbortSignal', value);
  return value as unknown as AbortSignal;
}

/** Of close(), which no signal ends. */
export function timeoutOptions(value: unknown, argument = 'options'): TimeoutOptions {
  return { timeoutMs: timeoutMs(knownKeys(value, argument, ['timeoutMs']).timeoutMs, `${argument}.timeoutMs`) };
}

/** Of every call that asks a broker. Throws the reason of a signal that is aborted already: then nothing is done. */
export function waitOptions(value: unknown, argument = 'options'): WaitOptions {
  const options = knownKeys(value, argument, ['timeoutMs', 'signal']);
  const limits = {
    timeoutMs: timeoutMs(options.timeoutMs, `${argument}.timeoutMs`),
    signal: abortSignal(options.signal, `${argument}.signal`),
  };
  if (limits.signal?.aborted) throw limits.signal.reason;
  return limits;
}
