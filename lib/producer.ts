import { type DeliveryRecord, native } from '../binding/native.js';
import { Client } from './client.js';
import { type ProducerConfig, normalizeConfig } from './config.js';
import { type Deferred, deferred } from './deferred.js';
import { KafkaError, call, destroyed, errno, localError } from './errors.js';
import type { ProducerMessage, TimeoutOptions, TopicPartitionOffset } from './options.js';
import { type PackedMessages, packMessages } from './produce-batch.js';
import * as check from './validate.js';

/** How long flush() and close() wait for deliveries, unless told otherwise. */
const FLUSH_TIMEOUT_MS = 30_000;

/** Reserved: there are none yet. */
export type ProducerOptions = Record<string, never>;

/** Where a message was stored. */
export interface RecordMetadata extends TopicPartitionOffset {
  /** Milliseconds since the Unix epoch; the broker's own where the topic has `message.timestamp.type=LogAppendTime`. */
  timestamp: number;
}

interface Sending {
  packed: PackedMessages;
  readonly topics: readonly string[];
  readonly results: (RecordMetadata | KafkaError)[];
  /** How many librdkafka has taken, and how many it has reported on. */
  taken: number;
  reported: number;
  readonly done: Deferred<RecordMetadata[]>;
}

/**
 * Sends messages. `send` resolves when the broker has acknowledged as `acks` says.
 *
 * A producer keeps the process alive while something is on its way. `close()` it.
 */
export class Producer extends Client {
  readonly #sendings = new Map<number, Sending>();
  /** Those that librdkafka's queue had no room for, in order. */
  #queue: number[] = [];
  /** Single messages of this turn of the event loop, which cross together. */
  #gathered: { message: check.CheckedMessage; done: Deferred<RecordMetadata> }[] = [];
  #nextId = 1;
  #idle: Deferred<void> | null = null;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, `'linger.ms'`, `'compression.type'`, ...
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: ProducerConfig, options: ProducerOptions = {}) {
    const { native: pairs } = normalizeConfig('producer', config);
    check.knownKeys(options, 'options', []);
    super(pairs);
  }

  /**
   * Sends a message, or several. Where librdkafka's queue is full (`queue.buffering.max.messages`) it waits for room.
   * What is handed over may be changed afterwards: it is copied. (rd_kafka_produceva)
   *
   * @returns where each was stored, in the order given
   * @throws TypeError, RangeError for a malformed message; then none is sent. KafkaError when the delivery failed, the
   * first error of several messages: ERR__MSG_TIMED_OUT after `message.timeout.ms`, ERR_MSG_SIZE_TOO_LARGE, ...
   */
  send(message: ProducerMessage): Promise<RecordMetadata>;
  send(messages: readonly ProducerMessage[]): Promise<RecordMetadata[]>;
  async send(what: ProducerMessage | readonly ProducerMessage[]): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.closed) throw destroyed('send');
    if (this.fatal) throw this.fatal;
    if (Array.isArray(what)) {
      const messages = check.producerMessages(what);
      this.#flushGathered(); // what was asked for before goes before
      return messages.length ? await this.#send(messages) : [];
    }
    const done = deferred<RecordMetadata>();
    if (this.#gathered.push({ message: check.producerMessage(what), done }) === 1) {
      queueMicrotask(() => this.#flushGathered());
    }
    return await done.promise;
  }

  /**
   * Sends what waits for `linger.ms`, and resolves when everything sent so far has been acknowledged or has failed.
   * (rd_kafka_flush)
   *
   * @throws KafkaError ERR__TIMED_OUT after `timeoutMs`, default 30,000; nothing is given up by that
   */
  flush(options: TimeoutOptions = {}): Promise<void> {
    return this.run('flush', () => {
      const { timeoutMs = FLUSH_TIMEOUT_MS } = check.timeoutOptions(options);
      return this.#flush(timeoutMs);
    });
  }

  /**
   * Sends what waits, waits for it, and lets go of everything. What is not acknowledged in time rejects with
   * ERR__PURGE_QUEUE or ERR__PURGE_INFLIGHT. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = FLUSH_TIMEOUT_MS } = check.timeoutOptions(options);
      await this.shutDown(async () => {
        this.#flushGathered();
        await this.#flush(timeoutMs).catch(() => undefined);
        if (this.#sendings.size === 0) return;
        this.#rejectQueued();
        this.link.handle.purge();
        await this.#untilIdle();
      });
    });
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected override onDelivery({ fields, numbers }: DeliveryRecord): void {
    for (let i = 0, f = 0; f < fields.length; i += 2, f += 4) {
      const id = fields[f]! >>> 0;
      const sending = this.#sendings.get(id);
      if (!sending) continue;
      const index = fields[f + 1]!;
      const code = fields[f + 3]!;
      const topic = sending.topics[sending.packed.fields[index * 5]!]!;
      sending.results[index] = code
        ? new KafkaError('send', native.errorCode(code)!)
        : { topic, partition: fields[f + 2]!, offset: numbers[i]!, timestamp: numbers[i + 1]! };
      sending.reported++;
      this.#finish(id, sending);
    }
    this.#drainQueue();
  }

  #flushGathered(): void {
    const gathered = this.#gathered;
    if (gathered.length === 0) return;
    this.#gathered = [];
    const id = this.#begin(gathered.map(({ message }) => message));
    const sending = this.#sendings.get(id)!;
    // One outcome each: the failure of one is not that of the others.
    const settle = () => {
      gathered.forEach(({ done }, i) => {
        const result = sending.results[i]!;
        if (result instanceof KafkaError) done.reject(result);
        else done.resolve(result);
      });
    };
    sending.done.promise.then(settle, settle);
    this.#produce(id);
  }

  #send(messages: readonly check.CheckedMessage[]): Promise<RecordMetadata[]> {
    const id = this.#begin(messages);
    const { promise } = this.#sendings.get(id)!.done;
    this.#produce(id);
    return promise;
  }

  #begin(messages: readonly check.CheckedMessage[]): number {
    const packed = packMessages(messages);
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0 || 1;
    const results = new Array<RecordMetadata | KafkaError>(messages.length);
    const done = deferred<RecordMetadata[]>();
    this.#sendings.set(id, { packed, topics: packed.topics, results, taken: 0, reported: 0, done });
    this.link.hold();
    return id;
  }

  /** Hands over as much as librdkafka takes. What it has no room for goes to the end of the line. */
  #produce(id: number): void {
    if (this.#queue.length) this.#queue.push(id);
    else if (!this.#handOver(id)) this.#queue.push(id);
  }

  /** False: there is no room for the rest of it. */
  #handOver(id: number): boolean {
    const sending = this.#sendings.get(id)!;
    const { packed, results } = sending;
    while (sending.taken < results.length) {
      const { accepted, error } = this.link.handle.produce(
        packed.topics,
        packed.fields,
        packed.timestamps,
        packed.payload,
        id,
        sending.taken,
      );
      sending.taken += accepted;
      if (!error) break;
      if (error.errno === errno.queueFull) return false;
      // This one message is refused; the others go on.
      results[sending.taken++] = new KafkaError('send', error);
      sending.reported++;
    }
    this.#finish(id, sending);
    return true;
  }

  #drainQueue(): void {
    while (this.#queue.length && this.#handOver(this.#queue[0]!)) this.#queue.shift();
  }

  #finish(id: number, sending: Sending): void {
    if (sending.reported < sending.results.length) return;
    this.#sendings.delete(id);
    this.link.release();
    const failed = sending.results.find((result) => result instanceof KafkaError);
    if (failed) sending.done.reject(failed);
    else sending.done.resolve(sending.results as RecordMetadata[]);
    if (this.#sendings.size === 0) {
      this.#idle?.resolve();
      this.#idle = null;
    }
  }

  async #flush(timeoutMs: number): Promise<void> {
    this.#flushGathered();
    if (this.#sendings.size === 0) return;
    const pending = [...this.#sendings.values()].map(({ done }) => done.promise);
    this.link.handle.flush(Math.ceil(timeoutMs));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(localError('flush', errno.timedOut, `flush: not all is delivered after ${timeoutMs} ms`)),
        timeoutMs,
      );
    });
    try {
      await Promise.race([Promise.allSettled(pending), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What librdkafka never got. */
  #rejectQueued(): void {
    const queued = this.#queue;
    this.#queue = [];
    for (const id of queued) {
      const sending = this.#sendings.get(id)!;
      for (; sending.taken < sending.results.length; sending.taken++, sending.reported++) {
        sending.results[sending.taken] = destroyed('send');
      }
      this.#finish(id, sending);
    }
  }

  async #untilIdle(): Promise<void> {
    if (this.#sendings.size) await (this.#idle ??= deferred<void>()).promise;
  }
}
