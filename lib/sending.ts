// Messages that cross into native code together, from the call until the last of them is reported on.

import type { DeliveryReports } from '../binding/delivery-layout.js';
import { native } from '../binding/native.js';
import { type Deferred, deferred } from './deferred.js';
import { KafkaError } from './errors.js';
import type { TopicPartitionOffset } from './options.js';
import { type PackedMessages, topicIndexes } from './produce-batch.js';

/** Where a message was stored. */
export interface RecordMetadata extends TopicPartitionOffset {
  /** Milliseconds since the Unix epoch; the broker's own where the topic has `message.timestamp.type=LogAppendTime`. */
  timestamp: number;
}

export abstract class Sending {
  readonly count: number;
  /** Until librdkafka has taken them all. */
  packed: PackedMessages | null;
  /** How many librdkafka has taken or refused; they are the first ones. */
  taken = 0;
  readonly #topics: readonly string[];
  /** Null: all have the same topic. */
  readonly #topicIndexes: Uint32Array | null;
  #reported = 0;
  #end: Deferred<void> | null = null;

  constructor(packed: PackedMessages) {
    this.packed = packed;
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
      topic: this.#topics[this.#topicIndexes ? this.#topicIndexes[index]! : 0]!,
      partition: reports.partition(report),
      offset: reports.offset(report),
      timestamp: reports.timestamp(report),
    };
  }

  #count(reported: number): void {
    this.#reported += reported;
    if (!this.ended) return;
    this.onEnd();
    this.#end?.resolve();
  }
}

const failure = (errorCode: number) => new KafkaError('send', native.errorCode(errorCode)!);

/** An array of messages, with one promise for all. */
export class ArraySending extends Sending {
  #done: Deferred<RecordMetadata[]> | null = deferred();
  /**
   * What has come. Results are made when all is there: thousands of small objects would wait for the last of them, and be
   * moved about by the garbage collector meanwhile.
   */
  #parts: { reports: DeliveryReports; from: number; to: number }[] = [];
  #refusal: KafkaError | null = null;
  #refusedAt = Infinity;

  get promise(): Promise<RecordMetadata[]> {
    return this.#done!.promise;
  }

  protected onDelivered(reports: DeliveryReports, from: number, to: number): void {
    this.#parts.push({ reports, from, to });
  }

  protected onRefused(index: number, error: KafkaError): void {
    if (this.#refusal) return; // they come in order
    this.#refusal = error;
    this.#refusedAt = index;
  }

  protected override onEnd(): void {
    const results = new Array<RecordMetadata>(this.count);
    let failedAt = this.#refusedAt;
    let errorCode = 0;
    for (const { reports, from, to } of this.#parts) {
      for (let report = from; report < to; report++) {
        const index = reports.index(report);
        const code = reports.errorCode(report);
        if (code === 0) results[index] = this.stored(reports, report, index);
        else if (index < failedAt) {
          failedAt = index;
          errorCode = code;
        }
      }
    }
    const { resolve, reject } = this.#done!;
    if (errorCode) reject(failure(errorCode));
    else if (this.#refusal) reject(this.#refusal);
    else resolve(results);
    this.#done = null;
    this.#parts = [];
  }
}

/** Who waits for a single message. */
export interface Waiter {
  resolve(stored: RecordMetadata): void;
  reject(error: KafkaError): void;
}

/** Messages of several calls, each of which has its own outcome as soon as that is known. */
export class SinglesSending extends Sending {
  #waiters: readonly Waiter[];

  constructor(packed: PackedMessages, waiters: readonly Waiter[]) {
    super(packed);
    this.#waiters = waiters;
  }

  protected onDelivered(reports: DeliveryReports, from: number, to: number): void {
    for (let report = from; report < to; report++) {
      const index = reports.index(report);
      const code = reports.errorCode(report);
      if (code) this.onRefused(index, failure(code));
      else this.#waiters[index]!.resolve(this.stored(reports, report, index));
    }
  }

  protected onRefused(index: number, error: KafkaError): void {
    this.#waiters[index]!.reject(error);
  }

  protected override onEnd(): void {
    this.#waiters = [];
  }
}
