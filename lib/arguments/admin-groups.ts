// The arguments of admin requests about groups, their offsets, and the offsets of logs.

import {
  LIST_EARLIEST,
  LIST_LATEST,
  LIST_MAX_TIMESTAMP,
  type NativeGroupOffset,
  groupStates,
  groupTypes,
} from '../../binding/native.js';
import { each, nameString, text, word, wordsOf } from './admin.js';
import type { TopicPartition, TopicPartitionOffset } from './options.js';
import { eachPartition, offsetNumber } from './partitions.js';
import { maxInt32, timestamp, wholeNumber } from './values.js';

export const groupName = (value: unknown, argument = 'group'): string => nameString(value, argument, 'a group');

export function groupNames(value: unknown, argument = 'groups'): string[] {
  return each(value, argument, 'a group', (item, at) => {
    const key = groupName(item, at);
    return { key, result: key };
  });
}

function numbersOf<W extends string>(value: unknown, argument: string, table: Readonly<Record<W, number>>): number[] {
  if (value === undefined) return [];
  return each(value, argument, 'one', (item, at) => {
    const key = word(item, at, wordsOf(table));
    return { key, result: table[key] };
  });
}

const { unknown: _state, ...askedStates } = groupStates;
const { unknown: _type, ...askedTypes } = groupTypes;

/** As librdkafka numbers them; none where it is left out. */
export const stateNumbers = (value: unknown, argument: string): number[] => numbersOf(value, argument, askedStates);
export const typeNumbers = (value: unknown, argument: string): number[] => numbersOf(value, argument, askedTypes);

/** What alterGroupOffsets takes. */
export function groupOffsets(value: unknown, argument = 'offsets'): NativeGroupOffset[] {
  return eachPartition(value, argument, '{ topic, partition, offset, metadata?, leaderEpoch? }', (fields, at) => {
    const { offset: given, metadata, leaderEpoch } = fields;
    const offset: Omit<NativeGroupOffset, keyof TopicPartition> = { offset: offsetNumber(given, `${at}.offset`) };
    if (metadata !== undefined) offset.metadata = text(metadata, `${at}.metadata`, 'a string');
    if (leaderEpoch !== undefined) offset.leaderEpoch = wholeNumber(leaderEpoch, `${at}.leaderEpoch`, 0, maxInt32);
    return offset;
  });
}

const specs = { earliest: LIST_EARLIEST, latest: LIST_LATEST, 'max-timestamp': LIST_MAX_TIMESTAMP } as const;

/** What listOffsets takes; the offset is the specification as librdkafka has it. */
export function offsetQueries(value: unknown, argument = 'query'): TopicPartitionOffset[] {
  return eachPartition(value, argument, '{ topic, partition, spec }', ({ spec }, at) => {
    const where = `${at}.spec`;
    if (typeof spec === 'string') return { offset: specs[word(spec, where, wordsOf(specs))] };
    return { offset: timestamp(spec, where, "'earliest', 'latest', 'max-timestamp', ") };
  });
}
