// Topics and partitions as arguments, as keys of maps, and as the flat rows that cross the border.

import type { TopicPartition, TopicPartitionOffset, TopicPartitionTimestamp } from './options.js';
import {
  type Fields,
  describeValue,
  integer,
  isObject,
  maxInt32,
  quote,
  rangeError,
  timestamp,
  typeError,
  isArray,
} from './values.js';

/** Names a partition in maps. */
export type PartitionKey = string;

export const keyOf = (topic: string, partition: number): PartitionKey => `${partition}:${topic}`;

export function placeOf(key: PartitionKey): TopicPartition {
  const colon = key.indexOf(':');
  return { topic: key.slice(colon + 1), partition: Number(key.slice(0, colon)) };
}

/** [topic, partition, offset, ...] for the border. */
export function flat(rows: Iterable<TopicPartitionOffset | TopicPartition>, offset = 0): (string | number)[] {
  const out: (string | number)[] = [];
  for (const row of rows) out.push(row.topic, row.partition, 'offset' in row ? row.offset : offset);
  return out;
}

/** Kafka takes no longer name. */
export const LONGEST_TOPIC = 249;

/** Kafka's own rule, so no cluster has another topic. librdkafka would look for one until its client ends. */
export function topicString(value: unknown, argument: string): string {
  if (typeof value !== 'string' || value === '') throw typeError(argument, 'a non-empty string', value);
  if (!/^[a-zA-Z0-9._-]+$/.test(value) || value.length > LONGEST_TOPIC || value === '.' || value === '..') {
    const rule = `1 to ${LONGEST_TOPIC} of the characters a-z, A-Z, 0-9, '.', '_' and '-', and not '.' or '..'`;
    throw rangeError(argument, `a topic name, ${rule}`, value);
  }
  return value;
}

export function partitionNumber(value: unknown, argument: string): number {
  return integer(value, argument, 0, maxInt32, 'a partition number, an integer from 0 to 2147483647');
}

export function offsetNumber(value: unknown, argument: string): number {
  return integer(value, argument, 0, Number.MAX_SAFE_INTEGER, 'an offset, an integer from 0 to 2^53 - 1');
}

/** Each element checked by `read`, and no partition twice. Keys beyond those read are fine: a Message is a place too. */
export function eachPartition<T>(
  value: unknown,
  argument: string,
  shape: string,
  read: (fields: Fields, argument: string) => T,
): (TopicPartition & T)[] {
  if (!isArray(value)) throw typeError(argument, `an array of ${shape}`, value);
  const seen = new Set<PartitionKey>();
  // Array.from, not map, which would leave holes as they are.
  return Array.from(value, (element, i) => {
    const at = `${argument}[${i}]`;
    if (!isObject(element)) throw typeError(at, shape, element);
    const topic = topicString(element.topic, `${at}.topic`);
    const partition = partitionNumber(element.partition, `${at}.partition`);
    const rest = read(element, at);
    const key = keyOf(topic, partition);
    if (seen.has(key)) {
      throw new TypeError(`${at}: expected each partition once, got ${quote(topic).slice(1, -1)} [${partition}] twice`);
    }
    seen.add(key);
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
  if (isArray(value)) return topicPartitionOffsets(value, argument);
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
  return eachPartition(value, argument, '{ topic, partition, offset? }', ({ offset }, at) =>
    offset === undefined ? {} : { offset: offsetNumber(offset, `${at}.offset`) },
  );
}

/** What offsetsForTimes takes. */
export function timestampQueries(value: unknown, argument = 'query'): TopicPartitionTimestamp[] {
  return eachPartition(value, argument, '{ topic, partition, timestamp }', (fields, at) => ({
    timestamp: timestamp(fields.timestamp, `${at}.timestamp`),
  }));
}

/** An array whose elements name different topics, one at least. */
export function eachTopic<T>(
  value: unknown,
  argument: string,
  check: (item: unknown, at: string) => { topic: string; result: T },
): T[] {
  if (!isArray(value)) throw typeError(argument, 'an array', value);
  const seen = new Set<string>();
  const results = Array.from(value, (item, i) => {
    const at = `${argument}[${i}]`;
    const { topic, result } = check(item, at);
    if (seen.has(topic)) throw new TypeError(`${at}: expected each topic once, got ${describeValue(topic)} twice`);
    seen.add(topic);
    return result;
  });
  if (results.length === 0) throw new TypeError(`${argument}: expected a topic at least, got an empty array`);
  return results;
}
