// Admin requests about topics, their partitions and records.

import type { NativeTopicDescription, NativeTopicRow } from '../../binding/native.js';
import { adminOptions, flagOption } from '../arguments/admin.js';
import { newPartitions, newTopics, topicNames } from '../arguments/admin-topics.js';
import type { TopicPartitionOffset, WaitOptions } from '../arguments/options.js';
import { flat, topicPartitionOffsets } from '../arguments/partitions.js';
import { partitionKind, rowsOfLeaders } from './leaders.js';
import { type AclOperation, describeOptions, operationsOf } from './nodes.js';
import { type Kind, type Request, inOrder, resultsOf } from './request.js';

/** A topic to be made, by createTopics(). */
export interface NewTopic {
  topic: string;
  /** Default: the broker's `num.partitions`. */
  partitions?: number | undefined;
  /** Default: the broker's `default.replication.factor`. */
  replicationFactor?: number | undefined;
  /**
   * Instead of both: the numbers of the brokers that hold each partition, the preferred leader of it first. Its length is
   * the number of partitions. (rd_kafka_NewTopic_set_replica_assignment)
   */
  replicaAssignment?: readonly (readonly number[])[] | undefined;
  /** Kafka's topic configuration: `'retention.ms'`, `'cleanup.policy'`, ... */
  config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** How many partitions a topic is to have, for createPartitions(). */
export interface NewPartitions {
  topic: string;
  /** How many partitions the topic shall have, the present ones among them. */
  total: number;
  /** The numbers of the brokers that hold each new partition. Default: Kafka chooses. */
  replicaAssignment?: readonly (readonly number[])[] | undefined;
}

export interface ValidateOptions extends WaitOptions {
  /** Kafka says whether it would do it, and does nothing. Default: false. */
  validateOnly?: boolean | undefined;
}

/** A topic, as describeTopics() gives it. */
export interface TopicDescription {
  topic: string;
  /** Kafka's own identifier, which a topic of the same name that is created anew does not have. */
  topicId: string;
  /** Kafka's own topic, as `__consumer_offsets`. */
  internal: boolean;
  partitions: PartitionDescription[];
  /** What this client may do with it; there with `includeAuthorizedOperations` alone. */
  authorizedOperations?: AclOperation[];
}

/** A partition of a topic, as describeTopics() gives it. */
export interface PartitionDescription {
  partition: number;
  /** The number of the broker; null where there is none at the moment. */
  leader: number | null;
  /** The numbers of all brokers that are to hold it, the preferred leader first. */
  replicas: number[];
  /** Of those, the ones that are in sync. */
  isr: number[];
}

const topicKind: Kind<string, NativeTopicRow> = {
  askedKey: (topic) => topic,
  answerKey: ({ topic }) => topic,
  name: (topic) => topic,
  which: (topic) => ({ topic, partition: -1 }),
};

/** For requests that answer with no more than whether they were carried out. */
function done({ operation }: Request, topics: readonly string[], rows: readonly NativeTopicRow[]): void {
  resultsOf(
    operation,
    inOrder(operation, topicKind, topics, rows, () => undefined),
  );
}

export async function createTopics(request: Request, topics: unknown, options: unknown): Promise<void> {
  const wanted = newTopics(topics);
  const { on: validateOnly, wait } = flagOption(options, 'validateOnly');
  const { rows } = await request.ask(wait, (handle, id, timeoutMs) =>
    handle.createTopics(id, timeoutMs, wanted, validateOnly),
  );
  done(
    request,
    wanted.map(({ topic }) => topic),
    rows,
  );
}

export async function deleteTopics(request: Request, topics: unknown, options: unknown): Promise<void> {
  const names = topicNames(topics);
  const { wait } = adminOptions(options);
  const { rows } = await request.ask(wait, (handle, id, timeoutMs) => handle.deleteTopics(id, timeoutMs, names));
  done(request, names, rows);
}

export async function createPartitions(request: Request, topics: unknown, options: unknown): Promise<void> {
  const wanted = newPartitions(topics);
  const { on: validateOnly, wait } = flagOption(options, 'validateOnly');
  const { rows } = await request.ask(wait, (handle, id, timeoutMs) =>
    handle.createPartitions(id, timeoutMs, wanted, validateOnly),
  );
  done(
    request,
    wanted.map(({ topic }) => topic),
    rows,
  );
}

export async function listTopics(request: Request, options: unknown): Promise<string[]> {
  const { wait } = adminOptions(options);
  const { rows } = await request.ask(wait, (handle, id, timeoutMs) => handle.listTopics(id, timeoutMs));
  return rows.map(({ topic }) => topic).sort();
}

export async function describeTopics(request: Request, topics: unknown, options: unknown): Promise<TopicDescription[]> {
  const names = topicNames(topics);
  const { rights, wait } = describeOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.describeTopics(id, timeoutMs, names, rights));
  const outcomes = inOrder(request.operation, topicKind, names, reply.topics!, (answer) =>
    descriptionOf(answer as NativeTopicDescription, rights),
  );
  return resultsOf(request.operation, outcomes);
}

function descriptionOf(
  { topic, topicId, internal, partitions, operations = [] }: NativeTopicDescription,
  rights: boolean,
): TopicDescription {
  return {
    topic,
    topicId,
    internal,
    partitions: partitions.map((row) => ({ ...row, leader: row.leader < 0 ? null : row.leader })),
    ...(rights && { authorizedOperations: operationsOf(operations) }),
  };
}

export async function deleteRecords(request: Request, offsets: unknown, options: unknown): Promise<void> {
  const before: TopicPartitionOffset[] = topicPartitionOffsets(offsets, 'offsets');
  const { wait } = adminOptions(options);
  if (before.length === 0) return;
  const rows = await rowsOfLeaders(request, wait, before, (handle, id, timeoutMs) =>
    handle.deleteRecords(id, timeoutMs, flat(before)),
  );
  const { operation } = request;
  resultsOf(
    operation,
    inOrder(operation, partitionKind, before, rows, () => undefined),
  );
}
