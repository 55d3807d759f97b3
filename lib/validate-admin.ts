// The arguments of the administration and of the mock cluster, checked as validate.ts does.

import type { NativeNewTopic } from '../binding/native.js';
import { describeValue, isPlainObject, knownKeys, maxInt32, rangeError, typeError } from './validate.js';

export function wholeNumber(value: unknown, argument: string, min: number, max = maxInt32): number {
  const what = `an integer from ${min} to ${max}`;
  if (typeof value !== 'number') throw typeError(argument, what, value);
  if (!Number.isInteger(value) || value < min || value > max) throw rangeError(argument, what, value);
  return value;
}

export function topicName(value: unknown, argument = 'topic'): string {
  if (typeof value !== 'string') throw typeError(argument, 'a topic name', value);
  if (value === '' || value.includes('\0')) throw rangeError(argument, 'a topic name', value);
  return value;
}

export function topicNames(value: unknown, argument = 'topics'): string[] {
  return eachOnce(value, argument, (item, at) => {
    const topic = topicName(item, at);
    return { topic, result: topic };
  });
}

export function newTopics(value: unknown, argument = 'topics'): NativeNewTopic[] {
  return eachOnce(value, argument, (item, at) => {
    const fields = knownKeys(item, at, ['topic', 'partitions', 'replicationFactor', 'config']);
    const { partitions, replicationFactor, config = {} } = fields;
    const topic = topicName(fields.topic, `${at}.topic`);
    if (!isPlainObject(config)) throw typeError(`${at}.config`, 'an object', config);
    const entries = Object.entries(config).map(([key, setting]): [string, string] => {
      if (!['string', 'number', 'boolean'].includes(typeof setting)) {
        throw typeError(`${at}.config['${key}']`, 'a string, a number or a boolean', setting);
      }
      return [key, String(setting)];
    });
    const result = {
      topic,
      // -1: the broker's default
      numPartitions: partitions === undefined ? -1 : wholeNumber(partitions, `${at}.partitions`, 1, 100_000),
      replicationFactor:
        replicationFactor === undefined ? -1 : wholeNumber(replicationFactor, `${at}.replicationFactor`, 1, 10_000),
      config: entries,
    };
    return { topic, result };
  });
}

export function newPartitions(value: unknown, argument = 'topics'): { topic: string; total: number }[] {
  return eachOnce(value, argument, (item, at) => {
    const fields = knownKeys(item, at, ['topic', 'total']);
    const topic = topicName(fields.topic, `${at}.topic`);
    return { topic, result: { topic, total: wholeNumber(fields.total, `${at}.total`, 1, 100_000) } };
  });
}

/** A non-empty array whose elements are of different topics. */
function eachOnce<T>(
  value: unknown,
  argument: string,
  check: (item: unknown, at: string) => { topic: string; result: T },
): T[] {
  if (!Array.isArray(value)) throw typeError(argument, 'an array', value);
  if (value.length === 0) throw new TypeError(`${argument}: expected a topic at least, got an empty array`);
  const seen = new Set<string>();
  return Array.from(value as unknown[], (item, i) => {
    const { topic, result } = check(item, `${argument}[${i}]`);
    if (seen.has(topic))
      throw new TypeError(`${argument}[${i}]: expected each topic once, got ${describeValue(topic)} twice`);
    seen.add(topic);
    return result;
  });
}
