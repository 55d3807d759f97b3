// The option `logger`: any object with the methods that pino, winston and console have in common.

import { describeValue, isObject } from './values.js';

/** What a line is about, beside its text. */
export interface LogFields {
  /** `Consumer`, `Producer`, `Admin` or `MockCluster`; the name of the derived class where there is one. */
  client: string;
  /** `client.id`. */
  clientId: string;
  /** `group.id`, where there is one. */
  groupId?: string;
  /** Of a line of librdkafka's log: librdkafka's own name of what the line is about, as `FAIL`. */
  facility?: string;
  /** Of a consumer: the line is of the handle on which it asks its questions, not of the one that fetches. */
  handle?: 'lookups';
  /** Of what went wrong. */
  err?: unknown;
  /** Of a process warning: its code. */
  code?: string;
  [field: string]: unknown;
}

/**
 * What `logger` takes: pino, winston, console, and what has the same methods. They are called by their names each time, so a level
 * that is changed later counts. Where the logger has a method `bindings` (pino) or `addSerializers` (bunyan), the fields are the
 * first argument and the text is the second; else the text is the first.
 */
export interface Logger {
  /** Of what helps to find a fault. */
  debug(...line: never[]): unknown;
  /** Of what happens in the ordinary course of things. */
  info(...line: never[]): unknown;
  /** Of what should be looked at. */
  warn(...line: never[]): unknown;
  /** Of what went wrong. */
  error(...line: never[]): unknown;
  /** Of errors after which a client can do nothing any more; left out: `error`. */
  fatal?(...line: never[]): unknown;
}

const methods = ['debug', 'info', 'warn', 'error'] as const;

export function loggerOption(value: unknown, argument = 'options.logger'): Logger | undefined {
  if (value === undefined) return undefined;
  const what = 'a logger, as pino, winston or console, with the methods debug, info, warn and error';
  if (typeof value !== 'function' && !isObject(value)) {
    throw new TypeError(`${argument}: expected ${what}, got ${describeValue(value)}`);
  }
  const members = value as unknown as Record<string, unknown>;
  const missing = methods.filter((name) => typeof members[name] !== 'function');
  if (missing.length) throw new TypeError(`${argument}: expected ${what}, got one without ${missing.join(', ')}`);
  if (members.fatal !== undefined && members.fatal !== null && typeof members.fatal !== 'function') {
    throw new TypeError(`${argument}.fatal: expected a method, got ${describeValue(members.fatal)}`);
  }
  return value as unknown as Logger;
}
