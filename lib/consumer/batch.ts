// Batches as the user sees them: parts of a native batch, in which messages of partitions that were sought or lost since
// are left out.

import type { TopicPartition } from '../arguments/options.js';
import type { InHand, Partition } from '../assignment/partition.js';
import { type ArrivedBatch, type Message, PackedMessage, type Run, bytesOf, hasHeaders, offsetAt } from './message.js';

/** Messages of one or several partitions, offsets ascending in each. Iterating it again gives them again. */
export interface MessageBatch<V = Buffer, K = Buffer> extends Iterable<Message<V, K>> {
  readonly length: number;
  /** Of headers, keys and values. */
  readonly byteLength: number;
  readonly topicPartitions: readonly TopicPartition[];
  /**
   * A batch for each partition, in the order in which they begin, made when it is asked for. Partitions that were sought, or
   * lost, until then are left out. `commit()` takes such a batch as any other.
   */
  byPartition(): IterableIterator<PartitionBatch<V, K>>;
}

/** Messages of one partition, offsets ascending. */
export interface PartitionBatch<V = Buffer, K = Buffer> extends MessageBatch<V, K>, TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Messages [from, to) of a run, which were handed out. */
export interface Piece {
  readonly run: Run;
  readonly from: number;
  readonly to: number;
}

const isStale = ({ run: { source, lineage } }: Piece): boolean => source.lineage !== lineage;

export class PackedBatch implements MessageBatch, InHand {
  readonly #pieces: readonly Piece[];
  /** Who reads it; the last one, if there are several. */
  #reader: PieceIterator | null = null;
  /** Instead of a reader of all: those that were given out one by one. */
  #parts: Map<Partition, PackedBatch> | null = null;
  readonly length: number;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
    this.length = pieces.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** Whether it is a batch itself, and not a proxy or an heir of one. */
  static isOne(value: unknown): value is PackedBatch {
    return typeof value === 'object' && value !== null && #pieces in value;
  }

  get byteLength(): number {
    return this.#pieces.reduce((sum, { run, from, to }) => sum + bytesOf(run.batch, from, to), 0);
  }

  get topicPartitions(): readonly TopicPartition[] {
    return [...new Set(this.#pieces.map(({ run }) => run.source))].map((source) => source.row());
  }

  /** Messages of partitions that were sought, or lost, in the meantime are left out. */
  [Symbol.iterator](): IterableIterator<Message> {
    if (this.#reader?.done) return new PieceIterator(this.#pieces);
    this.#parts = null;
    return (this.#reader = new PieceIterator(this.#pieces));
  }

  *byPartition(): IterableIterator<PartitionBatch> {
    this.#reader = null;
    const parts = (this.#parts = new Map<Partition, PackedBatch>());
    for (const { run } of this.#pieces) {
      if (parts.has(run.source)) continue;
      const pieces = this.#pieces.filter((piece) => piece.run.source === run.source);
      if (isStale(pieces[0]!)) continue;
      const part = new PackedPart(pieces);
      parts.set(run.source, part);
      yield part;
    }
  }

  /** So many of its messages at most that have headers, without reading it. */
  sample(count: number): Message[] {
    const messages: Message[] = [];
    for (const { run, from, to } of this.#pieces) {
      for (let i = from; i < to && messages.length < count; i++) {
        if (hasHeaders(run.batch, i)) messages.push(new PackedMessage(run.batch, i, run.source));
      }
    }
    return messages;
  }

  unreadOf(source: Partition): number | null {
    const part = this.#parts?.get(source);
    if (part) return part.unreadOf(source);
    const of = (piece: Piece) => piece.run.source === source && !isStale(piece);
    return (this.#reader ?? new PieceIterator(this.#pieces)).unread(of);
  }

  /** The offsets behind the last message of each partition. */
  ends(): { source: Partition; lineage: number; stint: number; offset: number }[] {
    const last = new Map<Partition, Piece>();
    for (const piece of this.#pieces) last.set(piece.run.source, piece);
    return [...last.values()].map(({ run: { batch, source, lineage, stint }, to }) => ({
      source,
      lineage,
      stint,
      offset: offsetAt(batch, to - 1) + 1,
    }));
  }
}

/** The pieces of one partition. */
class PackedPart extends PackedBatch implements PartitionBatch {
  readonly topic: string;
  readonly partition: number;

  constructor(pieces: readonly Piece[]) {
    super(pieces);
    const { topic, partition } = pieces[0]!.run.source;
    this.topic = topic;
    this.partition = partition;
  }
}

/** What a generator would say in four lines, and take a third longer for. */
class PieceIterator implements IterableIterator<Message> {
  readonly #pieces: readonly Piece[];
  #next = 0;
  /** The piece that is read, and what each step wants to know of it. */
  #piece: Piece | undefined;
  #batch: ArrivedBatch | undefined;
  #source: Partition | undefined;
  #decoded: Run['decoded'] = null;
  #lineage = 0;
  #index = 0;
  #to = 0;

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  next(): IteratorResult<Message, undefined> {
    for (;;) {
      if (this.#index < this.#to && this.#source!.lineage === this.#lineage) {
        const value = this.#decoded
          ? (this.#decoded[this.#index++ - this.#piece!.run.start] as PackedMessage)
          : new PackedMessage(this.#batch!, this.#index++, this.#source!);
        return { value, done: false };
      }
      if (this.#next === this.#pieces.length) {
        this.#piece = undefined;
        this.#to = this.#index;
        return { value: undefined, done: true };
      }
      this.#piece = this.#pieces[this.#next++]!;
      const { run, from, to } = this.#piece;
      this.#batch = run.batch;
      this.#source = run.source;
      this.#decoded = run.decoded;
      this.#lineage = run.lineage;
      this.#index = from;
      this.#to = to;
    }
  }

  /** It has given everything. */
  get done(): boolean {
    return this.#next === this.#pieces.length && (!this.#piece || this.#index === this.#to);
  }

  unread(of: (piece: Piece) => boolean): number | null {
    if (this.#piece && of(this.#piece) && this.#index < this.#to) return offsetAt(this.#piece.run.batch, this.#index);
    const next = this.#pieces.slice(this.#next).find(of);
    return next ? offsetAt(next.run.batch, next.from) : null;
  }

  [Symbol.iterator](): this {
    return this;
  }
}
