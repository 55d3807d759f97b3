import { DeliveryReports } from '../binding/delivery-layout.js';
import type { DeliveryRecord } from '../binding/native.js';
import { Client } from './client.js';
import { type ProducerConfig, normalizeConfig } from './config.js';
import { KafkaError, call, destroyed, errno, localError } from './errors.js';
import type { ProducerMessage, TimeoutOptions } from './options.js';
import { MessagePacker, packMessages } from './produce-batch.js';
import { ArraySending, type RecordMetadata, type Sending, SinglesSending, type Waiter } from './sending.js';
import { type Transaction, Transactions } from './transaction.js';
import * as check from './validate.js';

/** How long flush() and close() wait for deliveries, unless told otherwise. */
const FLUSH_TIMEOUT_MS = 30_000;

/** The end of a transaction does not wait for `linger.ms`. */
const DELIVERY_FLUSH_MS = 60_000;

const OUTSIDE =
  "send: a producer with a 'transactional.id' sends in transaction() only, by the send() that it is given";
const NOT_CONFIGURED = "transaction: the producer has no 'transactional.id'";
const WITHDRAWN = 'send: the transaction was aborted before';

/** A packer with more memory than this is not kept for the next messages. */
const SPARE_BYTES = 1024 * 1024;

/** Reserved: there are none yet. */
export type ProducerOptions = Record<string, never>;

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
  #gathered = new MessagePacker();
  #waiters: Waiter[] = [];
  /** One whose messages librdkafka has copied. */
  #spare: MessagePacker | null = null;
  #nextId = 1;
  /** Null without `transactional.id`. */
  readonly #transactions: Transactions | null;

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, `'linger.ms'`, `'compression.type'`, ...
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: ProducerConfig, options: ProducerOptions = {}) {
    const { native: pairs, settings } = normalizeConfig('producer', config);
    check.knownKeys(options, 'options', []);
    super(pairs);
    const { transactionalId, transactionTimeoutMs } = settings;
    this.#transactions =
      transactionalId === undefined
        ? null
        : new Transactions(this.link, transactionTimeoutMs, {
            send: (what) => this.#send(what),
            delivered: () => this.#delivered(DELIVERY_FLUSH_MS),
            withdraw: () => this.#rejectQueued(() => localError('send', errno.purgeQueue, WITHDRAWN)),
            report: (error) => this.report(error),
          });
  }

  /**
   * Sends a message, or several. Where librdkafka's queue is full (`queue.buffering.max.messages`) it waits for room.
   * What is handed over may be changed afterwards: it is copied. (rd_kafka_produceva)
   *
   * @returns where each was stored, in the order given
   * @throws TypeError, RangeError for a malformed message; then none is sent. KafkaError when the delivery failed, the
   * first error of several messages: ERR__MSG_TIMED_OUT after `message.timeout.ms`, ERR_MSG_SIZE_TOO_LARGE, ...;
   * ERR__STATE with a `transactional.id`: such a producer sends in transaction() only
   */
  send(message: ProducerMessage): Promise<RecordMetadata>;
  send(messages: readonly ProducerMessage[]): Promise<RecordMetadata[]>;
  send(what: ProducerMessage | readonly ProducerMessage[]): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#transactions) return call(() => Promise.reject(localError('send', errno.state, OUTSIDE)));
    return this.#send(what);
  }

  /**
   * Does `work` in a transaction: commits when it resolves, and aborts when it rejects. What is sent in it, and the
   * offsets of consumers, take effect together or not at all, for who reads with `isolation.level` `read_committed` (the
   * default). Wants a `transactional.id`; another producer that begins one with the same id ends this one's for good.
   *
   * A message or an offset that `tx` refused is not left out: the transaction aborts, even if `work` has caught the error.
   * What `work` has not awaited is waited for.
   *
   * (rd_kafka_init_transactions the first time, for up to `transaction.timeout.ms`; rd_kafka_begin_transaction;
   * rd_kafka_commit_transaction or rd_kafka_abort_transaction, until they are decided.)
   *
   * @returns what `work` resolved with, once it is committed
   * @throws what `work` rejected with. KafkaError ERR__NOT_CONFIGURED without `transactional.id`; ERR__STATE while another
   * transaction of this producer has not ended; ERR__FENCED, fatal, when another producer has the id now; the error of
   * the first message that failed; ERR__DESTROY when the producer is closed meanwhile, which aborts
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.run('transaction', () => {
      if (typeof work !== 'function') throw check.typeError('work', 'a function', work);
      if (!this.#transactions) throw localError('transaction', errno.notConfigured, NOT_CONFIGURED);
      return this.#transactions.run(work);
    });
  }

  #send(what: ProducerMessage | readonly ProducerMessage[]): Promise<RecordMetadata | RecordMetadata[]> {
    return Array.isArray(what) ? this.#sendArray(what) : this.#sendOne(what as ProducerMessage);
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
   * ERR__PURGE_QUEUE or ERR__PURGE_INFLIGHT. A transaction whose work has not ended is aborted. The second call waits for
   * the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = FLUSH_TIMEOUT_MS } = check.timeoutOptions(options);
      const until = performance.now() + timeoutMs;
      await this.shutDown(async () => {
        await this.#transactions?.close(timeoutMs);
        this.#flushGathered();
        await this.#flush(Math.max(0, until - performance.now())).catch(() => undefined);
        if (this.#sendings.size === 0) return;
        this.#rejectQueued(() => destroyed('send'));
        this.link.handle.purge();
        await Promise.all(this.#pending());
      });
    });
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected override onDelivery(record: DeliveryRecord): void {
    const reports = new DeliveryReports(record);
    for (let from = 0, to = 0; from < reports.count; from = to) {
      const id = reports.batch(from);
      while (to < reports.count && reports.batch(to) === id) to++; // those of one call mostly come together
      const sending = this.#sendings.get(id);
      sending?.delivered(reports, from, to);
      if (sending?.ended) this.#forget(id);
    }
    this.#drainQueue();
  }

  #sendArray(messages: readonly ProducerMessage[]): Promise<RecordMetadata[]> {
    const sent = this.#handOverArray(messages);
    return call(() => sent); // what waits for the outcome does not hold the messages
  }

  #handOverArray(messages: readonly ProducerMessage[]): Promise<RecordMetadata[]> {
    return new Promise((resolve) => {
      this.#mustBeOpen();
      const packer = this.#takePacker(messages.length);
      packMessages(packer, messages);
      this.#flushGathered(); // what was asked for before goes before
      if (packer.count === 0) return resolve([]);
      const sending = new ArraySending(packer.take());
      resolve(sending.promise); // before: all may be refused at once
      this.#begin(sending, packer);
    });
  }

  /** No more than a promise and its two functions are made here: there may be tens of thousands on their way. */
  #sendOne(message: ProducerMessage): Promise<RecordMetadata> {
    try {
      this.#mustBeOpen();
      const checked = check.producerMessage(message); // before: a getter of it may send, too
      this.#gathered.add(checked);
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    if (this.#gathered.count === 1) queueMicrotask(() => this.#flushGathered());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #mustBeOpen(): void {
    if (this.closed) throw destroyed('send');
    if (this.fatal) throw this.fatal;
  }

  #flushGathered(): void {
    if (this.#gathered.count === 0) return;
    const packer = this.#gathered;
    const sending = new SinglesSending(packer.take(), this.#waiters);
    this.#gathered = this.#takePacker();
    this.#waiters = [];
    this.#begin(sending, packer);
  }

  /** A getter of a message may send one too: each has a packer of its own meanwhile. */
  #takePacker(messages?: number): MessagePacker {
    const packer = this.#spare ?? new MessagePacker(messages);
    this.#spare = null;
    packer.clear();
    return packer;
  }

  /** Hands over as much as librdkafka takes. What it has no room for goes to the end of the line. */
  #begin(sending: Sending, packer: MessagePacker): void {
    const id = this.#nextId;
    this.#nextId = (this.#nextId + 1) >>> 0 || 1;
    this.#sendings.set(id, sending);
    this.link.hold();
    if (this.#queue.length || !this.#handOver(id)) this.#queue.push(id);
    else if (packer.capacity <= SPARE_BYTES) this.#spare = packer;
  }

  /** False: there is no room for the rest of it. */
  #handOver(id: number): boolean {
    const sending = this.#sendings.get(id)!;
    const { topics, fields, timestamps, payload } = sending.packed!;
    while (sending.taken < sending.count) {
      const { accepted, error } = this.link.handle.produce(topics, fields, timestamps, payload, id, sending.taken);
      sending.taken += accepted;
      if (!error) break;
      if (error.errno === errno.queueFull) return false;
      sending.refused(sending.taken++, new KafkaError('send', error)); // this one alone is refused; the others go on
    }
    sending.packed = null;
    if (sending.ended) this.#forget(id);
    return true;
  }

  #drainQueue(): void {
    while (this.#queue.length && this.#handOver(this.#queue[0]!)) this.#queue.shift();
  }

  #forget(id: number): void {
    this.#sendings.delete(id);
    this.link.release();
  }

  #pending(): Promise<void>[] {
    return [...this.#sendings.values()].map(({ end }) => end);
  }

  /** What was sent so far is reported on. `linger.ms` is not waited for, for so long. */
  async #delivered(flushMs: number): Promise<void> {
    this.#flushGathered();
    if (this.#sendings.size === 0) return;
    const pending = Promise.all(this.#pending());
    this.link.handle.flush(Math.ceil(flushMs));
    await pending;
  }

  async #flush(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(localError('flush', errno.timedOut, `flush: not all is delivered after ${timeoutMs} ms`)),
        timeoutMs,
      );
    });
    try {
      await Promise.race([this.#delivered(timeoutMs), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What librdkafka never got. */
  #rejectQueued(error: () => KafkaError): void {
    this.#flushGathered();
    const queued = this.#queue;
    this.#queue = [];
    for (const id of queued) {
      const sending = this.#sendings.get(id)!;
      while (sending.taken < sending.count) sending.refused(sending.taken++, error());
      if (sending.ended) this.#forget(id);
    }
  }
}
