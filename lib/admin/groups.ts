// Admin requests about groups of consumers.

import {
  type NativeGroup,
  type NativeGroupListing,
  type NativeGroupMember,
  type NativeItem,
  groupStates,
  groupTypes,
} from '../../binding/native.js';
import { adminOptions } from '../arguments/admin.js';
import { groupNames, stateNumbers, typeNumbers } from '../arguments/admin-groups.js';
import type { TopicPartition, WaitOptions } from '../arguments/options.js';
import { errno, localError } from '../errors.js';
import { type AclOperation, type BrokerNode, describeOptions, nodeOf, operationsOf, wordOf } from './nodes.js';
import { type Kind, type Outcome, type Request, inOrder, resultsOf } from './request.js';

/**
 * `empty`: it has no members. `unknown`: the broker tells none, or one that librdkafka does not know (`Assigning` and
 * `Reconciling` of groups of the new protocol).
 */
export type GroupState = keyof typeof groupStates;
/** `consumer` is the protocol of KIP-848; `unknown` where the broker is too old to tell. */
export type GroupType = keyof typeof groupTypes;

export interface ListGroupsOptions extends WaitOptions {
  /** Only groups in one of these states. Default: all. */
  states?: readonly Exclude<GroupState, 'unknown'>[] | undefined;
  /** Only groups of these types. Default: all. */
  types?: readonly Exclude<GroupType, 'unknown'>[] | undefined;
}

/** A group, as listGroups() gives it. */
export interface GroupListing {
  group: string;
  state: GroupState;
  type: GroupType;
  /** It has only ever committed offsets, and never had members. */
  simple: boolean;
}

/** A group, as describeGroups() gives it. */
export interface GroupDescription extends GroupListing {
  /** The assignor that the members agreed on, as `range`; '' where there is none. */
  assignor: string;
  /** The broker that looks after the group; null where it is not known. */
  coordinator: BrokerNode | null;
  members: GroupMember[];
  /** What this client may do with it; there with `includeAuthorizedOperations` alone. */
  authorizedOperations?: AclOperation[];
}

/** A member of a group, and what it holds. */
export interface GroupMember {
  /** The identifier that the group gave the member. */
  memberId: string;
  /** `group.instance.id`; null where there is none. */
  instanceId: string | null;
  /** `client.id` */
  clientId: string;
  /** The address that the member connects from. */
  host: string;
  assignment: TopicPartition[];
  /** Of groups of the type `consumer`: what the member is to have. */
  targetAssignment?: TopicPartition[];
}

const groupKind: Kind<string, NativeItem & { group: string }> = {
  askedKey: (group) => group,
  answerKey: ({ group }) => group,
  name: (group) => `group ${group}`,
  which: (group) => ({ group }),
};

const listingOf = ({ group, state, type, simple }: NativeGroupListing): GroupListing => ({
  group,
  state: wordOf(groupStates, state, 'unknown'),
  type: wordOf(groupTypes, type, 'unknown'),
  simple,
});

const placesOf = (rows: readonly TopicPartition[]): TopicPartition[] =>
  rows.map(({ topic, partition }) => ({ topic, partition }));

const memberOf = ({ member, instance, client, host, assignment, target }: NativeGroupMember): GroupMember => ({
  memberId: member,
  instanceId: instance,
  clientId: client,
  host,
  assignment: placesOf(assignment ?? []),
  ...(target && { targetAssignment: placesOf(target) }),
});

export async function listGroups(request: Request, options: unknown): Promise<GroupListing[]> {
  const { fields, wait } = adminOptions(options, ['states', 'types']);
  const states = stateNumbers(fields.states, 'options.states');
  const types = typeNumbers(fields.types, 'options.types');
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.listGroups(id, timeoutMs, states, types));
  const listings = (reply.items as NativeGroupListing[]).map(listingOf);
  return listings.sort((a, b) => (a.group < b.group ? -1 : 1));
}

export async function describeGroups(request: Request, groups: unknown, options: unknown): Promise<GroupDescription[]> {
  const names = groupNames(groups);
  const { rights, wait } = describeOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.describeGroups(id, timeoutMs, names, rights));
  const { operation } = request;
  const outcomes = inOrder(operation, groupKind, names, reply.items as NativeGroup[], (answer) =>
    groupOf(answer as NativeGroup, rights),
  );
  return resultsOf(
    operation,
    outcomes.map((outcome): Outcome<GroupDescription> => {
      // Kafka describes a group that does not exist as a dead one.
      if (outcome.result?.state !== 'dead') return outcome;
      return { ...outcome, error: localError(operation, errno.groupIdNotFound, 'there is no such group') };
    }),
  );
}

const groupOf = (group: NativeGroup, rights: boolean): GroupDescription => ({
  ...listingOf(group),
  assignor: group.assignor ?? '',
  coordinator: group.coordinator && nodeOf(group.coordinator),
  members: group.members.map(memberOf),
  ...(rights && { authorizedOperations: operationsOf(group.operations ?? []) }),
});

export async function deleteGroups(request: Request, groups: unknown, options: unknown): Promise<void> {
  const names = groupNames(groups);
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.deleteGroups(id, timeoutMs, names));
  const answers = reply.items as (NativeItem & { group: string })[];
  resultsOf(
    request.operation,
    inOrder(request.operation, groupKind, names, answers, () => undefined),
  );
}
