// Admin requests about the configuration of topics, brokers and groups.

import { type NativeConfigEntry, type NativeConfigs, configSources } from '../../binding/native.js';
import { adminOptions, flagOption } from '../arguments/admin.js';
import {
  type ConfigResourceType,
  type Resource,
  changedResources,
  describedResources,
} from '../arguments/admin-configs.js';
import type { WaitOptions } from '../arguments/options.js';
import { KafkaError } from '../errors.js';
import { wordOf } from './nodes.js';
import { type Kind, type Outcome, type Request, inOrder, orError, resultsOf } from './request.js';

export type { ConfigResourceType };

/** A topic by its name, a broker by its number, a group by its name. */
export interface ConfigResource {
  type: ConfigResourceType;
  name: string | number;
}

export interface DescribeConfigsQuery extends ConfigResource {
  /** Which settings. Default: all. */
  keys?: readonly string[] | undefined;
}

/** What is to be changed of a resource; what is not named stays as it is. */
export interface ConfigChanges extends ConfigResource {
  set?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** What is to have its default again. */
  delete?: readonly string[] | undefined;
  /** Of settings that are lists: what is to be added to them. */
  append?: Readonly<Record<string, string | readonly string[]>> | undefined;
  /** Of settings that are lists: what is to be taken out of them. */
  subtract?: Readonly<Record<string, string | readonly string[]>> | undefined;
}

/** The settings of one resource, as describeConfigs() gives them. */
export interface ConfigDescription {
  type: ConfigResourceType;
  name: string;
  /** In the order of their names. */
  entries: ConfigEntry[];
}

/** One setting of a resource. */
export interface ConfigEntry extends ConfigSynonym {
  /** It cannot be changed while the broker runs. */
  readOnly: boolean;
  /** Kafka tells nobody its value, which is null here. */
  sensitive: boolean;
  /** Every place where it is set, the one in force first. */
  synonyms: ConfigSynonym[];
}

/** A place that a setting comes from: the topic, the broker, a default. */
export interface ConfigSynonym {
  name: string;
  value: string | null;
  /**
   * Where it is set: for this `topic`, `broker` or `group` alone, for `all-brokers` while they ran, in the file of a broker
   * (`static`), or nowhere (`default`).
   */
  source: keyof typeof configSources;
}

const resourceKind: Kind<Resource, NativeConfigs> = {
  askedKey: ({ native }) => `${native.type}:${native.name}`,
  answerKey: ({ type, name }) => `${type}:${name}`,
  name: ({ type, name }) => `${type} ${name}`,
  which: ({ type, name }) => {
    if (type === 'broker') return undefined;
    return type === 'topic' ? { topic: name, partition: -1 } : { group: name };
  },
};

const synonymOf = ({ name, value, source }: NativeConfigEntry): ConfigSynonym => ({
  name,
  value,
  source: wordOf(configSources, source, 'unknown'),
});

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

/** Each broker is asked itself, for one request cannot name two; any broker is asked about all the others. */
function requestsFor<R extends Resource>(resources: readonly R[]): R[][] {
  const others = resources.filter(({ type }) => type !== 'broker');
  const brokers = resources.filter(({ type }) => type === 'broker').map((broker) => [broker]);
  return others.length > 0 ? [others, ...brokers] : brokers;
}

/** Asks for all at once, and puts the outcomes in the order asked. */
async function askEach<R extends Resource, T>(
  request: Request,
  wait: WaitOptions,
  resources: readonly R[],
  send: (some: readonly R[]) => Parameters<Request['ask']>[1],
  result: (answer: NativeConfigs, asked: R) => T,
): Promise<T[]> {
  const outcomes = new Map<R, Outcome<T>>();
  const asking = requestsFor(resources).map(async (some) => {
    const reply = await orError(request.ask(wait, send(some)));
    const answers = reply instanceof KafkaError ? reply : (reply.items as NativeConfigs[]);
    const told = inOrder(request.operation, resourceKind as Kind<R, NativeConfigs>, some, answers, result);
    some.forEach((resource, i) => outcomes.set(resource, told[i]!));
  });
  await Promise.all(asking);
  return resultsOf(
    request.operation,
    resources.map((resource) => outcomes.get(resource)!),
  );
}

export async function describeConfigs(
  request: Request,
  resources: unknown,
  options: unknown,
): Promise<ConfigDescription[]> {
  const asked = describedResources(resources);
  const { wait } = adminOptions(options);
  return askEach(
    request,
    wait,
    asked,
    (some) => {
      const named = some.map(({ native, keys }) => ({ ...native, keys }));
      return (handle, id, timeoutMs) => handle.describeConfigs(id, timeoutMs, named);
    },
    ({ entries }, { type, name }) => ({
      type,
      name,
      entries: entries
        .map((entry) => ({
          ...synonymOf(entry),
          readOnly: entry.readOnly,
          sensitive: entry.sensitive,
          synonyms: entry.synonyms.map(synonymOf),
        }))
        .sort(byName),
    }),
  );
}

export async function alterConfigs(request: Request, changes: unknown, options: unknown): Promise<void> {
  const wanted = changedResources(changes);
  const { on: validateOnly, wait } = flagOption(options, 'validateOnly');
  await askEach(
    request,
    wait,
    wanted,
    (some) => {
      const named = some.map(({ native, changes: list }) => ({ ...native, changes: list }));
      return (handle, id, timeoutMs) => handle.alterConfigs(id, timeoutMs, named, validateOnly);
    },
    () => undefined,
  );
}
