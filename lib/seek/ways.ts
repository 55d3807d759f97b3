// How the entries of a seek get from what they name to an absolute offset: most of them by a look-up alone, the relative ones
// by a look-up of the log's ends and the position that is in force when they take effect.

import type { Partition } from '../assignment/partition.js';
import type { KafkaError } from '../errors.js';
import type { LookupLimits } from '../lookups/lookups.js';
import { type Found, type SeekTarget as PlaceTarget, type Targets, within } from '../lookups/targets.js';
import type { SeekTarget } from './ledger.js';

/** Tells where to go from a position, which is null where the partition has none yet. */
export interface Way {
  from(position: number | null): { readonly offset: number; readonly atBeginning: boolean };
}

/** Where partitions start that have no position yet. One answer for each, in their order. */
export type StartsOf = (
  operation: string,
  partitions: readonly Partition[],
  limits: LookupLimits,
) => Promise<readonly Found[]>;

interface Asked<Target> {
  readonly p: Partition;
  readonly target: Target;
}

type Relative = Extract<SeekTarget, { kind: 'relative' }>;

/** One answer for each, in their order. Rejects only by the signal and at the end of the client. */
export async function findWays(
  operation: string,
  asked: readonly Asked<SeekTarget>[],
  targets: Targets,
  startsOf: StartsOf,
  limits: LookupLimits,
): Promise<(Way | { readonly error: KafkaError })[]> {
  const relative = asked.filter((one): one is Asked<Relative> => one.target.kind === 'relative');
  const others = asked.filter((one): one is Asked<PlaceTarget> => one.target.kind !== 'relative');
  const [relativeWays, otherWays] = await Promise.all([
    relativeTo(operation, relative, targets, startsOf, limits),
    toPlaces(operation, others, targets, limits),
  ]);
  return asked.map(({ target }) => (target.kind === 'relative' ? relativeWays.shift()! : otherWays.shift()!));
}

async function toPlaces(
  operation: string,
  asked: readonly Asked<PlaceTarget>[],
  targets: Targets,
  limits: LookupLimits,
): Promise<(Way | { readonly error: KafkaError })[]> {
  const found = await targets.find(
    operation,
    asked.map(({ p, target }) => ({ ...p.row(), target })),
    limits,
  );
  return found.map((answer, i) => {
    if (answer.committed !== undefined) asked[i]!.p.knowCommitted(answer.committed);
    if ('error' in answer) return answer;
    const { offset, atBeginning = false } = answer;
    return { from: () => ({ offset, atBeginning }) };
  });
}

async function relativeTo(
  operation: string,
  asked: readonly Asked<Relative>[],
  targets: Targets,
  startsOf: StartsOf,
  limits: LookupLimits,
): Promise<(Way | { readonly error: KafkaError })[]> {
  if (asked.length === 0) return [];
  const partitions = asked.map(({ p }) => p);
  const nowhere = partitions.filter((p) => p.position === null);
  const [bounds, found] = await Promise.all([
    targets.bounds(operation, partitions, limits),
    startsOf(operation, nowhere, limits),
  ]);
  const starts = new Map(nowhere.map((p, i) => [p, found[i]!]));
  return asked.map(({ p, target: { delta } }, i) => {
    const log = bounds[i]!;
    const start = starts.get(p);
    if ('error' in log) return log;
    if (start && 'error' in start) return start;
    // A partition that had a position has one until it is taken away. Then nobody goes this way any more.
    return { from: (position) => within((position ?? start?.offset ?? log.end) + delta, log) };
  });
}
