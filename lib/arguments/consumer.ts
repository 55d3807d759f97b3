// The arguments of a consumer's methods, beside partitions and limits.

import { types } from 'node:util';
import type { EndOptions, RebalanceListener, TopicPartitionOffset } from './options.js';
import { topicPartitionOffsets, topicString } from './partitions.js';
import { topicPattern } from './topic-pattern.js';
import {
  abortSignal,
  describeValue,
  integer,
  isObject,
  isPlainObject,
  knownKeys,
  maxInt32,
  timeoutMs,
  timestamp,
  typeError,
  isArray,
} from './values.js';

/** Where a read ends. */
export type Until = 'end' | { readonly timestamp: number } | { readonly offsets: readonly TopicPartitionOffset[] };

/** ReadOptions as they were checked. */
export interface ReadLimits {
  readonly until?: Until | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** BatchOptions as they were checked. */
export interface BatchLimits extends ReadLimits {
  readonly maxMessages?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly minMessages?: number | undefined;
  readonly maxWaitMs?: number | undefined;
}

function readUntil(value: unknown, argument: string): Until | undefined {
  if (value === undefined || value === 'end') return value;
  if (types.isDate(value)) return { timestamp: timestamp(value, argument) };
  if (isArray(value)) return { offsets: topicPartitionOffsets(value, argument) };
  throw typeError(argument, "'end', a Date or an array of { topic, partition, offset }", value);
}

export function readOptions(value: unknown, argument = 'options'): ReadLimits {
  const options = knownKeys(value, argument, ['until', 'signal']);
  return {
    until: readUntil(options.until, `${argument}.until`),
    signal: abortSignal(options.signal, `${argument}.signal`),
  };
}

export function batchOptions(value: unknown, argument = 'options'): BatchLimits {
  const keys = ['until', 'signal', 'maxMessages', 'maxBytes', 'minMessages', 'maxWaitMs'];
  const options = knownKeys(value, argument, keys);
  const atLeastOne = (key: string, most = maxInt32, what = 'an integer from 1 to 2147483647') => {
    const limit = options[key];
    if (limit === undefined) return undefined;
    return integer(limit, `${argument}.${key}`, 1, most, what);
  };
  const maxMessages = atLeastOne('maxMessages');
  return {
    until: readUntil(options.until, `${argument}.until`),
    signal: abortSignal(options.signal, `${argument}.signal`),
    maxMessages,
    maxBytes: atLeastOne('maxBytes'),
    minMessages: atLeastOne(
      'minMessages',
      maxMessages,
      `an integer from 1 to ${maxMessages ?? maxInt32} (maxMessages)`,
    ),
    maxWaitMs: timeoutMs(options.maxWaitMs, `${argument}.maxWaitMs`),
  };
}

/** kafkajs subscribes by `{ topic, fromBeginning }`, or `{ topics }`. */
function topicsHint(element: unknown): string {
  if (!isPlainObject(element)) return '';
  if ('fromBeginning' in element) return " (for fromBeginning see 'auto.offset.reset' and seekToBeginning())";
  return 'topic' in element || 'topics' in element ? ' (the name itself, in no object)' : '';
}

/** What seekBy takes. */
export const seekDelta = (value: unknown): number =>
  integer(value, 'delta', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'an integer from -(2^53 - 1) to 2^53 - 1');

/** What seekToLast takes. */
export const seekCount = (value: unknown): number =>
  integer(value, 'count', 0, Number.MAX_SAFE_INTEGER, 'a number of offsets, an integer from 0 to 2^53 - 1');

/** Of endOffsets(). */
export function endOptions(value: unknown, argument = 'options'): EndOptions {
  const options = knownKeys(value, argument, ['timeoutMs', 'signal', 'isolationLevel']);
  const { isolationLevel } = options;
  if (isolationLevel !== undefined && isolationLevel !== 'read_committed' && isolationLevel !== 'read_uncommitted') {
    throw typeError(`${argument}.isolationLevel`, "'read_committed' or 'read_uncommitted'", isolationLevel);
  }
  return {
    timeoutMs: timeoutMs(options.timeoutMs, `${argument}.timeoutMs`),
    signal: abortSignal(options.signal, `${argument}.signal`),
    isolationLevel,
  };
}

const STALLED_AFTER_MS = 30_000;

/** Of the options of a consumer. */
export function stalledAfterMs(given: unknown, argument = 'options.stalledAfterMs'): number {
  if (given === undefined) return STALLED_AFTER_MS;
  return integer(given, argument, 1, maxInt32, 'an integer from 1 to 2147483647');
}

/** What subscribe takes, as librdkafka reads it: names, and patterns, which begin with `^`. */
export function topics(value: unknown, argument = 'topics'): string[] {
  const several = isArray(value);
  const seen = new Set<string>();
  const add = (element: unknown, i: number) => {
    const at = several ? `${argument}[${i}]` : argument;
    const isPattern = types.isRegExp(element);
    if (typeof element === 'string' ? element === '' : !isPattern) {
      throw typeError(at, `a topic name or a RegExp${topicsHint(element)}`, element);
    }
    if (typeof element === 'string' && element.startsWith('^')) {
      throw typeError(at, 'a topic name, or a RegExp (not a string) for a pattern', element);
    }
    const topic = isPattern ? topicPattern(element, at) : topicString(element, at);
    if (seen.has(topic)) throw new TypeError(`${at}: expected each topic once, got ${describeValue(element)} twice`);
    seen.add(topic);
  };
  // One by one: what an array says of its length is no reason to take memory.
  if (several) for (let i = 0, { length } = value; i < length; i++) add(value[i], i);
  else add(value, 0);
  if (seen.size === 0) {
    throw new TypeError(`${argument}: expected a topic at least, got an empty array; see unsubscribe()`);
  }
  return [...seen];
}

/** A class is a function that throws when it is called. */
function isClass(value: object): boolean {
  try {
    return Function.prototype.toString.call(value).startsWith('class');
  } catch {
    return false; // a proxy
  }
}

const listenerKeys = ['onAssigned', 'onRevoked', 'onLost'] as const;

/** The listener's functions, bound to it. An instance of a class may have other members, a plain object may not. */
export function rebalanceListener(value: unknown, argument = 'listener'): RebalanceListener {
  const plain = isPlainObject(value);
  const listener = plain || value === undefined ? knownKeys(value, argument, listenerKeys) : value;
  if (!isObject(listener) || isArray(listener)) throw typeError(argument, 'an object of functions', value);
  const bound: RebalanceListener = {};
  for (const key of listenerKeys) {
    const callback = listener[key];
    if (callback === undefined) continue;
    if (typeof callback !== 'function') throw typeError(`${argument}.${key}`, 'a function', callback);
    if (isClass(callback)) throw new TypeError(`${argument}.${key}: expected a function, got a class`);
    bound[key] = (partitions) => Reflect.apply(callback, listener, [partitions]) as void | Promise<void>;
  }
  if (Object.keys(bound).length === 0 && value !== undefined && !plain) {
    throw typeError(argument, `an object with ${listenerKeys.join(', ')}`, value);
  }
  return bound;
}
