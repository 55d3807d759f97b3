// Admin requests about access control lists.

import {
  type NativeAcl,
  type NativeItem,
  aclOperations,
  aclPermissions,
  patternTypes,
  resourceTypes,
} from '../../binding/native.js';
import { adminOptions } from '../arguments/admin.js';
import { aclBindings, aclFilter, aclFilters } from '../arguments/admin-acls.js';
import { type AclOperation, wordOf } from './nodes.js';
import { type Outcome, type Request, resultsOf } from './request.js';

/** What a right is about. */
export type AclResourceType = 'topic' | 'group' | 'cluster' | 'transactional-id';

/** A right that is given or denied. */
export interface AclBinding {
  /** `unknown`, where Kafka tells one of a kind that librdkafka does not know. */
  resourceType: AclResourceType;
  resourceName: string;
  /** `prefixed`: all resources whose names begin so. */
  patternType: 'literal' | 'prefixed';
  /** `User:alice`, or `User:*` for all. */
  principal: string;
  /** The address that the client connects from; `*` is any. */
  host: string;
  operation: AclOperation;
  permission: 'allow' | 'deny';
}

/** What an AclBinding is made of; its defaults stand beside. */
export interface NewAcl extends Omit<AclBinding, 'resourceName' | 'patternType' | 'host'> {
  /** `*` is any. Of the cluster it can be left out. */
  resourceName?: string | undefined;
  /** Default: `literal`. */
  patternType?: AclBinding['patternType'] | undefined;
  /** Default: `*`. */
  host?: string | undefined;
}

/** Bindings that have all of what is named here; what is left out may be anything. */
export interface AclFilter {
  resourceType?: AclResourceType | 'any' | undefined;
  resourceName?: string | undefined;
  /** `match`: every binding that is about `resourceName`, by its own name, by a prefix or by `*`. Default: `any`. */
  patternType?: AclBinding['patternType'] | 'any' | 'match' | undefined;
  principal?: string | undefined;
  host?: string | undefined;
  operation?: AclOperation | 'any' | undefined;
  permission?: AclBinding['permission'] | 'any' | undefined;
}

/** The word for a number; a binding has no `any`, and librdkafka's number of what it does not know is 0. */
const wordIn = <W extends string>(table: Readonly<Record<W, number>>, number: number): W =>
  wordOf(table, number, 'unknown' as W);

const { broker: _broker, ...aclResources } = resourceTypes;

const bindingOf = (acl: NativeAcl): AclBinding => ({
  resourceType: wordIn(aclResources, acl.resourceType) as AclResourceType,
  resourceName: acl.resourceName ?? '',
  patternType: wordIn(patternTypes, acl.patternType) as AclBinding['patternType'],
  principal: acl.principal ?? '',
  host: acl.host ?? '',
  operation: wordIn(aclOperations, acl.operation) as AclOperation,
  permission: wordIn(aclPermissions, acl.permission) as AclBinding['permission'],
});

/** In words, as errors name it. */
function nameOf(acl: NativeAcl): string {
  const { resourceType, permission, operation, patternType } = bindingOf(acl);
  const what = `${resourceType} ${acl.resourceName ?? '(any)'}${patternType === 'literal' ? '' : ` (${patternType})`}`;
  return `ACL '${permission} ${operation} on ${what} to ${acl.principal ?? 'anyone'}'`;
}

export async function createAcls(request: Request, acls: unknown, options: unknown): Promise<void> {
  const wanted = aclBindings(acls);
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.createAcls(id, timeoutMs, wanted));
  const answers = reply.items as NativeItem[];
  resultsOf(
    request.operation,
    wanted.map((acl, i): Outcome<void> => ({ name: nameOf(acl), error: answers[i]?.error })),
  );
}

export async function describeAcls(request: Request, filter: unknown, options: unknown): Promise<AclBinding[]> {
  const wanted = aclFilter(filter, 'filter');
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.describeAcls(id, timeoutMs, wanted));
  return (reply.items as NativeAcl[]).map(bindingOf);
}

export async function deleteAcls(request: Request, filters: unknown, options: unknown): Promise<AclBinding[][]> {
  const wanted = aclFilters(filters);
  const { wait } = adminOptions(options);
  const reply = await request.ask(wait, (handle, id, timeoutMs) => handle.deleteAcls(id, timeoutMs, wanted));
  const answers = reply.items as (NativeItem & { acls: NativeAcl[] })[];
  return resultsOf(
    request.operation,
    wanted.map((filter, i): Outcome<AclBinding[]> => {
      const { error, acls } = answers[i]!;
      const kept = acls.find((acl) => acl.error);
      if (kept) return { name: nameOf(kept), error: kept.error };
      return { name: nameOf(filter), error, result: acls.map(bindingOf) };
    }),
  );
}
