// The arguments of admin requests about access control lists.

import { type NativeAcl, aclOperations, aclPermissions, patternTypes, resourceTypes } from '../../binding/native.js';
import { each, nameString, word, wordsOf } from './admin.js';
import { type Fields, knownKeys, rangeError, typeError } from './values.js';

const keys = ['resourceType', 'resourceName', 'patternType', 'principal', 'host', 'operation', 'permission'] as const;

/** The one resource of the type `cluster`. */
const CLUSTER_NAME = 'kafka-cluster';

const { any: _resource, broker: _broker, ...ownResources } = resourceTypes;
const { any: _pattern, match: _match, ...ownPatterns } = patternTypes;
const { any: _operation, ...ownOperations } = aclOperations;
const { any: _permission, ...ownPermissions } = aclPermissions;
const { broker: _other, ...filterResources } = resourceTypes;

const or = (value: unknown, otherwise: unknown) => (value === undefined ? otherwise : value);

function principalName(value: unknown, argument: string): string {
  const what = "a principal, as 'User:alice'";
  const principal = nameString(value, argument, what);
  if (!/^[^:]+:./.test(principal)) throw rangeError(argument, what, value);
  return principal;
}

function fieldsOf(item: unknown, at: string): Fields {
  if (item === undefined) throw typeError(at, `{ ${keys.join(', ')} }`, item);
  return knownKeys(item, at, keys);
}

function binding(item: unknown, at: string): NativeAcl {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = fieldsOf(item, at);
  const type = word(resourceType, `${at}.resourceType`, wordsOf(ownResources));
  const otherwise = type === 'cluster' ? CLUSTER_NAME : undefined;
  const name = nameString(or(resourceName, otherwise), `${at}.resourceName`, 'a name');
  return {
    resourceType: ownResources[type],
    resourceName: name,
    patternType: ownPatterns[word(or(patternType, 'literal'), `${at}.patternType`, wordsOf(ownPatterns))],
    principal: principalName(principal, `${at}.principal`),
    host: nameString(or(host, '*'), `${at}.host`, 'an address or *'),
    operation: ownOperations[word(operation, `${at}.operation`, wordsOf(ownOperations))],
    permission: ownPermissions[word(permission, `${at}.permission`, wordsOf(ownPermissions))],
  };
}

/** Left out: any. */
export function aclFilter(item: unknown, at: string): NativeAcl {
  const { resourceType, resourceName, patternType, principal, host, operation, permission } = fieldsOf(item, at);
  const any = <W extends string>(value: unknown, key: string, table: Readonly<Record<W | 'any', number>>) =>
    table[word(or(value, 'any'), `${at}.${key}`, wordsOf(table))];
  const name = (value: unknown, key: string) =>
    value === undefined ? null : nameString(value, `${at}.${key}`, 'a string');
  return {
    resourceType: any(resourceType, 'resourceType', filterResources),
    resourceName: name(resourceName, 'resourceName'),
    patternType: any(patternType, 'patternType', patternTypes),
    principal: principal === undefined ? null : principalName(principal, `${at}.principal`),
    host: name(host, 'host'),
    operation: any(operation, 'operation', aclOperations),
    permission: any(permission, 'permission', aclPermissions),
  };
}

const keyOf = (acl: NativeAcl) => JSON.stringify(acl);

export function aclBindings(value: unknown, argument = 'acls'): NativeAcl[] {
  return each(value, argument, 'one', (item, at) => {
    const result = binding(item, at);
    return { key: keyOf(result), result };
  });
}

export function aclFilters(value: unknown, argument = 'filters'): NativeAcl[] {
  return each(value, argument, 'one', (item, at) => {
    const result = aclFilter(item, at);
    return { key: keyOf(result), result };
  });
}
