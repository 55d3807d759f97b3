// Messages as the user sees them: views over a packed batch, which read what is asked for when it is asked for.

import {
  type BatchViews,
  FIELDS_PER_MESSAGE,
  Field,
  NUMBERS_PER_MESSAGE,
  readHeaders,
  slice,
} from '../binding/batch-layout.js';
import { inspect } from 'node:util';
import type { Header, TopicPartition } from './options.js';
import type { Partition } from './partition.js';

/** A message of Kafka. It is read from its batch when asked: what is kept of it keeps the batch in memory. */
export interface Message {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  /** Null: a tombstone. The bytes are shared with the other messages of the batch: copy what is kept for long. */
  readonly value: Buffer | null;
  /** In the order of the producer, duplicates kept. */
  readonly headers: readonly Header[];
  /** Milliseconds since the Unix epoch; -1 where the message has none. */
  readonly timestamp: number;
  readonly timestampType: 'create' | 'append' | 'none';
  /** -1 where the broker does not tell. */
  readonly leaderEpoch: number;
}

const timestampTypes = ['none', 'create', 'append'] as const;

export class PackedMessage implements Message {
  readonly #batch: BatchViews;
  readonly #index: number;
  readonly #source: Partition;

  constructor(batch: BatchViews, index: number, source: Partition) {
    this.#batch = batch;
    this.#index = index;
    this.#source = source;
  }

  get topic(): string {
    return this.#source.topic;
  }

  get partition(): number {
    return this.#source.partition;
  }

  get offset(): number {
    return this.#batch.numbers[this.#index * NUMBERS_PER_MESSAGE]!;
  }

  get timestamp(): number {
    return this.#batch.numbers[this.#index * NUMBERS_PER_MESSAGE + 1]!;
  }

  get timestampType(): 'create' | 'append' | 'none' {
    return timestampTypes[this.#field(Field.headersLengthAndTimestampType) & 3] ?? 'none';
  }

  get leaderEpoch(): number {
    return this.#field(Field.leaderEpoch);
  }

  get key(): Buffer | null {
    return this.#bytes(0, this.#field(Field.keyLength));
  }

  get value(): Buffer | null {
    return this.#bytes(Math.max(0, this.#field(Field.keyLength)), this.#field(Field.valueLength));
  }

  get headers(): readonly Header[] {
    const length = this.#field(Field.headersLengthAndTimestampType) >> 2;
    if (length === 0) return [];
    return readHeaders(this.#batch.buffer, this.#batch.payloadStart + this.#field(Field.start), length);
  }

  toJSON(): Message {
    const { topic, partition, offset, key, value, headers, timestamp, timestampType, leaderEpoch } = this;
    return { topic, partition, offset, key, value, headers, timestamp, timestampType, leaderEpoch };
  }

  [inspect.custom](depth: number, options: object): string {
    return `Message ${inspect(this.toJSON(), { ...options, depth })}`;
  }

  #field(field: Field): number {
    return this.#batch.fields[this.#index * FIELDS_PER_MESSAGE + field]!;
  }

  /** From `skip` bytes behind the headers on. */
  #bytes(skip: number, length: number): Buffer | null {
    if (length < 0) return null;
    const { buffer, payloadStart } = this.#batch;
    const headersLength = this.#field(Field.headersLengthAndTimestampType) >> 2;
    return slice(buffer, payloadStart + this.#field(Field.start) + headersLength + skip, length);
  }
}

/** Messages [from, to) of one partition in a batch. Good while `epoch` is the partition's. */
export interface Run {
  readonly batch: BatchViews;
  readonly source: Partition;
  readonly epoch: number;
  readonly lineage: number;
  from: number;
  readonly to: number;
  /** Called once, when nothing of the batch waits for delivery any more. */
  readonly credit: { runs: number };
}

export const offsetAt = (batch: BatchViews, index: number): number => batch.numbers[index * NUMBERS_PER_MESSAGE]!;

/** Bytes of headers, key and value of messages [from, to). */
export function bytesOf(batch: BatchViews, from: number, to: number): number {
  const start = batch.fields[from * FIELDS_PER_MESSAGE + Field.start]!;
  const end = to < batch.count ? batch.fields[to * FIELDS_PER_MESSAGE + Field.start]! : batch.byteLength;
  return end - start;
}

/** Messages of one or several partitions, offsets ascending in each. Iterating it again gives them again. */
export interface MessageBatch extends Iterable<Message> {
  readonly length: number;
  /** Of headers, keys and values. */
  readonly byteLength: number;
  readonly topicPartitions: readonly TopicPartition[];
}

/** A part of a run that was handed out. */
export interface Piece {
  readonly batch: BatchViews;
  readonly source: Partition;
  readonly lineage: number;
  readonly from: number;
  readonly to: number;
}

export class PackedBatch implements MessageBatch {
  readonly #pieces: readonly Piece[];
  /** Who reads it; the last one, if there are several. */
  #reader: PieceIterator | null = null;
  readonly length: number;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.length = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  get byteLength(): number {
    return this.#pieces.reduce((sum, { batch, from, to }) => sum + bytesOf(batch, from, to), 0);
  }

  get topicPartitions(): readonly TopicPartition[] {
    return [...new Set(this.#pieces.map(({ source }) => source))].map((source) => source.row());
  }

  /** Messages of partitions that were sought, or lost, in the meantime are left out. */
  [Symbol.iterator](): IterableIterator<Message, undefined> {
    if (this.#reader?.done) return new PieceIterator(this.#pieces);
    return (this.#reader = new PieceIterator(this.#pieces));
  }

  /** The offset of the first message of a partition that nobody has taken out of the batch; null: all were. */
  unreadOf(source: Partition): number | null {
    const of = (piece: Piece) => piece.source === source && piece.lineage === source.lineage;
    return (this.#reader ?? new PieceIterator(this.#pieces)).unread(of);
  }

  /** The offsets behind the last message of each partition. */
  ends(): { source: Partition; lineage: number; offset: number }[] {
    const last = new Map<Partition, Piece>();
    for (const piece of this.#pieces) last.set(piece.source, piece);
    return [...last.values()].map(({ batch, source, lineage, to }) => ({
      source,
      lineage,
      offset: offsetAt(batch, to - 1) + 1,
    }));
  }
}

/** What a generator would say in four lines, and take a third longer for. */
class PieceIterator implements IterableIterator<Message, undefined> {
  readonly #pieces: readonly Piece[];
  #next = 0;
  #piece: Piece | undefined;
  #index = 0;
  #to = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  next(): IteratorResult<Message, undefined> {
    for (;;) {
      const piece = this.#piece;
      if (piece && this.#index < this.#to && piece.source.lineage === piece.lineage) {
        return { value: new PackedMessage(piece.batch, this.#index++, piece.source), done: false };
      }
      if (this.#next === this.#pieces.length) {
        this.#piece = undefined;
        return { value: undefined, done: true };
      }
      this.#piece = this.#pieces[this.#next++]!;
      this.#index = this.#piece.from;
      this.#to = this.#piece.to;
    }
  }

  /** It has given everything. */
  get done(): boolean {
    return this.#next === this.#pieces.length && (!this.#piece || this.#index === this.#to);
  }

  unread(of: (piece: Piece) => boolean): number | null {
    if (this.#piece && of(this.#piece) && this.#index < this.#to) return offsetAt(this.#piece.batch, this.#index);
    const next = this.#pieces.slice(this.#next).find(of);
    return next ? offsetAt(next.batch, next.from) : null;
  }

  [Symbol.iterator](): this {
    return this;
  }
}
