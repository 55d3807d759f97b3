// Messages as the user sees them: plain properties, so that copies, comparisons and structuredClone() see what they see. Keys,
// values and headers share the memory of their batch.

import {
  type BatchViews,
  FIELDS_PER_MESSAGE,
  Field,
  NUMBERS_PER_MESSAGE,
  readHeaders,
  slice,
} from '../../binding/batch-layout.js';
import type { Header, TopicPartition } from '../arguments/options.js';
import type { Partition } from '../assignment/partition.js';
import { asArrived } from '../client/raw-bytes.js';
import type { DeserializationError } from './deserialization-error.js';

/**
 * A message of Kafka. What is kept of its key, value or headers keeps the memory of its batch (some 1 MiB).
 *
 * @typeParam V what the consumer's deserializer makes of values
 * @typeParam K what it makes of keys
 */
export interface Message<V = Buffer, K = Buffer> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: K | null;
  /** Null: a tombstone. Bytes are shared with the other messages of the batch: copy what is kept for long. */
  readonly value: V | null;
  /** In the order of the producer, duplicates kept. */
  readonly headers: readonly Header[];
  /** Milliseconds since the Unix epoch; -1 where the message has none. */
  readonly timestamp: number;
  readonly timestampType: 'create' | 'append' | 'none';
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number;
}

const timestampTypes = ['none', 'create', 'append'] as const;

/** A native batch, with the runs that it was parted into when it arrived. */
export interface ArrivedBatch extends BatchViews {
  readonly arrived: Run[];
}

/** Messages [from, to) of one partition in a batch. */
export interface Run {
  readonly batch: ArrivedBatch;
  readonly source: Partition;
  /** Those of the partition when the run arrived. */
  readonly fetchEra: number;
  readonly lineage: number;
  readonly stint: number;
  /** Its first message; `from` is the first that was not handed out. */
  readonly start: number;
  from: number;
  /** Set back where a read ends before it: what is behind is fetched again later. */
  to: number;
  /** Where the log ends behind it, as was told since; 0: nothing was told. */
  logEnd: number;
  /** What its messages became, from `start` on, where they are decoded and as far as they are; see Decoder. */
  decoded: (Decoded | null | undefined)[] | null;
  /**
   * How many runs of the batch wait for delivery; shared by them. With the last one a credit goes back, unless it was given
   * back before.
   */
  readonly credit: { runs: number; returned: boolean };
}

/** A run was handed out to its end. */
export function passed({ source, logEnd, lineage }: Run): void {
  if (logEnd > 0 && lineage === source.lineage) source.passTo(logEnd, true);
}

/** A message with its key and its value decoded, or why they cannot be. */
export type Decoded = PackedMessage | DeserializationError;

const noHeaders: readonly Header[] = Object.freeze([]);

export class PackedMessage implements Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  key: Buffer | null;
  value: Buffer | null;
  readonly headers: readonly Header[];
  readonly timestamp: number;
  readonly timestampType: 'create' | 'append' | 'none';
  readonly leaderEpoch: number;
  readonly #batch: ArrivedBatch;
  readonly #index: number;

  constructor(batch: ArrivedBatch, index: number, { topic, partition }: TopicPartition) {
    const { numbers, fields, payload } = batch;
    const number = index * NUMBERS_PER_MESSAGE;
    const field = index * FIELDS_PER_MESSAGE;
    const start = fields[field + Field.start]!;
    const headersLength = fields[field + Field.headersLength]!;
    const keyLength = fields[field + Field.keyLength]!;
    const valueLength = fields[field + Field.valueLength]!;
    const keyStart = start + headersLength;
    this.topic = topic;
    this.partition = partition;
    this.offset = numbers[number]!;
    this.key = keyLength < 0 ? null : slice(payload, keyStart, keyLength);
    this.value = valueLength < 0 ? null : slice(payload, keyLength < 0 ? keyStart : keyStart + keyLength, valueLength);
    this.headers = headersLength === 0 ? noHeaders : readHeaders(payload, start, headersLength);
    this.timestamp = numbers[number + 1]!;
    this.timestampType = timestampTypes[fields[field + Field.timestampType]!] ?? 'none';
    this.leaderEpoch = fields[field + Field.leaderEpoch]!;
    this.#batch = batch;
    this.#index = index;
  }

  /** Whether it is a message itself, and not a proxy, a copy or an heir of one. */
  static isOne(value: unknown): value is PackedMessage {
    return typeof value === 'object' && value !== null && #batch in value;
  }

  /** As it arrived: the property is the user's to change. */
  static offsetOf(message: PackedMessage): number {
    return offsetAt(message.#batch, message.#index);
  }

  /** The message with the bytes of its key and its value, whatever they were decoded to. */
  [asArrived](): PackedMessage {
    if (isDetached(this.#batch)) throw new TypeError('message: the memory of its batch was transferred away');
    return new PackedMessage(this.#batch, this.#index, this);
  }

  /** The run that the message arrived in. (Not kept in each message: it is asked for by commits only.) */
  static originOf(message: PackedMessage): Run {
    const index = message.#index;
    return message.#batch.arrived.find(({ start, to }) => start <= index && index < to)!;
  }
}

/**
 * Whether the application has transferred the memory of the messages away (`value.buffer.transfer()`, which nothing can
 * forbid). Offsets are in other memory, and stay.
 */
export const isDetached = (batch: BatchViews): boolean => batch.bytes.length !== batch.byteLength;

export const offsetAt = (batch: BatchViews, index: number): number => batch.numbers[index * NUMBERS_PER_MESSAGE]!;

export const hasHeaders = (batch: BatchViews, index: number): boolean =>
  batch.fields[index * FIELDS_PER_MESSAGE + Field.headersLength]! > 0;

/** Bytes of headers, key and value of messages [from, to). */
export function bytesOf(batch: BatchViews, from: number, to: number): number {
  const start = batch.fields[from * FIELDS_PER_MESSAGE + Field.start]!;
  const end = to < batch.count ? batch.fields[to * FIELDS_PER_MESSAGE + Field.start]! : batch.byteLength;
  return end - start;
}
