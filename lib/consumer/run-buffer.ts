// What has arrived and was not handed out, and how much more may arrive.
//
// Runs stand in the order in which they arrived. A seek, a pause or a revocation makes the runs of its partition
// worthless by raising the partition's `fetchEra`; they are passed over when their turn comes. Nothing is put aside for
// later: whatever has to come again is fetched again from the partition's position.

import { type BatchViews, INTS_PER_RUN, RunField, viewBatch } from '../../binding/batch-layout.js';
import type { BatchRecord } from '../../binding/native.js';
import type { Partition } from '../assignment/partition.js';
import type { Partitions } from '../assignment/partitions.js';
import { type ArrivedBatch, type Run, isDetached, offsetAt } from './message.js';

/** How many native batches may wait here or on their way: one being read, one behind it, one being packed. */
const CREDITS = 3;

export interface BufferSurroundings {
  /** So many more native batches may come. */
  grant(batches: number): void;
  /** What arrived of the partition is lost, and is to be fetched again. */
  fetchAgain(p: Partition): void;
}

/** How large a batch may be. */
export interface BatchSize {
  readonly maxMessages?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** Where a read ends that does so. */
export interface RunEnds {
  /**
   * The first run with a message that the read may hand out, or null.
   *
   * @param isTaken whether something of the partition was handed out and is not processed yet
   */
  head(isTaken: (source: Partition) => boolean): Run | null;
  /** Where the read ends in the run: the index behind its last message; null where that is not known yet. */
  stopIn(run: Run): number | null;
}

export class RunBuffer {
  readonly #partitions: Partitions;
  readonly #surroundings: BufferSurroundings;
  readonly #runs: Run[] = [];
  #head = 0;
  #granted = false;
  /** How many more native batches may come now. */
  #credits = 0;
  /** The time of Date.now() at which a message last arrived. */
  #arrivedAt: number | null = null;
  /** All that has ever arrived. */
  arrivedMessages = 0;
  arrivedBytes = 0;
  /** Whether more may arrive although nothing is handed out: somebody waits for so much. */
  returnsCredits = false;

  constructor(partitions: Partitions, surroundings: BufferSurroundings) {
    this.#partitions = partitions;
    this.#surroundings = surroundings;
  }

  /** The first batches may come. False: that was said before. */
  open(): boolean {
    if (this.#granted) return false;
    this.#granted = true;
    this.#grant(CREDITS);
    return true;
  }

  /** A batch has arrived. False: nothing of it may be delivered. */
  push(record: BatchRecord): boolean {
    // Not spread: copies of an object may differ in their hidden class, and each message is read by that of its batch.
    const batch: ArrivedBatch = Object.assign(viewBatch(record), { arrived: [] as Run[] });
    const credit = { runs: 0, returned: false };
    const { fields, runsStart, runs } = batch;
    for (let i = 0, at = runsStart; i < runs; i++, at += INTS_PER_RUN) {
      const source = this.#partitions.byId(fields[at + RunField.partitionId]!);
      const to = fields[at + RunField.end]!;
      if (!source?.delivers) {
        source?.miss();
        continue;
      }
      const from = skipBefore(batch, fields[at + RunField.first]!, to, source.position ?? 0);
      if (from === to) continue;
      source.arrived();
      credit.runs++;
      const { fetchEra, lineage, stint } = source;
      const run: Run = {
        batch,
        source,
        fetchEra,
        lineage,
        stint,
        start: from,
        from,
        to,
        logEnd: 0,
        decoded: null,
        credit,
      };
      batch.arrived.push(run);
      this.#runs.push(run);
    }
    this.#credits--;
    this.#arrivedAt = Date.now();
    if (credit.runs === 0) {
      this.#grant(1);
      return false;
    }
    if (this.returnsCredits) this.returnCredit(batch.arrived[0]!);
    this.arrivedMessages += batch.count;
    this.arrivedBytes += batch.byteLength;
    return true;
  }

  /** Messages of these partitions were lost on their way. */
  lost(ids: readonly number[]): void {
    for (const id of ids) {
      const p = this.#partitions.byId(id);
      if (p?.delivers) this.#surroundings.fetchAgain(p);
      else p?.miss();
    }
  }

  /**
   * All that may be read of a partition before `offset` has arrived: its position is there as soon as it is handed out.
   *
   * @returns the partition where nothing of it is buffered, so that it is there now; else null
   */
  logEnd(id: number, offset: number): Partition | null {
    const source = this.#partitions.byId(id);
    if (!source?.delivers) {
      source?.miss();
      return null;
    }
    for (let i = this.#runs.length - 1; i >= this.#head; i--) {
      const run = this.#runs[i]!;
      if (run.source !== source || run.fetchEra !== source.fetchEra || run.from === run.to) continue;
      run.logEnd = offset;
      return null;
    }
    return source;
  }

  /** The first run with a deliverable message, or null where nothing is buffered. */
  head(): Run | null {
    while (this.#head < this.#runs.length) {
      const run = this.#runs[this.#head]!;
      if (run.fetchEra === run.source.fetchEra && run.from < run.to) {
        if (!isDetached(run.batch)) return run;
        this.#surroundings.fetchAgain(run.source); // which makes all runs of that partition worthless
      }
      this.#drop();
    }
    return null;
  }

  /** The runs with deliverable messages, from the head on. */
  *buffered(): Iterable<Run> {
    for (let i = this.#head; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      if (run.fetchEra === run.source.fetchEra && run.from < run.to && !isDetached(run.batch)) yield run;
    }
  }

  /** Drops what is worthless, wherever it stands: while nothing is handed out nobody comes to it. */
  sweep(): void {
    const runs = this.#runs.splice(0).slice(this.#head);
    this.#head = 0;
    for (const run of runs) {
      if (run.fetchEra === run.source.fetchEra && run.from < run.to) this.#runs.push(run);
      else this.#letGoOf(run);
    }
  }

  /** More may arrive although nothing of this run was handed out. */
  returnCredit({ credit }: Run): void {
    if (credit.returned) return;
    credit.returned = true;
    this.#grant(1);
  }

  /** As head(), of the partitions that are wanted; what stands before it stays buffered. */
  headOf(wanted: (source: Partition) => boolean): Run | null {
    const first = this.head();
    if (!first || wanted(first.source)) return first;
    for (let i = this.#head + 1; i < this.#runs.length; i++) {
      const run = this.#runs[i]!;
      if (run.fetchEra !== run.source.fetchEra || run.from === run.to || !wanted(run.source)) continue;
      if (!isDetached(run.batch)) return run;
      this.#surroundings.fetchAgain(run.source);
    }
    return null;
  }

  /** The partitions of which something is buffered, where that is all that may be: nothing else comes before it is taken. */
  get blocking(): Set<Partition> {
    const good = this.#credits > 0 ? [] : this.#runs.slice(this.#head);
    return new Set(good.flatMap(({ source, fetchEra }) => (fetchEra === source.fetchEra ? [source] : [])));
  }

  /** When messages last arrived. */
  get lastMessageAt(): Date | null {
    return this.#arrivedAt === null ? null : new Date(this.#arrivedAt);
  }

  #grant(batches: number): void {
    this.#credits += batches;
    this.#surroundings.grant(batches);
  }

  #drop(): void {
    const run = this.#runs[this.#head]!;
    this.#runs[this.#head++] = undefined as unknown as Run;
    if (this.#head === this.#runs.length) this.#runs.length = this.#head = 0;
    this.#letGoOf(run);
  }

  #letGoOf({ credit }: Run): void {
    if (--credit.runs === 0 && !credit.returned) this.#grant(1);
  }
}

/** librdkafka delivers nothing below the offset that it was told; this holds even where it would. */
function skipBefore(batch: BatchViews, from: number, to: number, position: number): number {
  let i = from;
  while (i < to && offsetAt(batch, i) < position) i++;
  return i;
}
