// Messages that cross into native code together, from the call until the last of them is reported on.

import { type Deferred, deferred } from './deferred.js';
import { KafkaError } from './errors.js';
import type { TopicPartitionOffset } from './options.js';
import { type PackedMessages, topicOf } from './produce-batch.js';

/** Where a message was stored. */
export interface RecordMetadata extends TopicPartitionOffset {
  /** Milliseconds since the Unix epoch; the broker's own where the topic has `message.timestamp.type=LogAppendTime`. */
  timestamp: number;
}

export type Outcome = RecordMetadata | KafkaError;

const nothing = Buffer.alloc(0);

export abstract class Sending {
  readonly packed: PackedMessages;
  /** How many librdkafka has taken; they are the first ones. */
  taken = 0;
  #reported = 0;
  #end: Deferred<void> | null = null;

  constructor(packed: PackedMessages) {
    this.packed = packed;
  }

  get count(): number {
    return this.packed.count;
  }

  /** What has become of a message. */
  protected abstract settle(index: number, outcome: Outcome): void;
  /** All of them are settled. */
  protected finish(): void {}

  /** A message is stored. */
  stored(index: number, partition: number, offset: number, timestamp: number): void {
    this.report(index, { topic: topicOf(this.packed, index), partition, offset, timestamp });
  }

  report(index: number, outcome: Outcome): void {
    this.settle(index, outcome);
    if (++this.#reported < this.count) return;
    this.finish();
    this.#end?.resolve();
  }

  get ended(): boolean {
    return this.#reported === this.count;
  }

  /** Resolves when everything is reported on. */
  get end(): Promise<void> {
    this.#end ??= deferred<void>();
    if (this.ended) this.#end.resolve();
    return this.#end.promise;
  }

  /** The contents are librdkafka's now: it has copied them. */
  letGo(): void {
    this.packed.payload = nothing;
  }
}

/** An array of messages, with one promise for all. */
export class ArraySending extends Sending {
  readonly #results: RecordMetadata[];
  readonly #done = deferred<RecordMetadata[]>();
  #failure: KafkaError | null = null;
  #failedAt = Infinity;

  constructor(packed: PackedMessages) {
    super(packed);
    this.#results = new Array<RecordMetadata>(packed.count);
  }

  get promise(): Promise<RecordMetadata[]> {
    return this.#done.promise;
  }

  protected settle(index: number, outcome: Outcome): void {
    if (!(outcome instanceof KafkaError)) this.#results[index] = outcome;
    else if (index < this.#failedAt) {
      this.#failure = outcome;
      this.#failedAt = index;
    }
  }

  protected override finish(): void {
    if (this.#failure) this.#done.reject(this.#failure);
    else this.#done.resolve(this.#results);
  }
}

/** Who waits for a single message. */
export interface Waiter {
  resolve(stored: RecordMetadata): void;
  reject(error: KafkaError): void;
}

/** Messages of several calls, each of which has its own outcome as soon as that is known. */
export class SinglesSending extends Sending {
  readonly #waiters: readonly Waiter[];

  constructor(packed: PackedMessages, waiters: readonly Waiter[]) {
    super(packed);
    this.#waiters = waiters;
  }

  protected settle(index: number, outcome: Outcome): void {
    const waiter = this.#waiters[index]!;
    if (outcome instanceof KafkaError) waiter.reject(outcome);
    else waiter.resolve(outcome);
  }
}
