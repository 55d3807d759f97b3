// A compacted topic as a map, which follows it. It uses a consumer as any program could: partitions assigned by hand, read by
// batches.

import type { EndOptions, TopicPartition, TopicPartitionOffset, WaitOptions } from '../arguments/options.js';
import { keyOf, topicString } from '../arguments/partitions.js';
import { integer, isObject, knownKeys, maxInt32, typeError, waitOptions } from '../arguments/values.js';
import { type Deferred, deferred } from '../client/deferred.js';
import { clearInterval, delay, nextTurn, whileAlive } from '../client/timers.js';
import { Over } from '../client/waits.js';
import type { ConsumerConfig } from '../config/config.js';
import { Consumer } from '../consumer/consumer.js';
import type { Message } from '../consumer/message.js';
import { call, destroyed } from '../errors.js';
import { type Change, Changes } from './changes.js';

/** A message that is no tombstone, and has a key. */
export type TableMessage<MV = Buffer, MK = Buffer> = Message<MV, MK> & { readonly key: MK; readonly value: MV };

/** What a table keeps of each message. */
export interface TableOptions<K, V, MK = Buffer, MV = Buffer> {
  /**
   * What a key is in the map. Default: its bytes as UTF-8, a string (a Buffer would be found by itself alone); where the consumer has
   * decoded it, what that has given.
   */
  key?: ((key: MK) => K) | undefined;
  /**
   * What the table keeps of a message. It may parse the value, or put it elsewhere and give back where it is, so that memory
   * stays bounded. A promise is awaited, before the next message; so it must not itself wait for `ready` or `barrier()`. Default: a copy
   * of the value, a Buffer; where the consumer has decoded it, what that has given.
   */
  load?: ((message: TableMessage<MV, MK>) => V | PromiseLike<V>) | undefined;
  /** Is told, and awaited, when what `load` gave for a key is not in the table any more. */
  drop?: ((key: K, value: V) => unknown) | undefined;
  /**
   * How often the topic is asked whether it has got more partitions, which barrier() does too. Default 30,000 milliseconds.
   */
  partitionsEveryMs?: number | undefined;
}

/** A key that was set or deleted. */
export type TableChange<K, V> = Change<K, V>;

interface Waiter {
  /** The offset that each partition has to come to. */
  readonly until: readonly TopicPartitionOffset[];
  readonly reached: Deferred<void>;
}

const PARTITIONS_EVERY_MS = 30_000;

/** How often it is looked at whether what is never delivered (transaction markers, say) was passed. */
const LOOK_MS = 15;

/**
 * A transaction is acknowledged a moment before its markers are written, and only these let a reader of what is committed pass:
 * so the end to come to is that of all that is stored.
 */
const UNCOMMITTED: EndOptions = { isolationLevel: 'read_uncommitted' };

/**
 * The newest value of each key of a compacted topic: a map that can be read at any time, and follows the topic.
 *
 * @param source the configuration of a consumer that the table makes and closes (a `group.id` is not needed, and nothing is
 * committed), or a consumer that is used for nothing else, whose deserializer types the table
 * @param topic all its partitions are read, from their beginning; those that are added later too
 * @throws TypeError, RangeError for what is no configuration, topic or option
 */
export function table<K = string, V = Buffer>(
  source: Consumer | ConsumerConfig,
  topic: string,
  options?: TableOptions<K, V>,
): Table<K, V>;
export function table<MV, MK, K = MK extends Buffer ? string : MK, V = MV>(
  source: Consumer<MV, MK>,
  topic: string,
  options?: TableOptions<K, V, MK, MV>,
): Table<K, V>;
export function table<K, V>(
  source: Consumer<unknown, unknown> | ConsumerConfig,
  topic: string,
  options: TableOptions<K, V, never, never> = {},
): Table<K, V> {
  return new Table(source, topic, options);
}

/** A compacted topic as a map that follows it. table() makes one. */
export class Table<K = string, V = Buffer> implements ReadonlyMap<K, V>, AsyncDisposable {
  /**
   * Resolves when everything is there that the topic held when the table was made. Rejects where it cannot be read, or with
   * what `key` or `load` threw.
   */
  readonly ready: Promise<void>;
  readonly topic: string;
  readonly #consumer: Consumer<unknown, unknown>;
  /** Whether the table has made the consumer. */
  readonly #owned: boolean;
  readonly #options: TableOptions<K, V, unknown, unknown>;
  readonly #map = new Map<K, V>();
  readonly #readers = new Set<Changes<K, V>>();
  readonly #waiters = new Set<Waiter>();
  readonly #over = new Over();
  /** Aborted at the end: nothing is asked of brokers any more. */
  readonly #ended = new AbortController();
  readonly #begun: Promise<void>;
  /** What is read. */
  #partitions: readonly TopicPartition[] = [];
  readonly #partitionsTimer: NodeJS.Timeout;
  /** A look for more partitions that is under way, and one that has not begun. */
  #extending: Promise<unknown> = Promise.resolve();
  #nextLook: Promise<void> | null = null;
  readonly #loop: Promise<void>;
  #reading: AsyncIterator<Iterable<Message<unknown, unknown>>> | null = null;
  /** How many batches have come, and whether the last of them is being taken in. */
  #batches = 0;
  #applying = false;
  #looking = false;
  #closing: Promise<void> | null = null;
  #failure: { readonly error: unknown } | null = null;

  /** See table(). */
  constructor(
    source: Consumer<unknown, unknown> | ConsumerConfig,
    topic: string,
    options: TableOptions<K, V, never, never> = {},
  ) {
    this.topic = topicString(topic, 'topic');
    this.#options = tableOptions(options);
    this.#owned = !isConsumer(source);
    this.#consumer = isConsumer(source) ? source : ownConsumer(source);
    this.#begun = this.#begin();
    const { partitionsEveryMs = PARTITIONS_EVERY_MS } = this.#options;
    this.#partitionsTimer = whileAlive(this, partitionsEveryMs, (each) => void each.#extend().catch(() => undefined));
    this.#loop = this.#follow();
    this.ready = this.#reachedEnds('ready', {}, {}, this.#begun);
    for (const promise of [this.ready, this.#begun]) promise.catch(() => undefined); // who awaits it sees it
  }

  // As of any map. (The types of its iterators have other names in older versions of TypeScript.)

  get size(): number {
    return this.#map.size;
  }

  /** What is kept of the key; undefined where the topic has no value for it. */
  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  /** Whether the topic has a value for the key. */
  has(key: K): boolean {
    return this.#map.has(key);
  }

  /** As of a Map. */
  forEach(callback: (value: V, key: K, map: ReadonlyMap<K, V>) => void, thisArg?: unknown): void {
    for (const [key, value] of this.#map) callback.call(thisArg, value, key, this);
  }

  keys(): ReturnType<ReadonlyMap<K, V>['keys']> {
    return this.#map.keys();
  }

  values(): ReturnType<ReadonlyMap<K, V>['values']> {
    return this.#map.values();
  }

  entries(): ReturnType<ReadonlyMap<K, V>['entries']> {
    return this.#map.entries();
  }

  /** As of a Map: keys and values. */
  [Symbol.iterator](): ReturnType<ReadonlyMap<K, V>['entries']> {
    return this.#map.entries();
  }

  /** Why the table does not follow its topic any more; undefined while it does, and after close(). */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /**
   * The changes from now on. A reader that is slow is told the latest of each key, and costs no more memory than that. Ends
   * with close(); rejects with what ended the table.
   */
  changes(): AsyncIterableIterator<TableChange<K, V>> & AsyncDisposable {
    const changes = new Changes<K, V>((ended) => this.#readers.delete(ended));
    this.#readers.add(changes);
    if (this.#over.ended) changes.end(this.#failure);
    return changes;
  }

  /**
   * Resolves when the table has seen everything that was acknowledged before this call: to read what has just been written, to
   * partitions that the topic has got meanwhile too (as the broker that is asked knows them). A transaction that is open at the call is waited for, where `isolation.level` is `read_committed`.
   *
   * @param options `timeoutMs`, default: as long as it takes; `signal`
   * @throws KafkaError ERR__TIMED_OUT, ERR__DESTROY after close(); what ended the table
   */
  barrier(options: WaitOptions = {}): Promise<void> {
    return call(async () => {
      const limits = waitOptions(options);
      return this.#reachedEnds('barrier', limits, UNCOMMITTED, this.#extend());
    });
  }

  /**
   * Ends it, and the consumer that it has made; a consumer that it was given gives its partitions back. What `load` or `drop` is
   * doing is not waited for. Never rejects.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** As close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #begin(): Promise<void> {
    await this.#readAlso(await this.#consumer.partitionsFor(this.topic, { signal: this.#ended.signal }));
  }

  async #readAlso(partitions: readonly TopicPartition[]): Promise<void> {
    this.#over.check('table');
    const { signal } = this.#ended;
    const beginnings = await this.#consumer.beginningOffsets(partitions, { signal });
    this.#over.check('table');
    await this.#consumer.assign([...this.#partitions, ...beginnings]); // those that it has go on where they are
    await this.#consumer.seekToBeginning(partitions, { signal }); // should it have moved meanwhile
    this.#partitions = [...this.#partitions, ...partitions];
  }

  /** Reads partitions too that the topic has got. What is asked after this call has begun: a look under way may be too old. */
  #extend(): Promise<void> {
    this.#nextLook ??= this.#extending.then(async () => {
      this.#nextLook = null;
      const looked = this.#lookForPartitions();
      this.#extending = looked.catch(() => undefined);
      await looked;
    });
    return this.#nextLook;
  }

  async #lookForPartitions(): Promise<void> {
    await this.#begun;
    const all = await this.#consumer.partitionsFor(this.topic, { signal: this.#ended.signal });
    const known = new Set(this.#partitions.map(({ partition }) => partition));
    const added = all.filter(({ partition }) => !known.has(partition));
    if (added.length) await this.#readAlso(added);
  }

  async #follow(): Promise<void> {
    try {
      await this.#begun;
      if (this.#over.ended) return;
      const batches = this.#consumer.batches();
      this.#reading = batches;
      for await (const batch of batches) {
        this.#batches++;
        this.#applying = true;
        await this.#apply(batch);
        this.#applying = false;
      }
      this.#end(null);
    } catch (error) {
      this.#end(this.#over.ended ? null : { error });
    }
  }

  async #apply(batch: Iterable<Message<unknown, unknown>>): Promise<void> {
    const {
      key: keyFrom = plainKey as (key: unknown) => K,
      load = plainValue as (message: TableMessage<unknown, unknown>) => V,
      drop,
    } = this.#options;
    for (const message of batch) {
      if (this.#over.ended) return;
      if (message.key === null) continue; // compaction takes no message without a key
      const key = keyFrom(message.key);
      const previous = this.#map.get(key);
      const had = this.#map.has(key);
      if (message.value === null) {
        if (!had) continue;
        this.#map.delete(key);
        this.#tell({ key, value: undefined, previous });
      } else {
        const loaded = load(message);
        const value = isPromise(loaded) ? await loaded : loaded;
        this.#map.set(key, value);
        this.#tell({ key, value, previous });
      }
      if (had && drop) await drop(key, previous as V);
    }
  }

  #tell(change: Change<K, V>): void {
    for (const reader of this.#readers) reader.push(change);
  }

  async #reachedEnds(operation: string, limits: WaitOptions, ends: EndOptions, begun: Promise<void>): Promise<void> {
    const reached = deferred<void>();
    let waiter: Waiter | undefined;
    const asked = (async () => {
      await begun;
      waiter = { until: await this.#consumer.endOffsets(this.#partitions, ends), reached };
      this.#waiters.add(waiter);
      void this.#look();
      await reached.promise;
    })();
    try {
      await this.#over.race(operation, asked, limits);
    } finally {
      if (waiter) this.#waiters.delete(waiter);
    }
  }

  /**
   * As long as somebody waits: where the partitions stand, once nothing is being taken in. (A position is moved when a batch is
   * handed out. So a look counts where no batch came around it.)
   */
  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#waiters.size > 0 && !this.#over.ended) {
      const batches = this.#batches;
      const rows = this.#applying ? [] : await this.#consumer.position().catch(() => []);
      await nextTurn();
      if (!this.#applying && batches === this.#batches) this.#settle(rows);
      if (this.#waiters.size > 0) await delay(LOOK_MS, { ref: false });
    }
    this.#looking = false;
  }

  #settle(rows: readonly TopicPartitionOffset[]): void {
    const positions = new Map(rows.map((row) => [keyOf(row.topic, row.partition), row.offset]));
    for (const waiter of this.#waiters) {
      const there = (row: TopicPartitionOffset) => (positions.get(keyOf(row.topic, row.partition)) ?? -1) >= row.offset;
      if (!waiter.until.every(there)) continue;
      this.#waiters.delete(waiter);
      waiter.reached.resolve();
    }
  }

  #end(failure: { error: unknown } | null): void {
    if (this.#over.ended) return;
    clearInterval(this.#partitionsTimer);
    this.#failure = failure;
    this.#over.end(failure ? () => failure.error : destroyed);
    this.#ended.abort();
    if (failure && this.#readers.size === 0) {
      const text = `the table of ${this.topic} follows its topic no longer: ${String(failure.error)}`;
      process.emitWarning(text, { type: 'SeekafkaWarning', code: 'SEEKAFKA_TABLE_FAILED' });
    }
    for (const reader of this.#readers) reader.end(failure);
    this.#readers.clear();
  }

  async #close(): Promise<void> {
    this.#end(null);
    if (this.#owned) {
      await this.#consumer.close();
    } else {
      await this.#begun.catch(() => undefined);
      await this.#extending;
      await this.#reading?.return?.();
      await this.#consumer.unsubscribe().catch(() => undefined); // closed already
    }
    if (!this.#applying) await this.#loop; // what `load` and `drop` wait for may never come, or be this very close()
  }
}

const plainKey = (key: unknown): unknown => (Buffer.isBuffer(key) ? key.toString() : key);

/** Bytes in their own memory: that of the message is shared with the batch. */
const plainValue = ({ value }: TableMessage<unknown, unknown>): unknown =>
  Buffer.isBuffer(value) ? Buffer.from(value) : value;

const isPromise = <T>(value: T | PromiseLike<T>): value is PromiseLike<T> =>
  isObject(value) && typeof value.then === 'function';

const isConsumer = (source: unknown): source is Consumer<unknown, unknown> =>
  isObject(source) && typeof source.assign === 'function' && typeof source.batches === 'function';

function ownConsumer(config: ConsumerConfig): Consumer<unknown, unknown> {
  return new Consumer({ ...config, 'auto.offset.reset': 'earliest', 'enable.auto.commit': false });
}

function tableOptions<K, V>(value: unknown): TableOptions<K, V, unknown, unknown> {
  const options = knownKeys(value, 'options', ['key', 'load', 'drop', 'partitionsEveryMs']);
  for (const name of ['key', 'load', 'drop']) {
    const given = options[name];
    if (given !== undefined && typeof given !== 'function') throw typeError(`options.${name}`, 'a function', given);
  }
  const { key, load, drop, partitionsEveryMs } = options as TableOptions<K, V, unknown, unknown>;
  if (partitionsEveryMs !== undefined) {
    integer(partitionsEveryMs, 'options.partitionsEveryMs', 1, maxInt32, 'milliseconds from 1 to 2147483647');
  }
  return { key, load, drop, partitionsEveryMs };
}
