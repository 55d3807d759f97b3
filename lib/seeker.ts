// Carries out what the ledger says: looks offsets up, sends partitions there, and ends the requests. The rules (who
// waits, who wins) are the ledger's; how a partition gets somewhere is the assignment's.

import type { Assignment, ConsumerLink } from './assignment.js';
import type { ConsumerSettings } from './config.js';
import { deferred } from './deferred.js';
import { KafkaError, destroyed, errno, localError, partitionsError } from './errors.js';
import type { Looked, Lookups } from './lookups.js';
import type { SeekOptions, TopicPartitionOffset } from './options.js';
import type { Partition, PartitionKey, Partitions } from './partition.js';
import {
  type SeekEntry,
  SeekLedger,
  type SeekOutcome,
  type SeekRequest,
  type SeekTarget,
  type SeekWish,
} from './seek-ledger.js';

type Entry = SeekEntry<KafkaError>;

/** A revocation does not wait longer than this to learn what is committed. */
const LEARN_MS = 2_000;

interface Running {
  readonly operation: string;
  /** Ends look-ups when the request is withdrawn. */
  readonly end: AbortController;
  /** performance.now() at which the request times out; null: look-ups have their own limit. */
  readonly until: number | null;
  /** Where it has taken effect. They deliver when it has everywhere, or else something would come before it resolves. */
  readonly placed: Set<Partition>;
  readonly reject: (reason: unknown) => void;
}

export class Seeker {
  readonly #link: ConsumerLink;
  readonly #partitions: Partitions;
  readonly #assignment: Assignment;
  readonly #lookups: Lookups;
  readonly #settings: ConsumerSettings;
  readonly #ledger = new SeekLedger<KafkaError>();
  readonly #running = new Map<SeekRequest<KafkaError>, Running>();
  /** Entries that are being looked up or placed, each with its run: where it is in charge again, it needs no second. */
  readonly #underWay = new Map<Entry, readonly Entry[]>();
  #changed = deferred<void>();
  /** Whether it is known which partitions are held: no rebalance in progress, or its assignment has come. */
  known = false;

  constructor(
    link: ConsumerLink,
    partitions: Partitions,
    assignment: Assignment,
    lookups: Lookups,
    settings: ConsumerSettings,
  ) {
    this.#link = link;
    this.#partitions = partitions;
    this.#assignment = assignment;
    this.#lookups = lookups;
    this.#settings = settings;
  }

  /** `onWait` is called where the request has to wait for an assignment. */
  async seek(
    operation: string,
    wish: SeekWish,
    { timeoutMs, signal }: SeekOptions,
    onWait?: () => void,
  ): Promise<TopicPartitionOffset[]> {
    signal?.throwIfAborted();
    if (!wish.whole && wish.targets.size === 0) return []; // nothing asked for, nothing to wait for
    const { promise, resolve, reject } = deferred<TopicPartitionOffset[]>();
    const placed = new Set<Partition>();
    const request = this.#ledger.request(wish, (outcome) => {
      this.#running.delete(request);
      this.#settle(operation, outcome, resolve, reject);
      this.#reopen(placed);
    });
    const until = timeoutMs === undefined ? null : performance.now() + timeoutMs;
    this.#running.set(request, { operation, end: new AbortController(), until, placed, reject });

    const onAbort = () => this.#withdraw(request, signal!.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer =
      timeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            const text = `${operation}: timed out after ${timeoutMs} ms; the seek is withdrawn`;
            this.#withdraw(request, localError(operation, errno.timedOut, text));
          }, timeoutMs);
    this.#link.hold();
    try {
      if (this.known) this.bind();
      else for (const p of this.#partitions.held) if (this.#isSought(p)) this.#close(p);
      if (!request.settled && !this.#isBound(request)) onWait?.();
      return await promise;
    } finally {
      this.#link.release();
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** The partitions held are known: what waits for them starts. */
  bind(): void {
    const held = this.#partitions.held.map(({ key }) => key);
    this.#start(this.#ledger.bind(held, (key) => this.#lacking(key)));
  }

  /** Partitions go: what was asked for them and has not taken effect waits for the next assignment. */
  release(partitions: readonly Partition[]): void {
    this.#ledger.release(partitions.map(({ key }) => key));
    for (const { placed } of this.#running.values()) for (const p of partitions) placed.delete(p);
    for (const p of partitions) p.sought = false;
    this.#progress();
  }

  /** Resolves when no seek is on its way for any of these partitions. */
  async quiet(partitions: readonly Partition[]): Promise<void> {
    while (partitions.some((p) => this.#ledger.inCharge(p.key))) await this.#changed.promise;
  }

  isQuiet(p: Partition): boolean {
    return this.#ledger.inCharge(p.key) === undefined;
  }

  /** Every seek that has not taken effect rejects. */
  end(error: (operation: string) => unknown): void {
    for (const request of this.#ledger.unsettled) {
      const operation = this.#running.get(request)?.operation ?? 'seek';
      this.#withdraw(request, error(operation));
    }
  }

  /** The offsets that targets mean now. Never rejects but for the signal and the end of the client. */
  async resolve(
    operation: string,
    entries: readonly { readonly p: Partition; readonly target: SeekTarget }[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Looked[]> {
    const options = { timeoutMs, signal };
    const looked: Looked[] = [];
    const ask = async (
      kind: SeekTarget['kind'],
      answer: (of: readonly { p: Partition; target: SeekTarget }[]) => Promise<Looked[]>,
    ): Promise<void> => {
      const indexes = entries.flatMap(({ target }, i) => (target.kind === kind ? [i] : []));
      if (indexes.length === 0) return;
      const answers = await answer(indexes.map((i) => entries[i]!));
      indexes.forEach((index, i) => (looked[index] = answers[i]!));
    };
    const list = (of: readonly { p: Partition }[], spec: 'earliest' | 'latest') =>
      this.#lookups.listOffsets(
        operation,
        of.map(({ p }) => ({ topic: p.topic, partition: p.partition, spec })),
        options,
      );
    await Promise.all([
      ask('offset', (of) =>
        Promise.resolve(of.map(({ target }) => ({ offset: (target as { offset: number }).offset }))),
      ),
      ask('beginning', (of) => list(of, 'earliest')),
      ask('end', (of) => list(of, 'latest')),
      ask('timestamp', async (of) => {
        const times = (some: readonly { p: Partition; target: SeekTarget }[]) =>
          this.#lookups.listOffsets(
            operation,
            some.map(({ p, target }) => ({
              topic: p.topic,
              partition: p.partition,
              spec: (target as { timestamp: number }).timestamp,
            })),
            options,
          );
        const answers = await times(of);
        return fill(answers, of, async (rest) => {
          const ends = await list(rest, 'latest');
          // What has come between the two questions may be it.
          const again = await times(rest);
          return again.map((answer, i) => ('offset' in answer && answer.offset < 0 ? ends[i]! : answer));
        });
      }),
      ask('committed', async (of) => {
        const { groupId, autoOffsetReset } = this.#settings;
        if (groupId === undefined) return of.map(() => ({ error: noGroup(operation) }));
        const answers = await this.#lookups.committed(
          operation,
          groupId,
          of.map(({ p }) => p),
          options,
        );
        answers.forEach((answer, i) => {
          if ('offset' in answer) of[i]!.p.committed = answer.offset;
        });
        return fill(answers, of, (rest) =>
          autoOffsetReset === 'error'
            ? Promise.resolve(rest.map(() => ({ error: noOffset(operation) })))
            : list(rest, autoOffsetReset),
        );
      }),
    ]);
    return looked;
  }

  /** Asks what is committed for those of which it is not known. An error leaves it unknown. */
  async learnCommitted(partitions: readonly Partition[]): Promise<void> {
    const { groupId } = this.#settings;
    const unknown = partitions.filter((p) => p.committed === null && p.position !== null);
    if (groupId === undefined || unknown.length === 0) return;
    const answers = await this.#lookups.committed('start', groupId, unknown, { timeoutMs: LEARN_MS });
    answers.forEach((answer, i) => {
      if ('offset' in answer) unknown[i]!.committed = answer.offset;
    });
  }

  #start(keys: readonly PartitionKey[]): void {
    const byRequest = new Map<SeekRequest<KafkaError>, Entry[]>();
    for (const key of keys) {
      const entry = this.#ledger.inCharge(key);
      if (!entry) continue;
      this.#close(this.#partitions.byKey(key));
      if (this.#underWay.has(entry)) continue; // two runs would supersede each other's moves for ever
      const run = byRequest.get(entry.request) ?? [];
      run.push(entry);
      byRequest.set(entry.request, run);
      this.#underWay.set(entry, run);
    }
    for (const [request, entries] of byRequest) void this.#run(request, entries);
  }

  async #run(request: SeekRequest<KafkaError>, entries: readonly Entry[]): Promise<void> {
    const running = this.#running.get(request)!;
    const timeoutMs =
      running.until === null ? this.#settings.socketTimeoutMs : Math.max(1, running.until - performance.now());
    const asked = entries.map(({ key, target }) => ({ p: this.#partitions.byKey(key), target }));
    try {
      const looked = await this.resolve(running.operation, asked, timeoutMs, running.end.signal);
      const found: { entry: Entry; offset: number }[] = [];
      looked.forEach((answer, i) => {
        if ('error' in answer) this.#fail(entries[i]!, answer.error);
        else found.push({ entry: entries[i]!, offset: answer.offset });
      });
      await this.#place(found);
    } catch (error) {
      // Withdrawn meanwhile, or the client has ended: then the entries are not open any more.
      const failure = error instanceof KafkaError ? error : destroyed(running.operation);
      for (const entry of entries) this.#fail(entry, failure);
    } finally {
      for (const entry of entries) if (this.#underWay.get(entry) === entries) this.#underWay.delete(entry);
    }
  }

  /** Partitions that librdkafka does not know yet start at the offset; the others are sent there. */
  async #place(found: readonly { entry: Entry; offset: number }[]): Promise<void> {
    let left = found;
    while (left.length) {
      const moves: { entry: Entry; p: Partition; offset: number }[] = [];
      for (const { entry, offset } of left) {
        if (this.#ledger.inCharge(entry.key) !== entry) {
          this.#underWay.delete(entry); // should it be in charge again, it is started again
          continue;
        }
        const p = this.#partitions.byKey(entry.key);
        if (p.phase === 'starting') {
          p.moveTo(offset);
          this.#applied(entry, p, offset);
        } else {
          moves.push({ entry, p, offset });
        }
      }
      const results = await this.#assignment.move(moves);
      left = moves.filter(({ entry, p, offset }, i) => {
        const result = results[i]!;
        if (result === 'done') this.#applied(entry, p, offset);
        return result === 'superseded'; // by a resume, say: then once more
      });
    }
  }

  #applied(entry: Entry, p: Partition, offset: number): void {
    p.atBeginning = entry.target.kind === 'beginning';
    // Also for those that it overtook: they tell this position too, when they end.
    for (const request of this.#ledger.endingWith(entry)) this.#running.get(request)?.placed.add(p);
    this.#ledger.applied(entry, offset);
    this.#progress();
  }

  #fail(entry: Entry, error: KafkaError): void {
    if (!this.#ledger.isOpen(entry)) return;
    const promoted = this.#ledger.failed(entry, error);
    if (promoted) this.#start([entry.key]);
    else this.#freed(this.#partitions.byKey(entry.key));
  }

  #withdraw(request: SeekRequest<KafkaError>, reason: unknown): void {
    const running = this.#running.get(request);
    if (!running || request.settled) return;
    this.#running.delete(request);
    const freed = this.#ledger.withdraw(request);
    running.end.abort(reason);
    running.reject(reason);
    this.#start(freed);
    for (const p of this.#partitions.held) if (p.sought) this.#freed(p);
    this.#reopen(running.placed);
  }

  /** From the call of a seek on, nothing is delivered of its partitions. */
  #close(p: Partition): void {
    p.sought = true;
    p.invalidate();
  }

  /** A request has ended: where it took effect, delivery begins, unless another one is asked for. */
  #reopen(placed: ReadonlySet<Partition>): void {
    for (const p of placed) {
      p.sought = this.#isSought(p);
      if (p.open && p.missed) this.#refetch(p);
    }
  }

  #isSought(p: Partition): boolean {
    if (this.#ledger.inCharge(p.key) || this.#ledger.isWaitedFor(p.key)) return true;
    for (const { placed } of this.#running.values()) if (placed.has(p)) return true;
    return false;
  }

  /** What came while nothing was to be delivered has been dropped. */
  #refetch(p: Partition): void {
    if (p.phase !== 'active' || p.position === null) return;
    this.#assignment.move([{ p, offset: p.position }], 'keep').catch(() => undefined); // rejects only at the end
  }

  /** No seek is asked for the partition any more: it goes on where it was. */
  #freed(p: Partition): void {
    if (this.#isSought(p)) return;
    p.sought = false;
    this.#progress();
    this.#refetch(p);
  }

  #settle(
    operation: string,
    { positions, failed }: SeekOutcome<KafkaError>,
    resolve: (rows: TopicPartitionOffset[]) => void,
    reject: (error: unknown) => void,
  ): void {
    if (failed.length === 0) {
      resolve(
        positions.map(({ key, offset }) => {
          const p = this.#partitions.byKey(key);
          return p.at(p.position ?? offset); // another seek may have sent it on since
        }),
      );
      return;
    }
    const rows = failed.map(({ key, error }) => ({ ...this.#partitions.byKey(key).row(), error }));
    // The operation is the call's, whatever part of it failed.
    reject(partitionsError(operation, rows));
  }

  #isBound(request: SeekRequest<KafkaError>): boolean {
    return this.#partitions.held.some(({ key }) => this.#ledger.inCharge(key)?.request === request);
  }

  #lacking(key: PartitionKey): KafkaError {
    const { topic, partition } = this.#partitions.byKey(key);
    return localError('seek', errno.state, `${topic}[${partition}] is not assigned to this consumer`);
  }

  #progress(): void {
    this.#changed.resolve();
    this.#changed = deferred<void>();
  }
}

export const noGroup = (operation: string): KafkaError =>
  localError(operation, errno.unknownGroup, `${operation}: this consumer has no group: set 'group.id'`);

export const noOffset = (operation: string): KafkaError =>
  localError(operation, errno.noOffset, `${operation}: nothing is committed, and 'auto.offset.reset' is 'error'`);

/** Where there is no offset (-1), asks on. */
async function fill<T>(
  answers: readonly Looked[],
  of: readonly T[],
  ask: (rest: readonly T[]) => Promise<Looked[]>,
): Promise<Looked[]> {
  const missing = answers.flatMap((answer, i) => ('offset' in answer && answer.offset < 0 ? [i] : []));
  if (missing.length === 0) return [...answers];
  const more = await ask(missing.map((i) => of[i]!));
  const filled = [...answers];
  missing.forEach((index, i) => (filled[index] = more[i]!));
  return filled;
}
