// Messages that cross into native code together, from the call until the last of them is reported on.

import type { DeliveryReports } from '../../binding/delivery-layout.js';
import { type NativeError, native } from '../../binding/native.js';
import { type Deferred, deferred } from '../client/deferred.js';
import { KafkaError, causedBy, errno, isPurged, partitionName, withoutName } from '../errors.js';
import type { RecordMetadata } from '../arguments/options.js';
import { type PackedMessages, topicIndexes } from '../../binding/produce-layout.js';

/**
 * The error of a message that this side has given up. @param name of its topic or partition; '': it has none @param reason of send(),
 * as the end of the client, or what has happened to the client @param purged how far the message had come
 */
export function givenUp(name: string, reason: KafkaError, purged: KafkaError): KafkaError {
  return causedBy(named(name, reason), reason.operation === 'send' ? purged : reason);
}

function named(name: string, error: NativeError): KafkaError {
  const text = withoutName('send', error.message);
  return new KafkaError('send', { ...error, message: name ? `send: ${name}: ${text}` : `send: ${text}` });
}

export abstract class Sending {
  readonly count: number;
  /** Until librdkafka has taken them all. */
  packed: PackedMessages | null;
  /** How many librdkafka has taken or refused; they are the first ones. */
  taken = 0;
  /** Why it is purged, where this side has it purged: no broker accepts the producer, or it is closed. */
  reason: KafkaError | null = null;
  /** Why a message to the topic was late: what went wrong underneath. */
  readonly #whyLate: (topic: string) => KafkaError | null;
  readonly #topics: readonly string[];
  /** Null: all have the same topic. */
  readonly #topicIndexes: Uint32Array | null;
  #reported = 0;
  #end: Deferred<void> | null = null;

  constructor(packed: PackedMessages, whyLate: (topic: string) => KafkaError | null) {
    this.packed = packed;
    this.#whyLate = whyLate;
    this.count = packed.count;
    this.#topics = packed.topics;
    this.#topicIndexes = packed.topics.length > 1 ? topicIndexes(packed) : null;
  }

  /** Reports [from, to), which are of its messages, have come. */
  delivered(reports: DeliveryReports, from: number, to: number): void {
    this.onDelivered(reports, from, to);
    this.#count(to - from);
  }

  /** librdkafka has not taken this message. */
  refused(index: number, error: KafkaError): void {
    this.onRefused(index, error);
    this.#count(1);
  }

  /** Nothing is reported any more: what was not yet has failed. */
  abandon(error: () => KafkaError): void {
    if (this.ended) return;
    this.onAbandoned(error());
    this.#end?.resolve();
  }

  /** Some were not reported on, and never will be. */
  protected abstract onAbandoned(error: KafkaError): void;
  protected abstract onDelivered(reports: DeliveryReports, from: number, to: number): void;
  protected abstract onRefused(index: number, error: KafkaError): void;
  /**
   * All of them are reported on. Lets go of promises and reports: whoever holds what has ended (a Map's table of before,
   * which V8 chains to those after it) would keep all results, and the garbage collector would move them about.
   */
  protected abstract onEnd(): void;

  get ended(): boolean {
    return this.#reported === this.count;
  }

  /** Resolves when everything is reported on. */
  get end(): Promise<void> {
    this.#end ??= deferred<void>();
    if (this.ended) this.#end.resolve();
    return this.#end.promise;
  }

  protected stored(reports: DeliveryReports, report: number, index: number): RecordMetadata {
    return {
      topic: this.#topicOf(index),
      partition: reports.partition(report),
      offset: Math.max(-1, reports.offset(report)), // with `acks` 0 nobody knows it
      timestamp: reports.timestamp(report),
    };
  }

  /** The error of a message, which names its topic and its partition. @param partition -1: none was chosen */
  failure(index: number, partition: number, error: NativeError): KafkaError {
    if (this.reason && isPurged(error))
      return this.givenUp(index, partition, this.reason, new KafkaError('send', error));
    const failed = named(partitionName(this.#topicOf(index), partition), error);
    return error.errno === errno.msgTimedOut ? causedBy(failed, this.#whyLate(this.#topicOf(index))) : failed;
  }

  /** The error of a message that this side has given up: as of the function. */
  givenUp(index: number, partition: number, reason: KafkaError, purged: KafkaError): KafkaError {
    return givenUp(partitionName(this.#topicOf(index), partition), reason, purged);
  }

  get topics(): readonly string[] {
    return this.#topics;
  }

  protected notStored(reports: DeliveryReports, report: number, index: number): KafkaError {
    return this.failure(index, reports.partition(report), native.errorCode(reports.errorCode(report))!);
  }

  #topicOf(index: number): string {
    return this.#topics[this.#topicIndexes ? this.#topicIndexes[index]! : 0]!;
  }

  #count(reported: number): void {
    this.#reported += reported;
    if (!this.ended) return;
    this.onEnd();
    this.#end?.resolve();
  }
}

/** An array of messages, with one promise for all. */
export class ArraySending extends Sending {
  #done: Deferred<RecordMetadata[]> | null = deferred();
  /**
   * What has come. Results are made when all is there: thousands of small objects would wait for the last of them, and be
   * moved about by the garbage collector meanwhile.
   */
  #parts: { reports: DeliveryReports; from: number; to: number }[] = [];
  /** Those that were not taken. */
  #refused: Map<number, KafkaError> | null = null;

  get promise(): Promise<RecordMetadata[]> {
    return this.#done!.promise;
  }

  protected onDelivered(reports: DeliveryReports, from: number, to: number): void {
    this.#parts.push({ reports, from, to });
  }

  protected onRefused(index: number, error: KafkaError): void {
    (this.#refused ??= new Map()).set(index, error);
  }

  protected override onEnd(): void {
    this.#settle(undefined);
  }

  protected onAbandoned(error: KafkaError): void {
    this.#settle(error);
  }

  /** @param lost the error of those that are neither refused nor reported on */
  #settle(lost: KafkaError | undefined): void {
    const results = new Array<RecordMetadata | KafkaError>(this.count);
    if (lost) results.fill(lost);
    let failed = lost !== undefined || this.#refused !== null;
    for (const { reports, from, to } of this.#parts) {
      for (let report = from; report < to; report++) {
        const index = reports.index(report);
        const isStored = reports.errorCode(report) === 0;
        if (!isStored) failed = true;
        results[index] = isStored ? this.stored(reports, report, index) : this.notStored(reports, report, index);
      }
    }
    this.#refused?.forEach((error, index) => (results[index] = error));
    const { resolve, reject } = this.#done!;
    if (failed) reject(allOf(results));
    else resolve(results as RecordMetadata[]);
    this.#done = null;
    this.#parts = [];
    this.#refused = null;
  }
}

/** One error for an array of messages: the first one's, with the outcome of all. */
function allOf(results: readonly (RecordMetadata | KafkaError)[]): KafkaError {
  const first = results.find((result) => result instanceof KafkaError)!;
  return causedBy(new KafkaError(first.operation, first, undefined, results), first.cause ?? null);
}

/** Who waits for a single message. */
export interface Waiter {
  readonly resolve: (stored: RecordMetadata) => void;
  readonly reject: (error: KafkaError) => void;
}

/** Messages of several calls, each of which has its own outcome as soon as that is known. */
export class SinglesSending extends Sending {
  #waiters: readonly Waiter[];

  constructor(packed: PackedMessages, whyLate: (topic: string) => KafkaError | null, waiters: readonly Waiter[]) {
    super(packed, whyLate);
    this.#waiters = waiters;
  }

  protected onDelivered(reports: DeliveryReports, from: number, to: number): void {
    for (let report = from; report < to; report++) {
      const index = reports.index(report);
      if (reports.errorCode(report) !== 0) this.onRefused(index, this.notStored(reports, report, index));
      else this.#waiters[index]!.resolve(this.stored(reports, report, index));
    }
  }

  protected onRefused(index: number, error: KafkaError): void {
    this.#waiters[index]!.reject(error);
  }

  /** Those that were settled before stay so. */
  protected onAbandoned(error: KafkaError): void {
    for (const { reject } of this.#waiters) reject(error);
    this.onEnd();
  }

  protected override onEnd(): void {
    this.#waiters = [];
  }
}
