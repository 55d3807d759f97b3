// The arguments of the administration: what its families have in common. Those of each family are in admin-*.ts.

import type { WaitOptions } from './options.js';
import { type Fields, abortSignal, describeValue, knownKeys, rangeError, timeoutMs, typeError } from './values.js';

/** A name as Kafka takes it: not empty. librdkafka takes C strings, which NUL ends; UTF-8 has no half surrogate pairs. */
export function nameString(value: unknown, argument: string, what: string): string {
  if (typeof value !== 'string') throw typeError(argument, what, value);
  if (value === '') throw rangeError(argument, `${what} that is not empty`, value);
  return text(value, argument, what);
}

/** As nameString(), but it may be empty. */
export function text(value: unknown, argument: string, what: string): string {
  if (typeof value !== 'string') throw typeError(argument, what, value);
  if (value.includes('\0')) throw rangeError(argument, `${what} without NUL characters`, value);
  if (/\p{Surrogate}/u.test(value)) throw rangeError(argument, `${what} without half a surrogate pair`, value);
  return value;
}

export function flag(value: unknown, argument: string, otherwise = false): boolean {
  if (value === undefined) return otherwise;
  if (typeof value !== 'boolean') throw typeError(argument, 'true or false', value);
  return value;
}

/** One of these words; a wrong one is told all of them. */
export function word<W extends string>(value: unknown, argument: string, words: readonly W[]): W {
  const what = words.map((one) => `'${one}'`).join(', ');
  if (typeof value !== 'string') throw typeError(argument, what, value);
  if (!(words as readonly string[]).includes(value)) throw rangeError(argument, what, value);
  return value as W;
}

export const wordsOf = <W extends string>(table: Readonly<Record<W, unknown>>): W[] => Object.keys(table) as W[];

/** An array of things, one at least, none of which is there twice. @param noun what each is, as 'a group' */
export function each<T>(
  value: unknown,
  argument: string,
  noun: string,
  check: (item: unknown, at: string) => { key: string; result: T },
): T[] {
  if (!Array.isArray(value)) throw typeError(argument, 'an array', value);
  const seen = new Set<string>();
  const results = Array.from(value as unknown[], (item, i) => {
    const at = `${argument}[${i}]`;
    const { key, result } = check(item, at);
    if (seen.has(key)) throw new TypeError(`${at}: expected each once, got ${describeValue(item)} twice`);
    seen.add(key);
    return result;
  });
  if (results.length === 0) throw new TypeError(`${argument}: expected ${noun} at least, got an empty array`);
  return results;
}

/** The options of an admin request: `timeoutMs`, `signal` and these keys. Throws the reason of a signal that is aborted. */
export function adminOptions(
  value: unknown,
  keys: readonly string[] = [],
  argument = 'options',
): { fields: Fields; wait: WaitOptions } {
  const fields = knownKeys(value, argument, ['timeoutMs', 'signal', ...keys]);
  const wait = {
    timeoutMs: timeoutMs(fields.timeoutMs, `${argument}.timeoutMs`),
    signal: abortSignal(fields.signal, `${argument}.signal`),
  };
  if (wait.signal?.aborted) throw wait.signal.reason;
  return { fields, wait };
}

/** The options of an admin request with one key of its own, which is true or false. */
export function flagOption(value: unknown, key: string): { on: boolean; wait: WaitOptions } {
  const { fields, wait } = adminOptions(value, [key]);
  return { on: flag(fields[key], `options.${key}`), wait };
}
