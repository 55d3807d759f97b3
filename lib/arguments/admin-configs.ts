// The arguments of admin requests about configuration.

import { type NativeConfigChange, configOperations, resourceTypes } from '../../binding/native.js';
import { each, nameString, text, word } from './admin.js';
import { configPairs, topicName } from './admin-topics.js';
import {
  type Fields,
  isPlainObject,
  knownKeys,
  maxInt32,
  quote,
  rangeError,
  typeError,
  wholeNumber,
} from './values.js';

/** What has a configuration. */
export type ConfigResourceType = 'topic' | 'broker' | 'group';

/** A resource as it was named, and as it crosses the border. */
export interface Resource {
  readonly type: ConfigResourceType;
  readonly name: string;
  readonly native: { type: number; name: string };
}

const types: readonly ConfigResourceType[] = ['topic', 'broker', 'group'];

function resource(fields: Fields, at: string): Resource {
  const { type: given, name: named } = fields;
  const type = word(given, `${at}.type`, types);
  const name = resourceName(type, named, `${at}.name`);
  return { type, name, native: { type: resourceTypes[type], name } };
}

function resourceName(type: ConfigResourceType, value: unknown, argument: string): string {
  if (type === 'topic') return topicName(value, argument);
  if (type === 'group') return nameString(value, argument, 'a group');
  const what = 'the number of a broker';
  if (typeof value === 'number') return String(wholeNumber(value, argument, 0, maxInt32));
  if (typeof value !== 'string') throw typeError(argument, what, value);
  if (!/^(0|[1-9]\d{0,9})$/.test(value) || Number(value) > maxInt32) throw rangeError(argument, what, value);
  return value;
}

const keyOf = ({ type, name }: Resource) => `${type}:${name}`;

function keyList(value: unknown, argument: string): string[] {
  if (value === undefined) return [];
  return each(value, argument, 'a key', (item, at) => {
    const key = nameString(item, at, 'a key');
    return { key, result: key };
  });
}

export function describedResources(value: unknown, argument = 'resources'): (Resource & { keys: string[] })[] {
  return each(value, argument, 'a resource', (item, at) => {
    if (item === undefined) throw typeError(at, '{ type, name, keys? }', item);
    const fields = knownKeys(item, at, ['type', 'name', 'keys']);
    const result = { ...resource(fields, at), keys: keyList(fields.keys, `${at}.keys`) };
    return { key: keyOf(result), result };
  });
}

/** What is to be added to a list, or taken out: strings, or one of them. */
function listPairs(value: unknown, argument: string): [string, string][] {
  if (value === undefined) return [];
  if (!isPlainObject(value)) throw typeError(argument, 'an object', value);
  return Object.entries(value).map(([key, given]): [string, string] => {
    const where = `${argument}[${quote(key)}]`;
    if (key === '') throw rangeError(where, 'a key that is not empty', key);
    const parts = Array.isArray(given) ? Array.from(given as unknown[]) : [given];
    if (parts.length === 0) throw rangeError(where, 'a string, or an array of strings', given);
    const joined = parts.map((part) => nameString(part, where, 'a string, or an array of strings')).join(',');
    return [text(key, where, 'a key'), joined];
  });
}

export function changedResources(
  value: unknown,
  argument = 'changes',
): (Resource & { changes: NativeConfigChange[] })[] {
  return each(value, argument, 'a resource', (item, at) => {
    if (item === undefined) throw typeError(at, '{ type, name, set?, delete?, append?, subtract? }', item);
    const fields = knownKeys(item, at, ['type', 'name', 'set', 'delete', 'append', 'subtract']);
    const { set, delete: dropped, append, subtract } = fields;
    const changes: NativeConfigChange[] = [
      ...(set === undefined ? [] : configPairs(set, `${at}.set`)).map(([key, setting]): NativeConfigChange => [
        key,
        configOperations.set,
        setting,
      ]),
      ...keyList(dropped, `${at}.delete`).map((key): NativeConfigChange => [key, configOperations.delete, '']),
      ...listPairs(append, `${at}.append`).map(([key, list]): NativeConfigChange => [
        key,
        configOperations.append,
        list,
      ]),
      ...listPairs(subtract, `${at}.subtract`).map(([key, list]): NativeConfigChange => [
        key,
        configOperations.subtract,
        list,
      ]),
    ];
    if (changes.length === 0) throw new TypeError(`${at}: expected a change at least, got none`);
    const seen = new Set<string>();
    for (const [key] of changes) {
      if (seen.has(key)) throw new TypeError(`${at}: expected one change of each key, got two of ${quote(key)}`);
      seen.add(key);
    }
    const result = { ...resource(fields, at), changes };
    return { key: keyOf(result), result };
  });
}
