// The arguments of the administration.

import type { NativeNewTopic } from '../../binding/native.js';
import { LONGEST_TOPIC, eachTopic } from './partitions.js';
import { isPlainObject, knownKeys, quote, rangeError, typeError, wholeNumber } from './values.js';

export function topicName(value: unknown, argument = 'topic'): string {
  if (typeof value !== 'string') throw typeError(argument, 'a topic name', value);
  if (value === '' || value.includes('\0')) throw rangeError(argument, 'a topic name', value);
  if (value.length > LONGEST_TOPIC) {
    throw rangeError(argument, `a topic name of at most ${LONGEST_TOPIC} characters`, value);
  }
  return value;
}

export function topicNames(value: unknown, argument = 'topics'): string[] {
  return eachTopic(value, argument, (item, at) => {
    const topic = topicName(item, at);
    return { topic, result: topic };
  });
}

export function newTopics(value: unknown, argument = 'topics'): NativeNewTopic[] {
  return eachTopic(value, argument, (item, at) => {
    const fields = knownKeys(item, at, ['topic', 'partitions', 'replicationFactor', 'config']);
    const { topic: name, partitions, replicationFactor, config = {} } = fields;
    const topic = topicName(name, `${at}.topic`);
    if (!isPlainObject(config)) throw typeError(`${at}.config`, 'an object', config);
    const entries = Object.entries(config).map(([key, setting]): [string, string] => {
      const where = `${at}.config[${quote(key)}]`;
      if (!['string', 'number', 'boolean'].includes(typeof setting)) {
        throw typeError(where, 'a string, a number or a boolean', setting);
      }
      // librdkafka takes C strings, which would end there.
      if (`${key}${String(setting)}`.includes('\0')) throw rangeError(where, 'no NUL character', setting);
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
  return eachTopic(value, argument, (item, at) => {
    const { topic: name, total } = knownKeys(item, at, ['topic', 'total']);
    const topic = topicName(name, `${at}.topic`);
    return { topic, result: { topic, total: wholeNumber(total, `${at}.total`, 1, 100_000) } };
  });
}
