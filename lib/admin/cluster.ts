// Admin requests about the cluster as a whole.

import type { NativeRow } from '../../binding/native.js';
import { adminOptions, word } from '../arguments/admin.js';
import type { TopicPartition, WaitOptions } from '../arguments/options.js';
import { flat, topicPartitions } from '../arguments/partitions.js';
import { errno } from '../errors.js';
import { partitionKind } from './leaders.js';
import { type AclOperation, type BrokerNode, describeOptions, nodeOf, operationsOf } from './nodes.js';
import { type Request, inOrder, resultsOf } from './request.js';

/** What describeCluster() gives. */
export interface ClusterDescription {
  clusterId: string;
  /** The broker that takes the requests which change the cluster; null where none is known. */
  controller: BrokerNode | null;
  /** In the order of their numbers. */
  brokers: BrokerNode[];
  /** What this client may do with the cluster; there with `includeAuthorizedOperations` alone. */
  authorizedOperations?: AclOperation[];
}

export interface ElectLeadersOptions extends WaitOptions {
  /**
   * `preferred`: the first of the replicas, where it is in sync. `unclean`: any replica where none is in sync, at the price
   * of messages that only the others have. Default: `preferred`.
   */
  type?: 'preferred' | 'unclean' | undefined;
}

/** What became of the election of one partition's leader. */
export interface Election extends TopicPartition {
  /** False: the leader was the right one already. */
  elected: boolean;
}

export async function describeCluster(request: Request, options: unknown): Promise<ClusterDescription> {
  const { rights, wait } = describeOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.describeCluster(id, timeoutMs, rights));
  const { id, controller, brokers, operations } = reply.cluster!;
  return {
    clusterId: id ?? '',
    controller: controller && nodeOf(controller),
    brokers: brokers.map(nodeOf).sort((a, b) => a.id - b.id),
    ...(rights && { authorizedOperations: operationsOf(operations ?? []) }),
  };
}

export async function electLeaders(request: Request, partitions: unknown, options: unknown): Promise<Election[]> {
  const asked = partitions === undefined ? null : topicPartitions(partitions);
  const { fields, wait } = adminOptions(options, ['type']);
  const { type = 'preferred' } = fields;
  const unclean = word(type, 'options.type', ['preferred', 'unclean']) === 'unclean';
  if (asked?.length === 0) return [];
  const reply = await request.ask(wait, (handle, id, timeoutMs) =>
    handle.electLeaders(id, timeoutMs, unclean, asked && flat(asked)),
  );
  // That nothing had to be done is no error.
  const rows = (reply.items as NativeRow[]).map(({ error, ...row }) =>
    error?.errno === errno.electionNotNeeded ? { ...row, elected: false } : { ...row, elected: true, error },
  );
  const { operation } = request;
  const outcomes = inOrder(operation, partitionKind, asked ?? rows, rows as NativeRow[], (row): Election => {
    const { topic, partition, elected } = row as NativeRow & { elected: boolean };
    return { topic, partition, elected };
  });
  return resultsOf(operation, outcomes);
}
