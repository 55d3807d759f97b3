import { native } from '../../binding/native.js';
import { clientOptions } from '../arguments/login.js';
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
import { connects, traced, transactions } from '../client/diagnostics.js';
import type { Health } from '../client/health.js';
import { now } from '../client/timers.js';
import { connectClient } from '../client/connecting.js';
import { type ProducerConfig, normalizeConfig } from '../config/config.js';
import type { Login } from '../config/login.js';
import { call, destroyed, errno, localError } from '../errors.js';
import { Encoder } from './encoder.js';
import { type ProducerCore, SendQueue } from './send-queue.js';
import { Sender } from './sender.js';
import { type Transaction, Transactions, WITHDRAWN } from './transaction.js';

/** How long flush() waits for deliveries, unless told otherwise. */
const FLUSH_TIMEOUT_MS = 30_000;
/** What was not delivered in time is told to those that wait for it within this. */
const PURGE_MS = 400;

/** The end of a transaction does not wait for `linger.ms`. */
const DELIVERY_FLUSH_MS = 60_000;

const OUTSIDE =
  "send: a producer with a 'transactional.id' sends in transaction() only, by the send() that it is given";
const NOT_CONFIGURED = "the producer has no 'transactional.id'";

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
  readonly #core: ProducerCore;
  readonly #queue: SendQueue;
  readonly #sender: Sender;
  readonly #timeoutMs: number;
  readonly #login: Login;
  /** Null without `transactional.id`. */
  readonly #transactions: Transactions | null;

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
      onRefused: (refusal) => this.#sender.refuse(refusal),
      // What was begun with the coordinator is to be decided.
      waitsForBroker: (operation, bounded) => bounded || operation !== 'transaction',
      onOwnRecord: (record) => {
        if (record.type === 'delivery') this.#queue.onDelivery(record);
      },
      // Its messages, which librdkafka purges, have to say why.
      onFatal: (error) => {
        this.#transactions?.failed(error);
        this.#queue.blame(error);
      },
    });
    const { transactionalId, transactionTimeoutMs } = settings;
    this.#queue = new SendQueue(this.#core, settings);
    this.#sender = new Sender(this.#core, this.#queue, encode && new Encoder(encode), transactionalId !== undefined);
    this.#timeoutMs = settings.socketTimeoutMs;
    this.#login = settings.login;
    this.#transactions =
      transactionalId === undefined
        ? null
        : new Transactions(this.#core.link, transactionTimeoutMs, {
            send: (what) => this.#sender.send(what),
            delivered: () => this.#sender.delivered(DELIVERY_FLUSH_MS),
            withdraw: () => this.#sender.withdraw(localError('send', errno.purgeQueue, `send: ${WITHDRAWN}`)),
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
   * ERR__MSG_TIMED_OUT after `message.timeout.ms`, with what it waited for as its `cause`, and before that where the message may be
   * stored, and another one of an idempotent producer has failed, for then it cannot be sent again; ERR_UNKNOWN_TOPIC_OR_PART after
   * `topic.metadata.propagation.max.ms` where there is no such topic (an event `error` says so after two seconds, once);
   * ERR_MSG_SIZE_TOO_LARGE, ... (of several messages the first error, with
   * the outcome of each in `results`); ERR__DESTROY when close() ended it, with ERR__PURGE_QUEUE (it was not sent) or
   * ERR__PURGE_INFLIGHT (it may be stored) as its `cause`; ERR__STATE with a `transactional.id`: such a producer sends in transaction()
   * only. The stack of an error of a message that is sent alone names the caller where that awaits it: to note the caller before would
   * take longer than to send the message
   */
  send(messages: readonly ProducerMessage<V, K>[]): Promise<RecordMetadata[]>;
  send(message: ProducerMessage<V, K>): Promise<RecordMetadata>; // the last one: TypeScript tells of it what does not fit
  send(what: ProducerMessage<V, K> | readonly ProducerMessage<V, K>[]): Promise<RecordMetadata | RecordMetadata[]> {
    if (this.#transactions) return call(() => Promise.reject(localError('send', errno.state, OUTSIDE)));
    return this.#sender.send(what);
  }

  /**
   * Takes the `transactional.id`: aborts what another producer with it has left open, and fences that one. The first
   * transaction() does it too. Call it before a consumer of a pipeline begins to read: until a transaction that a killed
   * process has left is decided, what its consumer group has committed cannot be known (up to `transaction.timeout.ms`).
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
   * Each step waits for the transaction's coordinator for up to `transaction.timeout.ms`. (rd_kafka_init_transactions the first time;
   * rd_kafka_begin_transaction; rd_kafka_commit_transaction or rd_kafka_abort_transaction)
   *
   * @returns what `work` resolved with, once it is committed
   * @throws what `work` rejected with. KafkaError ERR__NOT_CONFIGURED without `transactional.id`; ERR__STATE while another
   * transaction of this producer has not ended; ERR__FENCED, fatal, when another producer has the id now (what the work
   * saw of it is its `cause`); ERR_INVALID_PRODUCER_EPOCH when it took longer than `transaction.timeout.ms` (default 60,000),
   * so that its coordinator has aborted it (the next one begins anew); the error of the first message that failed; ERR__TIMED_OUT,
   * `retriable` where nothing was begun: the coordinator was not found. Not `retriable` where it has not answered the commit: the
   * transaction may be committed yet, or aborted, and the next one waits for that before it begins; ERR__DESTROY when the producer is
   * closed meanwhile, which aborts, unless the commit is under way: then it may be committed, and the text says so
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
      return this.#core.over.race('flush', this.#sender.delivered(timeoutMs), {
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
   * Sends what waits, waits for it, and lets go of everything. What is not acknowledged in time rejects with ERR__DESTROY, whose
   * `cause` tells whether it may be stored: ERR__PURGE_QUEUE (it was not sent) or ERR__PURGE_INFLIGHT. A transaction whose work has not
   * ended is aborted. The second call waits for the first. Never rejects.
   *
   * @param options `timeoutMs`, default 30,000
   */
  close(options: TimeoutOptions = {}): Promise<void> {
    return call(async () => {
      const { timeoutMs = CLOSE_TIMEOUT_MS } = timeoutOptions(options);
      await this.#core.shutDown(timeoutMs, () => this.#beforeEnd(timeoutMs), PURGE_MS);
      // Where not even the purge was reported in time.
      this.#queue.end(() => destroyed('send'));
    });
  }

  async #beforeEnd(timeoutMs: number): Promise<void> {
    const until = now() + timeoutMs;
    await this.#transactions?.close(timeoutMs);
    this.#queue.flushGathered();
    const left = Math.max(0, until - now());
    await this.#core.link.over.race('close', this.#sender.delivered(left), { timeoutMs: left }).catch(() => undefined);
    await this.#sender.close();
  }
}
