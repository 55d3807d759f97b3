// Admin requests about the offsets of logs, and those that groups have committed.

import type { NativeGroupOffset, NativeRow } from '../../binding/native.js';
import { adminOptions, flag, word } from '../arguments/admin.js';
import { groupName, groupOffsets, offsetQueries } from '../arguments/admin-groups.js';
import type { TopicPartition, TopicPartitionOffset, WaitOptions } from '../arguments/options.js';
import { flat, topicPartitions } from '../arguments/partitions.js';
import { KafkaError } from '../errors.js';
import { firstAnswer } from './attempts.js';
import { partitionKind, rowsOfLeaders } from './leaders.js';
import { type Request, inOrder, orError, resultsOf } from './request.js';

/** Which offset of a partition is asked for. */
export interface ListOffsetsQuery extends TopicPartition {
  /**
   * `earliest`: the first that the log holds; `latest`: its end; `max-timestamp`: that of the message with the largest
   * timestamp; a time: that of the first message at or after it.
   */
  spec: 'earliest' | 'latest' | 'max-timestamp' | number | Date;
}

export interface ListOffsetsOptions extends WaitOptions {
  /** With `read_committed` the end is that of what is not in an open transaction. Default: `read_uncommitted`. */
  isolationLevel?: 'read_committed' | 'read_uncommitted' | undefined;
}

/** `offset` is -1 where there is no such message. */
export interface ListedOffset extends TopicPartitionOffset {
  /** Of the message, in milliseconds since the Unix epoch; -1 for `earliest` and `latest`, and where there is none. */
  timestamp: number;
}

/** A committed offset: the next one to read. */
export interface GroupOffset extends TopicPartitionOffset {
  /** What was committed with it; left out where that is nothing. */
  metadata?: string;
  /** The leader epoch that was committed with it; left out where there was none. */
  leaderEpoch?: number;
}

export interface ListGroupOffsetsOptions extends WaitOptions {
  /** Waits until the offsets that open transactions are about to commit are decided. Default: false. */
  requireStable?: boolean | undefined;
}

export async function listOffsets(request: Request, query: unknown, options: unknown): Promise<ListedOffset[]> {
  const asked = offsetQueries(query);
  const { fields, wait } = adminOptions(options, ['isolationLevel']);
  const { isolationLevel = 'read_uncommitted' } = fields;
  const level = word(isolationLevel, 'options.isolationLevel', ['read_committed', 'read_uncommitted']);
  if (asked.length === 0) return [];
  const { operation } = request;
  const rows = await rowsOfLeaders(request, wait, asked, (handle, id, timeoutMs) =>
    handle.listOffsets(id, timeoutMs, flat(asked), level === 'read_committed'),
  );
  return resultsOf(
    operation,
    inOrder(operation, partitionKind, asked, rows, (row): ListedOffset => {
      const { topic, partition, offset, timestamp } = row as NativeRow & { timestamp: number };
      return { topic, partition, offset, timestamp };
    }),
  );
}

/** What fails of a group as a whole names the group. */
async function ofGroup(
  request: Request,
  group: string,
  answer: ReturnType<Request['ask']>,
): Promise<NativeGroupOffset[]> {
  const reply = await orError(answer);
  if (!(reply instanceof KafkaError)) return reply.rows;
  resultsOf(request.operation, [{ name: `group ${group}`, which: { group }, error: reply }]);
  return [];
}

/** Rows of a group's partitions, each of which may have failed. */
function groupOffsetsOf(
  { operation }: Request,
  group: string,
  asked: readonly TopicPartition[],
  rows: readonly NativeGroupOffset[],
): GroupOffset[] {
  const kind = {
    ...partitionKind,
    name: (place: TopicPartition) => `${partitionKind.name(place)} of group ${group}`,
  };
  const outcomes = inOrder(operation, kind, asked, rows, (row): GroupOffset => {
    const { topic, partition, offset, metadata, leaderEpoch } = row as NativeGroupOffset;
    return {
      topic,
      partition,
      offset: offset < 0 ? -1 : offset,
      ...(metadata !== undefined && { metadata }),
      ...(leaderEpoch !== undefined && { leaderEpoch }),
    };
  });
  return resultsOf(operation, outcomes);
}

const byPlace = (a: TopicPartition, b: TopicPartition) =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

export async function listGroupOffsets(
  request: Request,
  group: unknown,
  partitions: unknown,
  options: unknown,
): Promise<GroupOffset[]> {
  const name = groupName(group);
  const asked = partitions === undefined ? null : topicPartitions(partitions);
  const { fields, wait } = adminOptions(options, ['requireStable']);
  const stable = flag(fields.requireStable, 'options.requireStable');
  if (asked?.length === 0) return [];
  const rows = await ofGroup(
    request,
    name,
    firstAnswer(request, wait, {
      ask: (limits) =>
        request.ask(limits, (handle, id, timeoutMs) =>
          handle.listConsumerGroupOffsets(id, timeoutMs, asked && flat(asked), name, stable),
        ),
    }),
  );
  return groupOffsetsOf(
    request,
    name,
    asked ?? rows.map(({ topic, partition }) => ({ topic, partition })).sort(byPlace),
    rows,
  );
}

export async function alterGroupOffsets(
  request: Request,
  group: unknown,
  offsets: unknown,
  options: unknown,
): Promise<void> {
  const name = groupName(group);
  const wanted = groupOffsets(offsets);
  const { wait } = adminOptions(options);
  if (wanted.length === 0) return;
  const rows = await ofGroup(
    request,
    name,
    request.ask(wait, (handle, id, timeoutMs) => handle.alterGroupOffsets(id, timeoutMs, name, wanted)),
  );
  groupOffsetsOf(request, name, wanted, rows);
}

export async function deleteGroupOffsets(
  request: Request,
  group: unknown,
  partitions: unknown,
  options: unknown,
): Promise<void> {
  const name = groupName(group);
  const places = topicPartitions(partitions);
  const { wait } = adminOptions(options);
  if (places.length === 0) return;
  const rows = await ofGroup(
    request,
    name,
    request.ask(wait, (handle, id, timeoutMs) => handle.deleteGroupOffsets(id, timeoutMs, name, flat(places))),
  );
  groupOffsetsOf(request, name, places, rows);
}
