// The admin requests of the typed surface: src-native/admin_*.cc, a file for each family of them. Each takes an id and
// librdkafka's own time limit, and is answered by a `reply` with that id. What the reply tells of each thing that was asked
// about is in `items`, unless the entry says otherwise; a thing that failed has an `error` there.

import type { FlatPartitions, NativeError, NativeTopicDescription } from './native.js';

type Answer = NativeError | undefined;

export interface NativeAdmin {
  /** rd_kafka_CreateTopics. Rows: NativeTopicRow. */
  createTopics(id: number, timeoutMs: number, topics: readonly NativeNewTopic[], validateOnly: boolean): Answer;
  /** rd_kafka_DeleteTopics. Rows: NativeTopicRow. */
  deleteTopics(id: number, timeoutMs: number, topics: readonly string[]): Answer;
  /** rd_kafka_CreatePartitions. Rows: NativeTopicRow. */
  createPartitions(
    id: number,
    timeoutMs: number,
    topics: readonly NativeNewPartitions[],
    validateOnly: boolean,
  ): Answer;
  /** rd_kafka_DescribeTopics. The reply has `topics`. */
  describeTopics(id: number, timeoutMs: number, topics: readonly string[], includeOperations: boolean): Answer;
  /** rd_kafka_DeleteRecords. Rows: NativeRow. */
  deleteRecords(id: number, timeoutMs: number, partitions: FlatPartitions): Answer;
  /**
   * rd_kafka_ListOffsets; the offset of a row is LIST_MAX_TIMESTAMP, LIST_EARLIEST, LIST_LATEST or a timestamp. Rows:
   * NativeRow with `timestamp`.
   */
  listOffsets(id: number, timeoutMs: number, partitions: FlatPartitions, readCommitted: boolean): Answer;
  /** rd_kafka_ListConsumerGroupOffsets; null: every partition of which there is one. Rows: NativeGroupOffset. */
  listConsumerGroupOffsets(
    id: number,
    timeoutMs: number,
    partitions: FlatPartitions | null,
    group: string,
    requireStable: boolean,
  ): Answer;
  /** rd_kafka_AlterConsumerGroupOffsets. Rows: NativeRow. */
  alterGroupOffsets(id: number, timeoutMs: number, group: string, offsets: readonly NativeGroupOffset[]): Answer;
  /** rd_kafka_DeleteConsumerGroupOffsets. Rows: NativeRow. */
  deleteGroupOffsets(id: number, timeoutMs: number, group: string, partitions: FlatPartitions): Answer;
  /** rd_kafka_DescribeConfigs, of one broker at most. */
  describeConfigs(
    id: number,
    timeoutMs: number,
    resources: readonly (NativeResource & { keys: readonly string[] })[],
  ): Answer;
  /** rd_kafka_IncrementalAlterConfigs, of one broker at most. */
  alterConfigs(
    id: number,
    timeoutMs: number,
    resources: readonly (NativeResource & { changes: readonly NativeConfigChange[] })[],
    validateOnly: boolean,
  ): Answer;
  /** rd_kafka_ListConsumerGroups, whose result has no error of its own. */
  listGroups(id: number, timeoutMs: number, states: readonly number[], types: readonly number[]): Answer;
  /** rd_kafka_DescribeConsumerGroups */
  describeGroups(id: number, timeoutMs: number, groups: readonly string[], includeOperations: boolean): Answer;
  /** rd_kafka_DeleteGroups */
  deleteGroups(id: number, timeoutMs: number, groups: readonly string[]): Answer;
  /** rd_kafka_DescribeCluster. The reply has `cluster`. */
  describeCluster(id: number, timeoutMs: number, includeOperations: boolean): Answer;
  /** rd_kafka_ElectLeaders; null: all partitions. Items: NativeRow. */
  electLeaders(id: number, timeoutMs: number, unclean: boolean, partitions: FlatPartitions | null): Answer;
  /** rd_kafka_CreateAcls. Items in the order given. */
  createAcls(id: number, timeoutMs: number, acls: readonly NativeAcl[]): Answer;
  /** rd_kafka_DescribeAcls. Items: NativeAcl. */
  describeAcls(id: number, timeoutMs: number, filter: NativeAcl): Answer;
  /** rd_kafka_DeleteAcls. Items in the order given, each with its `acls`. */
  deleteAcls(id: number, timeoutMs: number, filters: readonly NativeAcl[]): Answer;
  /** rd_kafka_DescribeUserScramCredentials; of all users where none is named. */
  describeScramUsers(id: number, timeoutMs: number, users: readonly string[]): Answer;
  /** rd_kafka_AlterUserScramCredentials. An item for each user. */
  alterScramUsers(id: number, timeoutMs: number, alterations: readonly NativeScramAlteration[]): Answer;
}

/** What replies to admin requests have. */
export interface NativeAdminReply {
  topics?: NativeTopicDescription[];
  cluster?: NativeCluster;
  items?: unknown[];
}

/** Of something that may have failed by itself. */
export interface NativeItem {
  error?: NativeError;
}

export interface NativeNewTopic {
  topic: string;
  /** -1: the broker's default. */
  numPartitions: number;
  replicationFactor: number;
  /** The brokers of each partition; none: the broker chooses. */
  replicas: readonly (readonly number[])[];
  config: readonly (readonly [key: string, value: string])[];
}

export interface NativeNewPartitions {
  topic: string;
  total: number;
  /** The brokers of each new partition; none: the broker chooses. */
  replicas: readonly (readonly number[])[];
}

/** Beside a committed offset; they are left out where there are none. */
export interface NativeGroupOffset extends NativeItem {
  topic: string;
  partition: number;
  offset: number;
  metadata?: string;
  leaderEpoch?: number;
}

/** rd_kafka_ConfigResource_t. `type` is a number of `resourceTypes`. */
export interface NativeResource {
  type: number;
  name: string;
}

/** `how` is a number of `configOperations`. */
export type NativeConfigChange = readonly [key: string, how: number, value: string];

export interface NativeConfigEntry {
  name: string;
  value: string | null;
  /** rd_kafka_ConfigSource_t */
  source: number;
  readOnly: boolean;
  sensitive: boolean;
  synonyms: NativeConfigEntry[];
}

export interface NativeConfigs extends NativeResource, NativeItem {
  entries: NativeConfigEntry[];
}

/** rd_kafka_Node_t */
export interface NativeNode {
  id: number;
  host: string;
  port: number;
  rack: string | null;
}

export interface NativeCluster {
  id: string | null;
  controller: NativeNode | null;
  brokers: NativeNode[];
  operations?: number[];
}

/** rd_kafka_ConsumerGroupListing_t */
export interface NativeGroupListing {
  group: string;
  state: number;
  type: number;
  simple: boolean;
}

/** rd_kafka_ConsumerGroupDescription_t */
export interface NativeGroup extends NativeGroupListing, NativeItem {
  assignor: string | null;
  coordinator: NativeNode | null;
  operations?: number[];
  members: NativeGroupMember[];
}

interface Place {
  topic: string;
  partition: number;
}

/** rd_kafka_MemberDescription_t */
export interface NativeGroupMember {
  member: string;
  instance: string | null;
  client: string;
  host: string;
  assignment?: Place[];
  target?: Place[];
}

/** rd_kafka_AclBinding_t. In a filter null matches any. */
export interface NativeAcl extends NativeItem {
  resourceType: number;
  resourceName: string | null;
  patternType: number;
  principal: string | null;
  host: string | null;
  operation: number;
  permission: number;
}

export interface NativeScramUser extends NativeItem {
  user: string;
  credentials: { mechanism: number; iterations: number }[];
}

/** Without a password, a deletion. */
export interface NativeScramAlteration {
  user: string;
  mechanism: number;
  iterations?: number;
  password?: Uint8Array;
  salt?: Uint8Array;
}

/** rd_kafka_ResourceType_t. The cluster is RD_KAFKA_RESOURCE_BROKER, as of ACLs. */
export const resourceTypes = { any: 1, topic: 2, group: 3, broker: 4, cluster: 4, 'transactional-id': 5 } as const;
/** rd_kafka_ResourcePatternType_t */
export const patternTypes = { any: 1, match: 2, literal: 3, prefixed: 4 } as const;
/** rd_kafka_AclOperation_t */
export const aclOperations = {
  any: 1,
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
} as const;
/** rd_kafka_AclPermissionType_t */
export const aclPermissions = { any: 1, deny: 2, allow: 3 } as const;
/** rd_kafka_AlterConfigOpType_t */
export const configOperations = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
/** rd_kafka_ConfigSource_t */
export const configSources = {
  unknown: 0,
  topic: 1,
  broker: 2,
  'all-brokers': 3,
  static: 4,
  default: 5,
  group: 8,
} as const;
/** rd_kafka_consumer_group_state_t */
export const groupStates = {
  unknown: 0,
  'preparing-rebalance': 1,
  'completing-rebalance': 2,
  stable: 3,
  dead: 4,
  empty: 5,
} as const;
/** rd_kafka_consumer_group_type_t */
export const groupTypes = { unknown: 0, consumer: 1, classic: 2 } as const;
/** rd_kafka_ScramMechanism_t */
export const scramMechanisms = { 'SCRAM-SHA-256': 1, 'SCRAM-SHA-512': 2 } as const;

/** Times of ListOffsets (rd_kafka_OffsetSpec_t). */
export const LIST_MAX_TIMESTAMP = -3;
export const LIST_EARLIEST = -2;
export const LIST_LATEST = -1;
