// The arguments of admin requests about SCRAM users. No message says anything of a password but its type.

import { types } from 'node:util';
import { type NativeScramAlteration, scramMechanisms } from '../../binding/native.js';
import { each, nameString, word, wordsOf } from './admin.js';
import { knownKeys, rangeError, typeError, wholeNumber } from './values.js';

/** Kafka takes 4,096 at least, and no more than that (KIP-554). */
const MOST_ITERATIONS = 16_384;
const ITERATIONS = 8_192;
const SALT_BYTES = 32;

const userName = (value: unknown, argument: string) => nameString(value, argument, 'the name of a user');

export function userNames(value: unknown, argument = 'users'): string[] {
  return each(value, argument, 'a user', (item, at) => {
    const key = userName(item, at);
    return { key, result: key };
  });
}

/** A copy: what the caller writes over afterwards changes nothing. */
function bytes(value: unknown, argument: string, what: string): Uint8Array {
  const type = value === null ? 'null' : typeof value;
  if (typeof value !== 'string' && !types.isUint8Array(value)) {
    throw new TypeError(`${argument}: expected ${what}, got a value of the type ${type}`);
  }
  if (value.length === 0) throw rangeError(argument, `${what} that is not empty`, '');
  if (typeof value === 'string' && /\p{Surrogate}/u.test(value)) {
    throw new RangeError(`${argument}: expected ${what} without half a surrogate pair, got one`);
  }
  return typeof value === 'string' ? new TextEncoder().encode(value) : Uint8Array.from(value);
}

export function scramAlterations(value: unknown, argument = 'alterations'): NativeScramAlteration[] {
  return each(value, argument, 'one', (item, at) => {
    if (item === undefined)
      throw typeError(at, '{ user, mechanism, password } or { user, mechanism, delete: true }', item);
    const fields = knownKeys(item, at, ['user', 'mechanism', 'password', 'iterations', 'salt', 'delete']);
    const { user: named, mechanism: given, password, iterations = ITERATIONS, salt, delete: gone } = fields;
    const user = userName(named, `${at}.user`);
    const mechanism = word(given, `${at}.mechanism`, wordsOf(scramMechanisms));
    const result: NativeScramAlteration = { user, mechanism: scramMechanisms[mechanism] };
    if (gone !== undefined) {
      if (gone !== true) throw typeError(`${at}.delete`, 'true', gone);
      const more = Object.keys(item as object).find((key) => ['password', 'iterations', 'salt'].includes(key));
      if (more) throw new TypeError(`${at}.${more}: expected nothing beside delete, got a value`);
    } else {
      result.password = bytes(password, `${at}.password`, 'a string or bytes');
      result.iterations = wholeNumber(iterations, `${at}.iterations`, 1, MOST_ITERATIONS);
      result.salt =
        salt === undefined
          ? process.getBuiltinModule('node:crypto').randomBytes(SALT_BYTES)
          : bytes(salt, `${at}.salt`, 'a string or bytes');
    }
    return { key: user, result }; // Kafka refuses a user who is altered twice, by two mechanisms too
  });
}
