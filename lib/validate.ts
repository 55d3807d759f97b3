// Argument checks. Every message has one shape, `<argument>: expected <what>, got <what came>`: a TypeError for the
// wrong type, a RangeError for a value out of range. Each check gives back a copy, so that a caller who changes the
// argument afterwards changes nothing here, and throws before anything is done. Values are known by what they are, not by
// `instanceof`, which fails for those of another realm (a vm context, some test runners).

import { types } from 'node:util';
import type {
  BatchOptions,
  ProducerMessage,
  RebalanceListener,
  SeekOptions,
  TimeoutOptions,
  TopicPartition,
  TopicPartitionOffset,
  TopicPartitionTimestamp,
} from './options.js';
import { topicPattern } from './topic-pattern.js';

export const maxInt32 = 2 ** 31 - 1;

type Fields = Record<PropertyKey, unknown>;

const withArticle = (name: string) => `${/^[AEIOUaeiou]/.test(name) ? 'an' : 'a'} ${name}`;

/** Any value in a few words, for an error message. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      const text = value.length > 60 ? `${value.slice(0, 57)}...` : value;
      return `'${text.replaceAll('\n', '\\n')}'`;
    }
    case 'bigint':
      return `${value}n (a bigint)`;
    case 'symbol':
      return 'a symbol';
    case 'function':
      return 'a function';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`;
      if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid Date' : `Date ${value.toISOString()}`;
      if (types.isRegExp(value)) return String(value);
      return isPlainObject(value) ? 'an object' : withArticle(value.constructor?.name || 'nameless class');
    default:
      return String(value);
  }
}

export function typeError(argument: string, what: string, got: unknown): TypeError {
  return new TypeError(`${argument}: expected ${what}, got ${describeValue(got)}`);
}

export function rangeError(argument: string, what: string, got: unknown): RangeError {
  return new RangeError(`${argument}: expected ${what}, got ${describeValue(got)}`);
}

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

export function isPlainObject(value: unknown): value is Fields {
  if (!isObject(value) || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

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
    if (!keys.includes(key)) throw new TypeError(`${argument}: unknown key '${key}'${didYouMean(key, keys)}`);
  }
  return value;
}

function integer(value: unknown, argument: string, min: number, max: number, what: string): number {
  if (typeof value !== 'number') throw typeError(argument, what, value);
  if (!Number.isInteger(value) || value < min || value > max) throw rangeError(argument, what, value);
  return value + 0; // makes 0 of -0
}

function topicString(value: unknown, argument: string): string {
  if (typeof value !== 'string' || value === '') throw typeError(argument, 'a non-empty string', value);
  // librdkafka takes C strings, which would end there.
  if (value.includes('\0')) throw rangeError(argument, 'a topic name without NUL characters', value);
  return value;
}

function partitionNumber(value: unknown, argument: string): number {
  return integer(value, argument, 0, maxInt32, 'a partition number, an integer from 0 to 2147483647');
}

const isPartition = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= maxInt32 && Number.isInteger(value);

function offsetNumber(value: unknown, argument: string): number {
  return integer(value, argument, 0, Number.MAX_SAFE_INTEGER, 'an offset, an integer from 0 to 2^53 - 1');
}

/** A point in time as milliseconds since the Unix epoch. */
export function timestamp(value: unknown, argument = 'timestamp'): number {
  const what = 'a Date or milliseconds since the Unix epoch, an integer from 0 to 2^53 - 1';
  if (!types.isDate(value)) return integer(value, argument, 0, Number.MAX_SAFE_INTEGER, what);
  const time = value.getTime();
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
  if (!isObject(value) || typeof value.aborted !== 'boolean' || typeof value.addEventListener !== 'function') {
    throw typeError(argument, 'an AbortSignal', value);
  }
  return value as unknown as AbortSignal;
}

export function timeoutOptions(value: unknown, argument = 'options'): TimeoutOptions {
  return { timeoutMs: timeoutMs(knownKeys(value, argument, ['timeoutMs']).timeoutMs, `${argument}.timeoutMs`) };
}

export function seekOptions(value: unknown, argument = 'options'): SeekOptions {
  const options = knownKeys(value, argument, ['timeoutMs', 'signal']);
  return {
    timeoutMs: timeoutMs(options.timeoutMs, `${argument}.timeoutMs`),
    signal: abortSignal(options.signal, `${argument}.signal`),
  };
}

export function batchOptions(value: unknown, argument = 'options'): BatchOptions {
  const options = knownKeys(value, argument, ['maxMessages', 'maxBytes', 'signal']);
  const atLeastOne = (key: string) => {
    if (options[key] === undefined) return undefined;
    return integer(options[key], `${argument}.${key}`, 1, maxInt32, 'an integer from 1 to 2147483647');
  };
  return {
    maxMessages: atLeastOne('maxMessages'),
    maxBytes: atLeastOne('maxBytes'),
    signal: abortSignal(options.signal, `${argument}.signal`),
  };
}

/** Each element checked by `read`, and no partition twice. Keys beyond those read are fine: a Message is a place too. */
function eachPartition<T>(
  value: unknown,
  argument: string,
  shape: string,
  read: (fields: Fields, argument: string) => T,
): (TopicPartition & T)[] {
  if (!Array.isArray(value)) throw typeError(argument, `an array of ${shape}`, value);
  const seen = new Set<string>();
  // Array.from, not map, which would leave holes as they are.
  return Array.from(value as unknown[], (element, i) => {
    const at = `${argument}[${i}]`;
    if (!isObject(element)) throw typeError(at, shape, element);
    const topic = topicString(element.topic, `${at}.topic`);
    const partition = partitionNumber(element.partition, `${at}.partition`);
    const rest = read(element, at);
    const name = `${topic} [${partition}]`;
    if (seen.has(name)) throw new TypeError(`${at}: expected each partition once, got ${name} twice`);
    seen.add(name);
    return { topic, partition, ...rest };
  });
}

const placeShape = '{ topic, partition, offset }';
const readOffset = (fields: Fields, at: string) => ({ offset: offsetNumber(fields.offset, `${at}.offset`) });

export function topicPartitions(value: unknown, argument = 'partitions'): TopicPartition[] {
  return eachPartition(value, argument, '{ topic, partition }', () => ({}));
}

export function topicPartitionOffsets(value: unknown, argument = 'offsets'): TopicPartitionOffset[] {
  return eachPartition(value, argument, placeShape, readOffset);
}

/** What seek takes: one place or an array of them. */
export function seekTargets(value: unknown, argument = 'to'): TopicPartitionOffset[] {
  if (Array.isArray(value)) return topicPartitionOffsets(value, argument);
  if (!isObject(value)) throw typeError(argument, `${placeShape} or an array of them`, value);
  return [
    {
      topic: topicString(value.topic, `${argument}.topic`),
      partition: partitionNumber(value.partition, `${argument}.partition`),
      ...readOffset(value, argument),
    },
  ];
}

/** What assign takes: partitions, with a start offset or without. */
export function assignTargets(value: unknown, argument = 'partitions'): (TopicPartition | TopicPartitionOffset)[] {
  return eachPartition(value, argument, '{ topic, partition, offset? }', (fields, at) =>
    fields.offset === undefined ? {} : readOffset(fields, at),
  );
}

/** What offsetsForTimes takes. */
export function timestampQueries(value: unknown, argument = 'query'): TopicPartitionTimestamp[] {
  return eachPartition(value, argument, '{ topic, partition, timestamp }', (fields, at) => ({
    timestamp: timestamp(fields.timestamp, `${at}.timestamp`),
  }));
}

/** What subscribe takes, as librdkafka reads it: names, and patterns, which begin with `^`. */
export function topics(value: unknown, argument = 'topics'): string[] {
  const list: unknown[] = Array.isArray(value) ? Array.from(value as unknown[]) : [value];
  if (list.length === 0)
    throw new TypeError(`${argument}: expected a topic at least, got an empty array; see unsubscribe()`);
  const seen = new Set<string>();
  list.forEach((element, i) => {
    const at = Array.isArray(value) ? `${argument}[${i}]` : argument;
    if (typeof element === 'string' ? element === '' : !types.isRegExp(element)) {
      throw typeError(at, 'a topic name or a RegExp', element);
    }
    if (typeof element === 'string' && element.startsWith('^')) {
      throw typeError(at, 'a topic name, or a RegExp (not a string) for a pattern', element);
    }
    const topic = types.isRegExp(element) ? topicPattern(element, at) : topicString(element, at);
    if (seen.has(topic)) throw new TypeError(`${at}: expected each topic once, got ${describeValue(element)} twice`);
    seen.add(topic);
  });
  return [...seen];
}

const listenerKeys = ['onAssigned', 'onRevoked', 'onLost'] as const;

/** The listener's functions, bound to it. An instance of a class may have other members, a plain object may not. */
export function rebalanceListener(value: unknown, argument = 'listener'): RebalanceListener {
  const listener = isPlainObject(value) || value === undefined ? knownKeys(value, argument, listenerKeys) : value;
  if (!isObject(listener) || Array.isArray(listener)) throw typeError(argument, 'an object of functions', value);
  const bound: RebalanceListener = {};
  for (const key of listenerKeys) {
    const callback = listener[key];
    if (callback === undefined) continue;
    if (typeof callback !== 'function') throw typeError(`${argument}.${key}`, 'a function', callback);
    bound[key] = callback.bind(listener) as NonNullable<RebalanceListener[typeof key]>;
  }
  if (Object.keys(bound).length === 0 && value !== undefined && !isPlainObject(value)) {
    throw typeError(argument, `an object with ${listenerKeys.join(', ')}`, value);
  }
  return bound;
}

/** A message as the native side takes it. Bytes are not copied here but there, within the call. */
export interface CheckedMessage {
  topic: string;
  /** -1: the partitioner chooses. */
  partition: number;
  key: Uint8Array | string | null;
  value: Uint8Array | string | null;
  headers: [name: string, value: Uint8Array | string | null][] | null;
  /** 0: the time of the call, which is how librdkafka reads it. */
  timestamp: number;
}

const isBytes = (value: unknown): value is Uint8Array | string | null =>
  value === null || typeof value === 'string' || types.isUint8Array(value);

function headers(value: unknown, argument: string): CheckedMessage['headers'] {
  if (!isObject(value)) throw typeError(argument, 'an iterable of [name, value] or an object', value);
  const iterable = Symbol.iterator in value;
  if (!iterable && !isPlainObject(value)) throw typeError(argument, 'an iterable of [name, value] or an object', value);
  const entries = iterable ? (value as unknown as Iterable<unknown>) : Object.entries(value);
  return Array.from(entries, (entry, i) => {
    if (!Array.isArray(entry) || entry.length !== 2) throw typeError(`${argument}[${i}]`, '[name, value]', entry);
    const [name, content] = entry as unknown[];
    if (typeof name !== 'string') throw typeError(`${argument}[${i}][0]`, 'a string', name);
    const at = iterable ? `${argument}[${i}][1]` : `${argument}['${name}']`;
    if (!isBytes(content)) throw typeError(at, 'a string, a Buffer or null', content);
    return [name, content];
  });
}

const at = (index: number | undefined, field = '') => (index === undefined ? 'message' : `messages[${index}]`) + field;

/** The topic that was checked last, for most messages go to the same; it begins with one that would pass. */
let lastTopic = 'topic';

/** Every message produced goes through this: cheap where nothing is wrong. */
export function producerMessage(value: unknown, index?: number): CheckedMessage {
  if (!isObject(value)) throw typeError(at(index), '{ topic, value, ... }', value);
  const message: { [K in keyof ProducerMessage]: unknown } = value as never;
  const { topic, partition = -1, key = null, value: content = null } = message;
  if (topic !== lastTopic) lastTopic = topicString(topic, at(index, '.topic'));
  // The name of the argument is made when there is something to say.
  if (message.partition !== undefined && !isPartition(partition)) partitionNumber(partition, at(index, '.partition'));
  if (!isBytes(key)) throw typeError(at(index, '.key'), 'a string, a Buffer or null', key);
  if (!isBytes(content)) throw typeError(at(index, '.value'), 'a string, a Buffer or null', content);
  let time = 0;
  if (message.timestamp !== undefined) {
    time = timestamp(message.timestamp, at(index, '.timestamp'));
    if (time === 0) throw rangeError(at(index, '.timestamp'), 'a time after the Unix epoch', message.timestamp);
  }
  return {
    topic: lastTopic,
    partition: partition as number,
    key,
    value: content,
    headers: message.headers === undefined ? null : headers(message.headers, at(index, '.headers')),
    timestamp: time,
  };
}
