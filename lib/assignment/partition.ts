// What the consumer knows of one partition, as a state machine that owns its fields: others ask, and call the
// transitions that are named here.

import type { TopicPartition, TopicPartitionOffset } from '../arguments/options.js';
import { type PartitionKey, keyOf } from '../arguments/partitions.js';

/**
 * - `free`: not assigned to this consumer.
 * - `starting`: assigned, and where it starts is being found out. librdkafka does not know it yet.
 * - `active`: librdkafka fetches it (unless paused).
 * - `parked`: librdkafka holds it paused, because no start could be found out (yet).
 * - `leaving`: being taken away; it delivers nothing any more, and a commit of it still works.
 */
export type Phase = 'free' | 'starting' | 'active' | 'parked' | 'leaving';

/** Names one repositioning: of several that are under way, only the answer to the last one counts. */
export type RepositionToken = object & { readonly __brand?: 'RepositionToken' };

/** What became of a repositioning: `superseded` by a newer one, or the partition was `lost` before. */
export type Repositioned = 'done' | 'superseded' | 'lost';

/** What was handed out and is not processed yet: a batch, or what `process()` works at. */
export interface InHand {
  /** The offset of the first message of the partition that is to come again if it goes now; null: none is. */
  unreadOf(source: Partition): number | null;
  /** The offset of the first message that was taken, and that the application has not been given yet; null: there is none. */
  heldOf?(source: Partition): number | null;
  /** The partition was moved (another `lineage`), paused, resumed, or is admitted again. It must not run a user's code. */
  changed?(source: Partition): void;
}

export class Partition implements TopicPartition {
  readonly key: PartitionKey;
  #phase: Phase = 'free';
  #position: number | null = null;
  #processed: number | null = null;
  #committed: number | null = null;
  #paused = false;
  /** Its reader wants no more of it for now: what was handed out of it waits to be processed, or the read has reached its end here. */
  #heldBack = false;
  #fetchEra = 0;
  #lineage = 0;
  #stint = 0;
  /** Of the last repositioning that was begun while the partition is held. */
  #token: RepositionToken | null = null;
  /** That repositioning is under way in native code: what arrives is from before it. */
  #repositioning = false;
  /** A seek for it was asked and has not ended: nothing is delivered. */
  #withheld = false;
  #missed = false;
  /** librdkafka was told to pause it because it had no start, and was not told otherwise since, whatever phase has followed. */
  #parked = false;
  #arrivals = 0;
  #inHand: InHand | null = null;
  #atBeginning = false;
  /** The last stretch of the log that was passed without a message. */
  #gap: { readonly from: number; readonly to: number } | null = null;

  constructor(
    readonly id: number,
    readonly topic: string,
    readonly partition: number,
    /** Called when it has gone elsewhere, by other means than a message. */
    private readonly onMoved: () => void = () => undefined,
  ) {
    this.key = keyOf(topic, partition);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get held(): boolean {
    return this.#phase !== 'free';
  }

  /** The next offset to deliver; null until it is known. What librdkafka fetches ahead is beyond it. */
  get position(): number | null {
    return this.#position;
  }

  /** What the application is given next. It differs from `position` where `process()` has taken messages that wait for a handler. */
  get next(): number | null {
    return this.#inHand?.heldOf?.(this) ?? this.#position;
  }

  /** Behind the last message that was processed since the last seek: what auto-commit commits. Null: nothing. */
  get processed(): number | null {
    return this.#processed;
  }

  /** What is committed, as far as this consumer knows: -1 nothing, null not asked yet. */
  get committed(): number | null {
    return this.#committed;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get heldBack(): boolean {
    return this.#heldBack;
  }

  /** Whether librdkafka has to pause it, for whatever reason. */
  get still(): boolean {
    return this.#paused || this.#heldBack;
  }

  /** Whether librdkafka has paused it, or was told to: its pause outlives an assignment. */
  get pausedNatively(): boolean {
    return this.still || this.#parked;
  }

  /** What is buffered is good while this stays as it was when the run of messages arrived. */
  get fetchEra(): number {
    return this.#fetchEra;
  }

  /** What was handed out counts (may be delivered on, and is processed) while this stays as it was then. */
  get lineage(): number {
    return this.#lineage;
  }

  /** Another number as soon as others may have held the partition: who has a message of an earlier stint commits too late. */
  get stint(): number {
    return this.#stint;
  }

  /** Whether what arrives from librdkafka may be delivered. */
  get delivers(): boolean {
    return this.#phase === 'active' && !this.#repositioning && !this.#withheld && !this.still;
  }

  get withheld(): boolean {
    return this.#withheld;
  }

  /** Something has arrived and was dropped since the partition was last sent somewhere. */
  get missed(): boolean {
    return this.#missed;
  }

  /** Another number whenever something has arrived that may be delivered. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Positioned by seekToBeginning and not fetched since: if that offset is gone, the next earliest is meant. */
  get atBeginning(): boolean {
    return this.#atBeginning;
  }

  /** The next offset that the application has not got to see, where a loop over a batch is half-way. */
  get unread(): number | null {
    return this.#inHand?.unreadOf(this) ?? this.#position;
  }

  row(): TopicPartition {
    return { topic: this.topic, partition: this.partition };
  }

  at(offset: number): TopicPartitionOffset {
    return { topic: this.topic, partition: this.partition, offset };
  }

  // Assigned, handed to librdkafka, and taken away.

  /** `starting`: assigned to this consumer, or by hand once more. */
  hold(): void {
    if (this.#phase === 'free') this.#committed = null;
    this.#phase = 'starting';
    this.#fetchEra++;
  }

  /** From `starting`: librdkafka is told of it. `active`, or `parked` where there is no position. */
  handOver(): RepositionToken {
    this.#parked = this.#position === null;
    this.#phase = this.#parked ? 'parked' : 'active';
    return this.begin();
  }

  /** From `parked`: a position was found. */
  unpark(): void {
    this.#parked = false;
    this.#phase = 'active';
  }

  /** At once when a revocation comes: it delivers nothing any more. */
  leaving(): void {
    this.#phase = 'leaving';
  }

  /** Others may hold it, or have held it. */
  endStint(): void {
    this.#stint++;
  }

  /** `free`: it is not this consumer's any more, and nothing that was known of it is so. */
  leave(): void {
    this.place(null);
    this.#phase = 'free';
    this.#paused = false;
    this.#heldBack = false;
    this.#parked = false;
    this.#token = null;
    this.#repositioning = false;
    this.#withheld = false;
    this.#missed = false;
    this.#inHand = null;
  }

  // Repositioned.

  /** A repositioning begins in native code. What arrives until settle() is dropped. */
  begin(): RepositionToken {
    this.#fetchEra++;
    this.#repositioning = true;
    return (this.#token = {});
  }

  isCurrent(token: RepositionToken): boolean {
    return this.#token === token;
  }

  /** The repositioning has ended. @param to where the position is moved by it; left out: it stays where it was */
  settle(token: RepositionToken, to?: { readonly offset: number; readonly atBeginning?: boolean }): Repositioned {
    if (!this.held) return 'lost';
    if (this.#token !== token) return 'superseded';
    this.#repositioning = false;
    this.#missed = false; // what was dropped until now was from before
    if (to) this.place(to.offset, to.atBeginning);
    return 'done';
  }

  /** Whether a repositioning is under way. */
  get repositioning(): boolean {
    return this.#repositioning;
  }

  /** The position is `offset` now, by other means than delivery: what was delivered before is no longer committed. */
  place(offset: number | null, atBeginning = false): void {
    this.#fetchEra++;
    this.#lineage++;
    this.#position = offset;
    this.#processed = null;
    this.#gap = null;
    this.#atBeginning = atBeginning;
    this.#inHand?.changed?.(this);
    this.onMoved();
  }

  /** What was handed out from `offset` on is not processed, and comes again; what was processed before it stays so. */
  rewind(offset: number): void {
    const processed = this.#processed;
    this.place(offset);
    this.#processed = processed;
  }

  // Kept from delivery, and let again.

  /** A seek was asked: from now on nothing is delivered. What is buffered is dropped, as what arrives. */
  withhold(): void {
    this.#withheld = true;
    this.#missed = true;
    this.#fetchEra++;
  }

  /** No seek is asked for any more. */
  admit(): void {
    this.#withheld = false;
    this.#inHand?.changed?.(this);
    this.onMoved();
  }

  /** What is buffered is not delivered any more: paused, or resumed. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#fetchEra++;
    this.#inHand?.changed?.(this);
    this.onMoved();
  }

  /** What arrives is not delivered any more, for a time and not by the user. @param buffered what is buffered stays `good`, or not */
  holdBack(buffered: 'good' | 'dropped'): void {
    this.#heldBack = true;
    if (buffered === 'dropped') this.#fetchEra++;
  }

  /** What arrives is delivered again. */
  letGo(): void {
    this.#heldBack = false;
  }

  // Delivered, processed, committed.

  /** Something has arrived that may not be delivered. */
  miss(): void {
    this.#missed = true;
  }

  /** Something has arrived that may be delivered. */
  arrived(): void {
    this.#arrivals++;
    this.#atBeginning = false;
  }

  /** A message was handed out, `next` is the offset behind it. */
  handedOut(next: number): void {
    this.#position = next;
  }

  /**
   * All that may be read before `offset` was handed out: what else lies there is no message, or of an aborted transaction.
   * @param inHand whether something of it was handed out and is not processed yet
   */
  passTo(offset: number, inHand: boolean): void {
    const from = this.#position;
    if (from === null || offset <= from) return;
    this.#gap = { from: this.#gap?.to === from ? this.#gap.from : from, to: offset };
    this.#position = offset;
    if (!inHand) this.#processed = offset;
    this.onMoved();
  }

  /** Where to go on for who is done with everything before `offset`: behind what is never delivered. */
  behind(offset: number): number {
    return this.#gap?.from === offset ? this.#gap.to : offset;
  }

  handedOutIn(inHand: InHand): void {
    this.#inHand = inHand;
  }

  /** What was handed out until `next` is processed. @param lineage of what was handed out */
  markProcessed(next: number | null, lineage: number): void {
    if (lineage === this.#lineage) this.#processed = next;
  }

  doneWith(inHand: InHand): void {
    if (this.#inHand === inHand) this.#inHand = null;
  }

  /** This is committed: it was asked, or committed by this very consumer. */
  knowCommitted(offset: number): void {
    this.#committed = offset;
  }
}
