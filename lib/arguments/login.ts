// Argument checks: what clients log in with. No message of these has a part of a token, a password or a secret in it.

import { type Logger, loggerOption } from './logger.js';
import type { OauthBearerTokenCallback } from './options.js';
import { isPlainObject, knownKeys, maxInt32, quote, timestamp, isArray } from './values.js';

/** A token as librdkafka takes it. */
export interface CheckedToken {
  readonly value: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  readonly principal: string;
  /** name, value, name, value, ... */
  readonly extensions: readonly string[];
}

/** What came, without its content. */
const kindOf = (value: unknown): string =>
  value === null || value === undefined
    ? String(value)
    : value === ''
      ? 'an empty string'
      : isArray(value)
        ? 'an array'
        : /^[aeiou]/.test(typeof value)
          ? `an ${typeof value}`
          : `a ${typeof value}`;

function refused(argument: string, what: string, value: unknown, kind = TypeError): Error {
  return new kind(`${argument}: expected ${what}, got ${kindOf(value)}`);
}

/** Below this, milliseconds since the epoch are of 1973: whoever gives them has counted seconds. */
const SURELY_SECONDS = 100_000_000_000;

/** A string that goes to librdkafka as a C string. */
export function secretText(value: unknown, argument: string, what = 'a string'): string {
  if (typeof value !== 'string' || value === '') throw refused(argument, what, value);
  if (value.includes('\0')) throw new RangeError(`${argument}: expected no NUL character in it`);
  return value;
}

/** What a callback `oauthBearerToken` has resolved with. */
export function oauthBearerToken(given: unknown, now: number): CheckedToken {
  const name = 'oauthBearerToken()';
  if (!isPlainObject(given)) {
    throw refused(name, 'to resolve with { value, expiresAt, principal }', given);
  }
  const { value, expiresAt, principal, extensions } = knownKeys(given, name, [
    'value',
    'expiresAt',
    'principal',
    'extensions',
  ]);
  const text = secretText(value, `${name}.value`, 'the token, a string');
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw new RangeError(`${name}.value: expected visible ASCII characters, without spaces and line breaks`);
  }
  const end = timestamp(expiresAt, `${name}.expiresAt`);
  if (end <= now) {
    const hint = end < SURELY_SECONDS ? '; it is in milliseconds, not in seconds' : '';
    const when = new Date(end).toISOString();
    throw new RangeError(`${name}.expiresAt: expected a time that is still to come, got ${when}${hint}`);
  }
  return {
    value: text,
    expiresAt: Math.min(Math.floor(end), LATEST),
    principal: secretText(principal, `${name}.principal`, 'the name of whom the token is for, a string'),
    extensions: tokenExtensions(extensions, `${name}.extensions`),
  };
}

/** librdkafka counts in microseconds, of 64 bits. */
const LATEST = maxInt32 * 1_000_000;

/** SASL extensions (RFC 7628, 3.1), as name, value, name, value, ... */
export function tokenExtensions(given: unknown, argument: string): string[] {
  if (given === undefined) return [];
  if (!isPlainObject(given)) throw refused(argument, 'an object of strings', given);
  return Object.entries(given).flatMap(([key, value]) => {
    if (!/^[A-Za-z]+$/.test(key) || key === 'auth') {
      throw new RangeError(`${argument}: expected names of letters, other than 'auth', got ${quote(key)}`);
    }
    const text = secretText(value, `${argument}.${key}`);
    if (!/^[\x20-\x7e\t\r\n]*$/.test(text)) {
      throw new RangeError(`${argument}.${key}: expected ASCII characters`);
    }
    return [key, text];
  });
}

/** The options of a client. @param more the keys of those that are not of every client */
export function clientOptions(
  given: unknown,
  more: readonly string[] = [],
): { oauthBearerToken: OauthBearerTokenCallback | undefined; logger: Logger | undefined } {
  const { oauthBearerToken, logger } = knownKeys(given, 'options', ['oauthBearerToken', 'logger', ...more]);
  if (oauthBearerToken === undefined || typeof oauthBearerToken === 'function') {
    return { oauthBearerToken: oauthBearerToken as OauthBearerTokenCallback | undefined, logger: loggerOption(logger) };
  }
  throw refused('options.oauthBearerToken', 'a function that gives a promise of a token', oauthBearerToken);
}

/** Of setSaslCredentials(). */
export function saslCredentials(username: unknown, password: unknown): [username: string, password: string] {
  return [secretText(username, 'username'), secretText(password, 'password')];
}
