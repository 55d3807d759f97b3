// The arguments of admin requests about topics.

import type { NativeNewPartitions, NativeNewTopic } from '../../binding/native.js';
import { text } from './admin.js';
import { LONGEST_TOPIC, eachTopic } from './partitions.js';
import { isPlainObject, knownKeys, maxInt32, quote, rangeError, typeError, wholeNumber } from './values.js';

const MOST_PARTITIONS = 100_000;

export function topicName(value: unknown, argument = 'topic'): string {
  if (typeof value !== 'string') throw typeError(argument, 'a topic name', value);
  if (value === '') throw rangeError(argument, 'a topic name', value);
  if (value.length > LONGEST_TOPIC) {
    throw rangeError(argument, `a topic name of at most ${LONGEST_TOPIC} characters`, value);
  }
  return text(value, argument, 'a topic name');
}

export function topicNames(value: unknown, argument = 'topics'): string[] {
  return eachTopic(value, argument, (item, at) => {
    const topic = topicName(item, at);
    return { topic, result: topic };
  });
}

/** The brokers of each partition; none where it is left out. */
function replicaLists(value: unknown, argument: string): number[][] {
  if (value === undefined) return [];
  const what = 'an array of arrays of brokers, one for each partition';
  if (!Array.isArray(value)) throw typeError(argument, what, value);
  if (value.length === 0 || value.length > MOST_PARTITIONS) throw rangeError(argument, what, value);
  return Array.from(value as unknown[], (brokers, i) => {
    const at = `${argument}[${i}]`;
    if (!Array.isArray(brokers)) throw typeError(at, 'an array of brokers', brokers);
    if (brokers.length === 0) throw rangeError(at, 'a broker at least', brokers);
    const list = Array.from(brokers as unknown[], (broker, j) => wholeNumber(broker, `${at}[${j}]`, 0, maxInt32));
    if (new Set(list).size < list.length) throw rangeError(at, 'each broker once', brokers);
    return list;
  });
}

/** A value of Kafka's configuration as text. */
export function configValue(value: unknown, argument: string): string {
  if (!['string', 'number', 'boolean'].includes(typeof value)) {
    throw typeError(argument, 'a string, a number or a boolean', value);
  }
  return text(String(value), argument, 'a value');
}

/** Its keys and values, which are strings, numbers and booleans. */
export function configPairs(value: unknown, argument: string): [string, string][] {
  if (!isPlainObject(value)) throw typeError(argument, 'an object', value);
  return Object.entries(value).map(([key, setting]): [string, string] => {
    const where = `${argument}[${quote(key)}]`;
    if (key === '') throw rangeError(where, 'a key that is not empty', key);
    return [text(key, where, 'a key'), configValue(setting, where)];
  });
}

export function newTopics(value: unknown, argument = 'topics'): NativeNewTopic[] {
  return eachTopic(value, argument, (item, at) => {
    const fields = knownKeys(item, at, ['topic', 'partitions', 'replicationFactor', 'replicaAssignment', 'config']);
    const { topic: name, partitions, replicationFactor, replicaAssignment, config = {} } = fields;
    const topic = topicName(name, `${at}.topic`);
    const replicas = replicaLists(replicaAssignment, `${at}.replicaAssignment`);
    for (const [key, given] of Object.entries({ partitions, replicationFactor })) {
      if (given === undefined || replicas.length === 0) continue;
      throw new TypeError(`${at}.${key}: expected nothing beside replicaAssignment, which says it, got a value`);
    }
    const result: NativeNewTopic = {
      topic,
      // -1: the broker's default
      numPartitions: partitions === undefined ? -1 : wholeNumber(partitions, `${at}.partitions`, 1, MOST_PARTITIONS),
      replicationFactor:
        replicationFactor === undefined ? -1 : wholeNumber(replicationFactor, `${at}.replicationFactor`, 1, 10_000),
      replicas,
      config: configPairs(config, `${at}.config`),
    };
    if (replicas.length > 0) result.numPartitions = replicas.length;
    return { topic, result };
  });
}

export function newPartitions(value: unknown, argument = 'topics'): NativeNewPartitions[] {
  return eachTopic(value, argument, (item, at) => {
    const {
      topic: name,
      total: wanted,
      replicaAssignment,
    } = knownKeys(item, at, ['topic', 'total', 'replicaAssignment']);
    const topic = topicName(name, `${at}.topic`);
    const total = wholeNumber(wanted, `${at}.total`, 1, MOST_PARTITIONS);
    const replicas = replicaLists(replicaAssignment, `${at}.replicaAssignment`);
    if (replicas.length >= total) {
      throw rangeError(`${at}.replicaAssignment`, `the new partitions alone, fewer than ${total}`, replicaAssignment);
    }
    return { topic, result: { topic, total, replicas } };
  });
}
