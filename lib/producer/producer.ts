import { DeliveryReports } from '../../binding/delivery-layout.js';
import { type ClientRecord, type DeliveryRecord, type NativeClient, native } from '../../binding/native.js';
import {
  MessagePacker,
  type PackableMessage,
  type PackedMessages,
  partitionOf,
  valueLengthOf,
} from '../../binding/produce-layout.js';
import { clientOptions } from '../arguments/login.js';
import { type AddedHeaders, addedHeaders, producerMessage, withAddedHeaders } from '../arguments/messages.js';
import type {
  ClientOptions,
  ProducerMessage,
  RecordMetadata,
  TimeoutOptions,
  WaitOptions,
} from '../arguments/options.js';
import { type Serializer, encoders } from '../arguments/serdes.js';
import { isClass, timeoutOptions, typeError, waitOptions } from '../arguments/values.js';
import { Client, type ClientEvents } from '../client/client.js';
import { CLOSE_TIMEOUT_MS, ClientCore } from '../client/client-core.js';
import { type SendEvent, connects, deliveries, sends, traced, transactions } from '../client/diagnostics.js';
import type { Health } from '../client/health.js';
import { now, queueMicrotask } from '../client/timers.js';
import { connectClient } from '../client/connecting.js';
import { type ProducerConfig, normalizeConfig } from '../config/config.js';
import type { Login } from '../config/login.js';
import { type KafkaError, call, destroyed, errno, localError, refusedBy } from '../errors.js';
import { Encoder, type Encoding, EncodingLine } from './encoder.js';
import { ArraySending, type Sending, SinglesSending, type Waiter } from './sending.js';
import { MissingTopics } from './missing-topics.js';
import { type Transaction, Transactions } from './transaction.js';

/** How long flush() waits for deliveries, unless told otherwise. */
const FLUSH_TIMEOUT_MS = 30_000;
/** How long it is looked for a topic that messages wait for. */
const LOOK_MS = 1000;
/** What was not delivered in time is told to those that wait for it within this. */
const PURGE_MS = 400;

/** The end of a transaction does not wait for `linger.ms`. */
const DELIVERY_FLUSH_MS = 60_000;

const OUTSIDE =
  "send: a producer with a 'transactional.id' sends in transaction() only, by the send() that it is given";
const NOT_CONFIGURED = "the producer has no 'transactional.id'";
const WITHDRAWN = 'send: the transaction was aborted before';

/** Room for so many messages is made at once; what an array says of its length is no reason to take memory. */
const MOST_PREPARED = 10_000;

/** A packer with more memory than this is not kept for the next messages. */
const SPARE_BYTES = 1024 * 1024;

/** What makes bytes of keys and values. What is left out stays as it is, and `null` is sent as `null`. */
export interface ProducerSerializer<V = Uint8Array | string, K = Uint8Array | string> {
  /** Of keys. */
  key?: Serializer<K> | undefined;
  /** Of values. */
  value?: Serializer<V> | undefined;
}

/** Options of a producer. */
export interface ProducerOptions<V = Uint8Array | string, K = Uint8Array | string> extends ClientOptions {
  /**
   * Encodes keys and values, and types what is sent by that. Promises are awaited, all of one send() at once; messages are sent in
   * the order of the calls. Default: keys and values are bytes, or strings, which are sent as UTF-8.
   */
  serializer?: ProducerSerializer<V, K> | undefined;
}

/**
 * Sends messages. `send` resolves when the broker has acknowledged as `acks` says.
 *
 * A producer keeps the process alive while something is on its way. `close()` it.
 *
 * @typeParam V what values are, where they are not `null`: what `serializer.value` takes
 * @typeParam K what keys are, where they are not `null`: what `serializer.key` takes
 */
export class Producer<V = Uint8Array | string, K = Uint8Array | string> extends Client<ClientEvents> {
  readonly #core: ClientCore<ClientRecord, NativeClient>;
  readonly #sendings = new Map<number, Sending>();
  /** Those that librdkafka's queue had no room for, in order. */
  #queue: number[] = [];
  /** Single messages of this turn of the event loop, which cross together. */
  #gathered = new MessagePacker();
  #waiters: Waiter[] = [];
  /** One whose messages librdkafka has copied. */
  #spare: MessagePacker | null = null;
  #nextId = 1;
  /** What librdkafka has room for (`queue.buffering.max.kbytes`). */
  readonly #queueBytes: number;
  readonly #lingerFollowsLoad: boolean;
  readonly #timeoutMs: number;
  readonly #login: Login;
  readonly #missing: MissingTopics;
  /** Why a message to the topic was late. */
  readonly #whyLate: (topic: string) => KafkaError | null;
  /** Null without `transactional.id`. */
  readonly #transactions: Transactions | null;
  /** Null: what is sent is bytes. */
  readonly #encoder: Encoder | null;
  /** Messages that are being encoded, and those behind them. */
  readonly #encoding = new EncodingLine({
    begins: () => this.#core.link.waitBegins(),
    ends: () => this.#core.link.waitEnds(),
  });

  /**
   * @param config librdkafka's configuration: `'bootstrap.servers'`, `'linger.ms'`, `'compression.type'`, ...
   * @param options `oauthBearerToken`, `logger`, `serializer`
   * @throws TypeError, RangeError for a key that does not exist or a value that is refused.
   */
  constructor(config: ProducerConfig, options: ProducerOptions<V, K> = {}) {
    const { oauthBearerToken, logger } = clientOptions(options, ['serializer']);
    const encode = encoders(options.serializer);
    const { native: pairs, settings } = normalizeConfig('producer', config, oauthBearerToken !== undefined);
    super();
    this.#core = new ClientCore('Producer', native.Client, pairs, { oauthBearerToken, logger });
    this.#core.attach(this, {
      onRefused: (refusal) => this.#refuse(refusal),
      // What was begun with the coordinator is to be decided.
      waitsForBroker: (operation, bounded) => bounded || operation !== 'transaction',
      onOwnRecord: (record) => {
        if (record.type === 'delivery') this.#onDelivery(record);
      },
      onFatal: (error) => this.#failed(error),
    });
    const { transactionalId, transactionTimeoutMs, messageTimeoutMs, queueBytes, lingerFollowsLoad } = settings;
    const { link, over } = this.#core;
    this.#missing = new MissingTopics({
      waiting: this.#sendings,
      nextId: () => this.#nextId,
      exists: async (topic) => {
        if (this.#core.closing || link.handle.brokersUp()[0] === 0) return null;
        return (await link.request('send', (id) => link.handle.partitionsOf(id, LOOK_MS, topic))).length > 0;
      },
      tell: (error) => this.#core.report(error),
    });
    this.#whyLate = (topic) => this.#missing.errorOf(topic) ?? over.troubleSince(messageTimeoutMs || Infinity);
    this.#encoder = encode && new Encoder(encode);
    this.#queueBytes = queueBytes;
    this.#lingerFollowsLoad = lingerFollowsLoad;
    this.#timeoutMs = settings.socketTimeoutMs;
    this.#login = settings.login;
    this.#transactions =
      transactionalId === undefined
        ? null
        : new Transactions(this.#core.link, settings.servers, transactionTimeoutMs, {
            send: (what) => this.#send(what),
            delivered: () => this.#delivered(DELIVERY_FLUSH_MS),
            withdraw: () => this.#rejectQueued(() => localError('send', errno.purgeQueue, WITHDRAWN)),
            report: (error) => this.#core.report(error),
            fatal: () => this.#core.fatal,
          });
  }

  /**
   * Resolves as soon as a broker answers. Never needed: every call connects by itself. It shows early what is wrong with the
   * configuration: it rejects as soon as all brokers are known to be down, or a second after one has refused the client.
   * (rd_kafka_metadata of no topic)
   *
   * @param options `timeoutMs`, default `socket.timeout.ms`; `signal`
   * @throws KafkaError with the code and the words of the reason, which is its `cause`: ERR__AUTHENTICATION (login, token), ERR__SSL
   * (certificate), ERR__TRANSPORT, ERR__RESOLVE, ...; ERR__TIMED_OUT. A later call tries again
   */
  connect(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('connect', async () => {
      const { timeoutMs = this.#timeoutMs, signal } = waitOptions(options);
      await traced(
        connects,
        () => ({ ...this.#core.about }),
        () => connectClient(this.#core, { timeoutMs, signal }),
      );
    });
  }

  /**
   * Logs in with this name and password from the next connection on, for passwords that change. Connections that there are stay.
   * (rd_kafka_sasl_set_credentials)
   *
   * @throws TypeError, RangeError for what is no name or password. KafkaError ERR__NOT_CONFIGURED where the client logs in by no
   * password (PLAIN, SCRAM), ERR__DESTROY
   */
  setSaslCredentials(username: string, password: string): void {
    this.#core.setSaslCredentials(this.#login, username, password);
  }

  /**
   * Sends a message, or several. Where librdkafka's queue is full (`queue.buffering.max.messages`) it waits for room.
   * What is handed over may be changed afterwards: it is copied. (rd_kafka_produceva)
   *
   * @returns where each was stored, in the order given
   * @throws TypeError, RangeError for a malformed message, SerializationError for one that cannot be encoded; then none is sent.
   * KafkaError when the delivery failed:
   * ERR__MSG_TIMED_OUT after `message.timeout.ms`, with what it waited for as its `cause`; ERR_UNKNOWN_TOPIC_OR_PART after
   * `topic.metadata.propagation.max.ms` where there is no such topic (an event `error` says so after two seconds, once);
   * ERR_MSG_SIZE_TOO_LARGE, ... (of several messages the first error, with
   * the outcome of each in `results`); ERR__STATE with a `transactional.id`: such a producer sends in transaction() only
   */
  send(messages: readonly ProducerMessage<V, K>[]): Promise<RecordMetadata[]>;
  send(message: ProducerMessage<V, K>): Promise<RecordMetadata>; // the last one: TypeScript tells of it what does not fit
  send(what: ProducerMessage<V, K> | readonly ProducerMessage<V, K>[]): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#transactions) return call(() => Promise.reject(localError('send', errno.state, OUTSIDE)));
    return this.#send(what);
  }

  /**
   * Takes the `transactional.id`: aborts what another producer with it has left open, and fences that one. The first
   * transaction() does it too. Call it before a consumer of a pipeline begins to read: until a transaction that a killed
   * process has left is decided, what its consumer group has committed cannot be known (up to `transaction.timeout.ms`).
   * Where nobody has called it, a consumer that waits for that, without `enable.auto.commit`, has it done some seconds later: if one
   * producer alone of the process has not done it (of several nobody knows which is meant).
   * (rd_kafka_init_transactions)
   *
   * @param options `timeoutMs`, default `transaction.timeout.ms`; `signal`
   * @throws KafkaError ERR__NOT_CONFIGURED without `transactional.id`, ERR__TIMED_OUT; a later call tries again
   */
  initTransactions(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('initTransactions', () => {
      const limits = waitOptions(options);
      if (!this.#transactions)
        throw localError('initTransactions', errno.notConfigured, `initTransactions: ${NOT_CONFIGURED}`);
      return this.#core.over.race('initTransactions', this.#transactions.initialize('initTransactions', limits));
    });
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
   * transaction of this producer has not ended; ERR__FENCED, fatal, when another producer has the id now (what the work
   * saw of it is its `cause`); ERR_INVALID_PRODUCER_EPOCH when it took longer than `transaction.timeout.ms` (default 60,000),
   * so that its coordinator has aborted it (the next one begins anew); the error of the first message that failed; ERR__DESTROY
   * when the producer is closed meanwhile, which aborts
   */
  transaction<T>(work: (tx: Transaction<V, K>) => Promise<T>): Promise<T> {
    return this.#core.run('transaction', () => {
      if (typeof work !== 'function') throw typeError('work', 'a function', work);
      if (isClass(work)) throw new TypeError('work: expected a function, got a class');
      if (!this.#transactions) throw localError('transaction', errno.notConfigured, `transaction: ${NOT_CONFIGURED}`);
      const { about } = this.#core;
      const running = this.#transactions;
      return traced(
        transactions,
        () => ({ ...about }),
        () => running.run(work),
      );
    });
  }

  #send(what: unknown): Promise<RecordMetadata | RecordMetadata[]> {
    let several: boolean;
    try {
      several = Array.isArray(what); // which throws for a proxy that was revoked
    } catch {
      return call(() => Promise.reject(typeError('message', '{ topic, value, ... } or an array of them', what)));
    }
    return sends.active ? this.#sendTraced(what, several) : this.#sendNow(what, several);
  }

  #sendNow(what: unknown, several: boolean, headers?: AddedHeaders): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#encoder) return this.#sendEncoded(this.#encoder, what, several, headers);
    return several
      ? this.#sendArray(what as readonly ProducerMessage[], headers)
      : this.#sendOne(what as ProducerMessage, headers);
  }

  #sendTraced(what: unknown, several: boolean): Promise<RecordMetadata | RecordMetadata[]> {
    const event: SendEvent = {
      ...this.#core.about,
      messages: several ? (what as readonly ProducerMessage[]) : [what as ProducerMessage],
      transactional: this.#transactions !== null,
      headers: [],
    };
    const send = async (): Promise<RecordMetadata | RecordMetadata[]> =>
      this.#sendNow(what, several, addedHeaders(event.headers));
    return call(() => sends.run(event, send));
  }

  /**
   * Sends what waits for `linger.ms`, and resolves when everything sent so far has been acknowledged or has failed.
   * (rd_kafka_flush)
   *
   * @param options `timeoutMs`, default 30,000; `signal`
   * @throws KafkaError ERR__TIMED_OUT; nothing is given up by that, nor by the signal
   */
  flush(options: WaitOptions = {}): Promise<void> {
    return this.#core.run('flush', () => {
      const { timeoutMs = FLUSH_TIMEOUT_MS, signal } = waitOptions(options);
      return this.#core.over.race('flush', this.#delivered(timeoutMs), {
        timeoutMs,
        signal,
        late: 'not all is delivered',
      });
    });
  }

  /**
   * How this client is, at once and without asking a broker: for a probe. After close() it is `closed`.
   * (rd_kafka_brokers_up, of up-brokers.patch)
   */
  health(): Health {
    return this.#core.health();
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
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.shutDown(timeoutMs, () => this.#beforeEnd(timeoutMs), PURGE_MS);
      // Where not even the purge was reported in time.
      for (const sending of this.#sendings.values()) sending.abandon(() => destroyed('send'));
      this.#sendings.clear();
      this.#missing.end();
    });
  }

  async #beforeEnd(timeoutMs: number): Promise<void> {
    const until = now() + timeoutMs;
    await this.#transactions?.close(timeoutMs);
    this.#flushGathered();
    const left = Math.max(0, until - now());
    await this.#core.link.over.race('close', this.#delivered(left), { timeoutMs: left }).catch(() => undefined);
    if (this.#sendings.size === 0 && this.#encoding.empty) return;
    this.#rejectQueued(() => destroyed('send'));
    this.#core.link.handle.purge();
    await Promise.all(this.#pending());
  }

  #onDelivery(record: DeliveryRecord): void {
    const reports = new DeliveryReports(record);
    for (let from = 0, to = 0; from < reports.count; from = to) {
      const id = reports.batch(from);
      while (to < reports.count && reports.batch(to) === id) to++; // those of one call mostly come together
      const sending = this.#sendings.get(id);
      sending?.delivered(reports, from, to);
      if (sending?.ended) this.#forget(id);
    }
    if (deliveries.active) this.#tellDelivered(reports);
    this.#drainQueue();
  }

  #tellDelivered(reports: DeliveryReports): void {
    let failed = 0;
    for (let i = 0; i < reports.count; i++) if (reports.errorCode(i) !== 0) failed++;
    deliveries.publish({ ...this.#core.about, delivered: reports.count - failed, failed });
  }

  /** The messages of one call, which are encoded first. Messages of other calls do not go before them. */
  #sendEncoded(
    encoder: Encoder,
    what: unknown,
    several: boolean,
    headers?: AddedHeaders,
  ): Promise<RecordMetadata | RecordMetadata[]> {
    let encoding: Encoding;
    try {
      this.#core.mustBeOpen('send');
      const given = several ? (what as readonly unknown[]) : [what];
      mustHaveLength(given);
      encoding = encoder.encode(given, !several);
      this.#core.mustBeOpen('send'); // a getter of a message, or a serialiser, may have closed it
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    const handOver = (messages: readonly PackableMessage[]): Promise<RecordMetadata | RecordMetadata[]> =>
      several ? this.#handOverArray(messages, false, headers) : this.#gather(withAddedHeaders(messages[0]!, headers));
    const isNext = !encoding.done && this.#encoding.empty;
    if (isNext && !several) return handOver(encoding.messages);
    const sent = isNext
      ? handOver(encoding.messages)
      : this.#encoding.add(encoding, (messages) =>
          this.#core.fatal ? Promise.reject(this.#core.fatal) : handOver(messages),
        );
    return call(() => sent); // what waits for the outcome does not hold the messages
  }

  #sendArray(messages: readonly ProducerMessage[], headers?: AddedHeaders): Promise<RecordMetadata[]> {
    const sent = this.#handOverArray(messages, true, headers);
    return call(() => sent); // what waits for the outcome does not hold the messages
  }

  /** @param asGiven whether they are the user's, and not checked yet */
  #handOverArray(
    messages: readonly ProducerMessage[] | readonly PackableMessage[],
    asGiven: boolean,
    headers?: AddedHeaders,
  ): Promise<RecordMetadata[]> {
    return new Promise((resolve) => {
      if (asGiven) this.#core.mustBeOpen('send');
      const length = mustHaveLength(messages);
      const packer = this.#takePacker(Math.min(length, MOST_PREPARED));
      for (let i = 0; i < length; i++) {
        const message = asGiven ? producerMessage(messages[i], i) : (messages[i] as PackableMessage);
        const checked = withAddedHeaders(message, headers);
        try {
          packer.add(checked);
        } catch (error) {
          throw new RangeError('messages: expected less in one call, got more than there is memory for', {
            cause: error,
          });
        }
      }
      if (asGiven) this.#core.mustBeOpen('send'); // a getter of a message may have closed it
      this.#flushGathered(); // what was asked for before goes before
      if (packer.count === 0) return resolve([]);
      const sending = new ArraySending(packer.take(), this.#whyLate);
      resolve(sending.promise); // before: all may be refused at once
      this.#begin(sending, packer);
    });
  }

  /** No more than a promise and its two functions are made here: there may be tens of thousands on their way. */
  #sendOne(message: ProducerMessage, headers?: AddedHeaders): Promise<RecordMetadata> {
    let checked: PackableMessage;
    try {
      checked = withAddedHeaders(producerMessage(message), headers); // before: a getter of it may send, too, or close
      this.#core.mustBeOpen('send');
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    return this.#gather(checked);
  }

  #gather(checked: PackableMessage): Promise<RecordMetadata> {
    try {
      this.#gathered.add(checked); // whole or not at all
    } catch (error) {
      return call(() => Promise.reject(error as Error));
    }
    if (this.#gathered.count === 1) queueMicrotask(() => this.#flushGathered());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #flushGathered(): void {
    if (this.#gathered.count === 0) return;
    const packer = this.#gathered;
    const sending = new SinglesSending(packer.take(), this.#whyLate, this.#waiters);
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
    this.#missing.begin();
    this.#core.link.waitBegins();
    if (this.#queue.length || !this.#handOver(id)) this.#queue.push(id);
    else if (packer.capacity <= SPARE_BYTES) this.#spare = packer;
    // Nothing else is under way that it could be gathered with.
    if (this.#lingerFollowsLoad && this.#sendings.size === 1) this.#core.link.handle.sendNow();
  }

  /** False: there is no room for the rest of it. */
  #handOver(id: number): boolean {
    const sending = this.#sendings.get(id)!;
    const packed = sending.packed!;
    const { topics, fields, timestamps, payload } = packed;
    while (sending.taken < sending.count) {
      const { accepted, error } = this.#core.link.handle.produce(
        topics,
        fields,
        timestamps,
        payload,
        id,
        sending.taken,
      );
      sending.taken += accepted;
      if (!error) break;
      const refused =
        error.errno === errno.queueFull
          ? this.#tooLarge(packed, sending.taken)
          : sending.failure(sending.taken, partitionOf(packed, sending.taken), error);
      if (!refused) return false;
      sending.refused(sending.taken++, refused); // this one alone is refused; the others go on
    }
    sending.packed = null;
    if (sending.ended) this.#forget(id);
    return true;
  }

  /** librdkafka, which counts values alone, calls its queue full for one that even the empty queue has no room for. */
  #tooLarge(packed: PackedMessages, index: number): KafkaError | null {
    const bytes = valueLengthOf(packed, index);
    if (bytes <= this.#queueBytes) return null;
    const text = `send: the value has ${bytes} bytes, and 'queue.buffering.max.kbytes' is ${this.#queueBytes / 1024}`;
    return localError('send', errno.msgSizeTooLarge, text);
  }

  #drainQueue(): void {
    while (this.#queue.length && this.#handOver(this.#queue[0]!)) this.#queue.shift();
  }

  /** No broker accepts this producer: what waits for one is told, and is not sent later. */
  #refuse(refusal: KafkaError): void {
    this.#flushGathered();
    if (this.#sendings.size === 0 && this.#encoding.empty) return;
    this.#rejectQueued(() => refusedBy('send', refusal));
    for (const sending of this.#sendings.values()) sending.refusal = refusal;
    this.#core.link.handle.purge();
  }

  /** The producer can do nothing any more: that is what its messages, which librdkafka purges, have to say. */
  #failed(fatal: KafkaError): void {
    this.#transactions?.failed(fatal);
    for (const sending of this.#sendings.values()) sending.refusal = fatal;
  }

  #forget(id: number): void {
    this.#sendings.delete(id);
    this.#core.link.waitEnds();
  }

  #pending(): Promise<void>[] {
    return [...this.#sendings.values()].map(({ end }) => end);
  }

  /** What was sent so far is reported on. `linger.ms` is not waited for, for so long. */
  async #delivered(flushMs: number): Promise<void> {
    if (!this.#encoding.empty) await this.#encoding.passed();
    this.#flushGathered();
    if (this.#sendings.size === 0) return;
    const pending = Promise.all(this.#pending());
    this.#core.link.handle.flush(Math.ceil(flushMs));
    await pending;
  }

  /** What librdkafka never got. */
  #rejectQueued(error: () => KafkaError): void {
    this.#encoding.abandon(error);
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

/** A proxy of an array may say anything. */
function mustHaveLength(messages: readonly unknown[]): number {
  const { length } = messages;
  if (!Number.isInteger(length) || length < 0) throw typeError('messages', 'an array', messages);
  return length;
}
