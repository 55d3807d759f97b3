// Carries out what the ledger says: looks offsets up, sends partitions there, and ends the requests. The rules (who
// waits, who wins) are the ledger's; how a partition gets somewhere is the assignment's.

import type { TopicPartitionOffset, SeekOptions } from '../arguments/options.js';
import type { PartitionKey } from '../arguments/partitions.js';
import type { Assignment, Destination } from '../assignment/assignment.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type Deferred, deferred } from '../client/deferred.js';
import { now, queueMicrotask } from '../client/timers.js';
import type { Over } from '../client/waits.js';
import type { ConsumerSettings } from '../config/config.js';
import { KafkaError, destroyed, errno, localError, partitionsError, refusedBy } from '../errors.js';
import type { Targets } from '../lookups/targets.js';
import { type EndedSeek, type SeekEntry, SeekLedger, type SeekRequest, type SeekWish } from './ledger.js';
import { type StartsOf, type Way, findWays } from './ways.js';

interface Running {
  readonly operation: string;
  readonly settled: Deferred<TopicPartitionOffset[]>;
  /** Ends look-ups when the request is withdrawn. */
  readonly withdrawn: AbortController;
  /** The time of now() at which the request times out; null: look-ups have their own limit. */
  readonly until: number | null;
}

interface Found {
  readonly entry: SeekEntry;
  readonly way: Way;
}

export class Seeker {
  readonly #over: Over;
  readonly #partitions: Partitions;
  readonly #assignment: Assignment;
  readonly #targets: Targets;
  readonly #settings: ConsumerSettings;
  readonly #startsOf: StartsOf;
  readonly #ledger = new SeekLedger<KafkaError>();
  readonly #running = new Map<SeekRequest, Running>();
  /** Entries that are being looked up or sent there, each with its run. An entry has one run at a time. */
  readonly #runs = new Map<SeekEntry, readonly SeekEntry[]>();
  /** Partitions of which requests were withdrawn in this turn: what follows is done once for all of them. */
  readonly #freed = new Set<PartitionKey>();
  readonly #admitted = new Set<PartitionKey>();
  #settlesSoon = false;
  #changed = deferred<void>();
  /** Whether it is known which partitions are held: no rebalance is in progress, or its assignment has come. */
  assignmentKnown = false;

  /** @param startsOf where partitions start that have no position yet */
  constructor(
    over: Over,
    partitions: Partitions,
    assignment: Assignment,
    targets: Targets,
    settings: ConsumerSettings,
    startsOf: StartsOf,
  ) {
    this.#over = over;
    this.#partitions = partitions;
    this.#assignment = assignment;
    this.#targets = targets;
    this.#settings = settings;
    this.#startsOf = startsOf;
  }

  /** `onWait` is called where the request has to wait for an assignment. */
  async seek(
    operation: string,
    wish: SeekWish,
    { timeoutMs, signal }: SeekOptions,
    onWait?: () => void,
  ): Promise<TopicPartitionOffset[]> {
    this.#over.check(operation);
    signal?.throwIfAborted();
    if (!wish.whole && wish.targets.size === 0) return []; // nothing asked for, nothing to wait for
    const settled = deferred<TopicPartitionOffset[]>();
    const late = 'timed out, and the seek is withdrawn';
    let asked: SeekRequest | undefined;
    // This comes before the ledger knows of the request: a signal that cannot be listened to throws, and then nothing is asked for.
    const answer = this.#over.race(operation, settled.promise, { timeoutMs, signal, late }, () => {
      if (asked) this.#withdraw(asked);
    });
    const request = (asked = this.#ledger.request(wish));
    const until = timeoutMs === undefined ? null : now() + timeoutMs;
    this.#running.set(request, { operation, settled, withdrawn: new AbortController(), until });
    if (this.assignmentKnown) this.bind();
    else for (const p of this.#partitions.held) if (this.#ledger.holdsBack(p.key)) p.withhold();
    if (this.#ledger.isWaiting(request)) onWait?.();
    return answer;
  }

  /** The partitions held are known: what waits for them starts. */
  bind(): void {
    const held = this.#partitions.held.map(({ key }) => key);
    const { begun, ended } = this.#ledger.bind(held, (key) => this.#lacking(key));
    this.#conclude(ended);
    this.#start(begun);
  }

  /** Partitions go: what was asked for them and has not taken effect waits for the next assignment. */
  unbind(partitions: readonly Partition[]): void {
    this.#ledger.unbind(partitions.map(({ key }) => key));
    for (const p of partitions) p.admit();
    this.#progress();
  }

  /** Resolves when no seek is on its way for any of these partitions. */
  async quiet(partitions: readonly Partition[]): Promise<void> {
    while (partitions.some((p) => this.#ledger.inCharge(p.key))) await this.#changed.promise;
  }

  isQuiet(p: Partition): boolean {
    return this.#ledger.inCharge(p.key) === undefined;
  }

  #start(keys: readonly PartitionKey[]): void {
    const byRequest = new Map<SeekRequest, SeekEntry[]>();
    for (const key of keys) {
      const entry = this.#ledger.inCharge(key);
      if (!entry) continue;
      this.#partitions.byKey(key).withhold();
      if (this.#runs.has(entry)) continue; // two runs would supersede each other's repositionings for ever
      const run = byRequest.get(entry.request) ?? [];
      run.push(entry);
      byRequest.set(entry.request, run);
      this.#runs.set(entry, run);
    }
    for (const [request, entries] of byRequest) void this.#run(request, entries);
  }

  async #run(request: SeekRequest, entries: readonly SeekEntry[]): Promise<void> {
    const { operation, until, withdrawn } = this.#running.get(request)!;
    const timeoutMs = until === null ? this.#settings.socketTimeoutMs : Math.max(1, until - now());
    const asked = entries.map(({ key, target }) => ({ p: this.#partitions.byKey(key), target }));
    const limits = { timeoutMs, signal: withdrawn.signal };
    try {
      const ways = await findWays(operation, asked, this.#targets, this.#startsOf, limits);
      const found: Found[] = [];
      ways.forEach((way, i) => {
        const entry = entries[i]!;
        if ('error' in way) this.#fail(entry, way.error);
        else found.push({ entry, way });
      });
      await this.#carryOut(found);
    } catch (error) {
      // Withdrawn meanwhile, or the client has ended: then the entries are not open any more.
      const failure = error instanceof KafkaError ? error : destroyed(operation);
      for (const entry of entries) this.#fail(entry, failure);
    } finally {
      for (const entry of entries) if (this.#runs.get(entry) === entries) this.#runs.delete(entry);
    }
  }

  /** Partitions that librdkafka does not know yet start at the offset; the others are sent there. */
  async #carryOut(found: readonly Found[]): Promise<void> {
    let left = found;
    while (left.length) {
      const sent: (Found & { to: Destination })[] = [];
      for (const { entry, way } of left) {
        if (this.#ledger.inCharge(entry.key) !== entry) {
          this.#runs.delete(entry); // an entry that is in charge again later is started again then
          continue;
        }
        const p = this.#partitions.byKey(entry.key);
        const { offset, atBeginning } = way.from(p.next);
        if (p.phase === 'starting') {
          p.place(offset, atBeginning);
          this.#applied(entry, offset);
        } else {
          sent.push({ entry, way, to: { p, offset, atBeginning } });
        }
      }
      const results = await this.#assignment.reposition(sent.map(({ to }) => to));
      sent.forEach(({ entry, to }, i) => {
        if (results[i] === 'done') this.#applied(entry, to.offset);
      });
      // What another repositioning has superseded (a resume, say) is sent once more.
      left = sent.filter((_, i) => results[i] === 'superseded');
    }
  }

  #applied(entry: SeekEntry, offset: number): void {
    this.#conclude(this.#ledger.applied(entry, offset));
    this.#progress();
  }

  #fail(entry: SeekEntry, error: KafkaError): void {
    if (!this.#ledger.isOpen(entry)) return;
    const { promoted, ended } = this.#ledger.failed(entry, error);
    this.#conclude(ended);
    if (promoted) this.#start([entry.key]);
    else this.#goOn([this.#partitions.byKey(entry.key)]);
    this.#progress();
  }

  /** Seeks that wait for an assignment reject: none will come. */
  refuse(refusal: KafkaError): void {
    for (const [request, { operation, settled }] of [...this.#running]) {
      if (!this.#ledger.isWaiting(request)) continue;
      settled.reject(refusedBy(operation, refusal));
      this.#withdraw(request);
    }
  }

  /** The call ends without an outcome: by its limit, its signal, or the end of the client. */
  #withdraw(request: SeekRequest): void {
    const running = this.#running.get(request);
    if (!running) return;
    this.#running.delete(request);
    const { freed, admitted } = this.#ledger.withdraw(request);
    running.withdrawn.abort();
    for (const key of freed) this.#freed.add(key);
    for (const key of admitted) this.#admitted.add(key);
    if (this.#settlesSoon) return;
    this.#settlesSoon = true;
    queueMicrotask(() => this.#settleWithdrawn());
  }

  /** One signal may withdraw thousands: the entry before each of them would be begun, only to be withdrawn next. */
  #settleWithdrawn(): void {
    this.#settlesSoon = false;
    const [freed, admitted] = [[...this.#freed], [...this.#admitted]];
    this.#freed.clear();
    this.#admitted.clear();
    this.#start(freed);
    this.#admit(admitted);
    this.#goOn(this.#partitions.held.filter((p) => p.withheld));
    this.#progress();
  }

  #conclude(ended: readonly EndedSeek<KafkaError>[]): void {
    for (const { request, outcome, admitted } of ended) {
      const { operation, settled } = this.#running.get(request)!;
      this.#running.delete(request);
      if (outcome.failed.length) {
        const rows = outcome.failed.map(({ key, error }) => ({ ...this.#partitions.byKey(key).row(), error }));
        settled.reject(partitionsError(operation, rows)); // the operation is the call's, whatever part of it failed
      } else {
        settled.resolve(
          outcome.positions.map(({ key, offset }) => {
            const p = this.#partitions.byKey(key);
            return p.at(p.next ?? offset); // another seek may have sent it on since
          }),
        );
      }
      this.#admit(admitted);
    }
  }

  /** A seek took effect in these partitions: delivery begins, unless another request holds them back. */
  #admit(keys: readonly PartitionKey[]): void {
    for (const key of keys) {
      const p = this.#partitions.byKey(key);
      if (!p.withheld || this.#ledger.holdsBack(key)) continue;
      p.admit();
      if (p.delivers && p.missed) this.#assignment.fetchAgain(p);
    }
  }

  /**
   * No seek is asked for these partitions any more, and none took effect: they go on where they were. Where one is on its
   * way in native code it is superseded by that.
   */
  #goOn(partitions: readonly Partition[]): void {
    for (const p of partitions) {
      if (this.#ledger.holdsBack(p.key)) continue;
      p.admit();
      this.#assignment.fetchAgain(p);
    }
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
