// From what a seek or a start names (a place in the log, a time, the committed offset) to the absolute offset that it
// means now.

import type { TopicPartition } from '../arguments/options.js';
import type { ConsumerSettings } from '../config/config.js';
import { type KafkaError, noGroup, noOffset } from '../errors.js';
import type { Looked, LookupLimits, Lookups } from './lookups.js';

export type SeekTarget =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'beginning' | 'end' | 'committed' }
  | { readonly kind: 'timestamp'; readonly timestamp: number }
  /** So many offsets before the end, or at the beginning. */
  | { readonly kind: 'last'; readonly count: number };

export type Targeted = TopicPartition & { readonly target: SeekTarget };

/**
 * Where a target is, or why that is not known; what the group has committed (-1: nothing), where that was asked; whether it
 * is the beginning of the log that is meant, wherever that is.
 */
export type Found = Looked & { readonly committed?: number; readonly atBeginning?: boolean };

/** Where a log begins and ends, or why that is not known. */
export type Bounds = { readonly beginning: number; readonly end: number } | { readonly error: KafkaError };

export class Targets {
  readonly #lookups: Lookups;
  readonly #settings: ConsumerSettings;

  constructor(lookups: Lookups, settings: ConsumerSettings) {
    this.#lookups = lookups;
    this.#settings = settings;
  }

  /** One answer for each, in their order. Rejects only by the signal and at the end of the client. */
  async find(operation: string, places: readonly Targeted[], limits: LookupLimits): Promise<Found[]> {
    const found: Found[] = [];
    const ofKind = async (
      kind: SeekTarget['kind'],
      find: (places: readonly Targeted[]) => Promise<Found[]> | Found[],
    ): Promise<void> => {
      const indexes = places.flatMap(({ target }, i) => (target.kind === kind ? [i] : []));
      if (indexes.length === 0) return;
      const answers = await find(indexes.map((i) => places[i]!));
      indexes.forEach((index, i) => (found[index] = answers[i]!));
    };
    await Promise.all([
      ofKind('offset', (some) => some.map(({ target }) => ({ offset: (target as { offset: number }).offset }))),
      ofKind('beginning', (some) => this.#beginnings(operation, some, limits)),
      ofKind('end', (some) => this.#list(operation, some, () => 'latest', limits)),
      ofKind('timestamp', (some) => this.#atTimes(operation, some, limits)),
      ofKind('committed', (some) => this.#committed(operation, some, limits)),
      ofKind('last', (some) => this.#last(operation, some, limits)),
    ]);
    return found;
  }

  /**
   * Where each log begins and ends. One answer for each, in their order.
   *
   * @param whole whether the end is that of the log, beyond transactions that are open; else `isolation.level` is respected
   */
  async bounds(
    operation: string,
    places: readonly TopicPartition[],
    limits: LookupLimits,
    whole = false,
  ): Promise<Bounds[]> {
    const [beginnings, ends] = await Promise.all([
      this.#list(operation, places, () => 'earliest', limits),
      this.#list(operation, places, () => 'latest', limits, whole),
    ]);
    return places.map((_, i) => {
      const beginning = beginnings[i]!;
      const end = ends[i]!;
      if ('error' in beginning) return beginning;
      return 'error' in end ? end : { beginning: beginning.offset, end: end.offset };
    });
  }

  /** What the group has committed: -1 where nothing is. */
  committed(operation: string, partitions: readonly TopicPartition[], limits: LookupLimits): Promise<Looked[]> {
    const { groupId } = this.#settings;
    if (groupId === undefined) throw noGroup(operation);
    return this.#lookups.committed(operation, groupId, partitions, limits);
  }

  async #beginnings(operation: string, places: readonly Targeted[], limits: LookupLimits): Promise<Found[]> {
    const answers = await this.#list(operation, places, () => 'earliest', limits);
    return answers.map((answer) => ({ ...answer, atBeginning: true }));
  }

  async #last(operation: string, places: readonly Targeted[], limits: LookupLimits): Promise<Found[]> {
    const bounds = await this.bounds(operation, places, limits);
    return bounds.map((answer, i) => {
      const { count } = places[i]!.target as { count: number };
      return 'error' in answer ? answer : within(answer.end - count, answer);
    });
  }

  /** The first message at or after a time; the end where there is none. */
  async #atTimes(operation: string, places: readonly Targeted[], limits: LookupLimits): Promise<Looked[]> {
    const times = (some: readonly Targeted[]) =>
      this.#list(operation, some, ({ target }) => (target as { timestamp: number }).timestamp, limits);
    return fill(await times(places), places, async (rest) => {
      const ends = await this.#list(operation, rest, () => 'latest', limits);
      // A message that has come between the two questions may be the one that is looked for.
      const again = await times(rest);
      return again.map((answer, i) => ('offset' in answer && answer.offset < 0 ? ends[i]! : answer));
    });
  }

  /** The committed offset; where there is none, where `auto.offset.reset` says. */
  async #committed(operation: string, places: readonly Targeted[], limits: LookupLimits): Promise<Found[]> {
    const { groupId, autoOffsetReset } = this.#settings;
    if (groupId === undefined) return places.map(() => ({ error: noGroup(operation) }));
    const answers = await this.#lookups.committed(operation, groupId, places, limits);
    const filled = await fill(answers, places, async (rest) =>
      autoOffsetReset === 'error'
        ? rest.map(() => ({ error: noOffset(operation) }))
        : await this.#list(operation, rest, () => autoOffsetReset, limits),
    );
    return filled.map((answer, i) => {
      const asked = answers[i]!;
      return 'offset' in asked ? { ...answer, committed: asked.offset } : answer;
    });
  }

  #list<T extends TopicPartition>(
    operation: string,
    places: readonly T[],
    spec: (place: T) => 'earliest' | 'latest' | number,
    limits: LookupLimits,
    whole = false,
  ): Promise<Looked[]> {
    const asked = places.map((place) => ({ topic: place.topic, partition: place.partition, spec: spec(place) }));
    return this.#lookups.listOffsets(operation, asked, limits, whole ? false : undefined);
  }
}

/** An offset, or the end of the log that it lies beyond. */
export function within(
  offset: number,
  { beginning, end }: { readonly beginning: number; readonly end: number },
): { offset: number; atBeginning: boolean } {
  return { offset: Math.max(beginning, Math.min(offset, end)), atBeginning: offset <= beginning };
}

/** Where there is no offset (-1), asks on. */
async function fill(
  answers: readonly Looked[],
  places: readonly Targeted[],
  ask: (rest: readonly Targeted[]) => Promise<Looked[]>,
): Promise<Looked[]> {
  const missing = answers.flatMap((answer, i) => ('offset' in answer && answer.offset < 0 ? [i] : []));
  if (missing.length === 0) return [...answers];
  const more = await ask(missing.map((i) => places[i]!));
  const filled = [...answers];
  missing.forEach((index, i) => (filled[index] = more[i]!));
  return filled;
}
