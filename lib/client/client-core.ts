// The life of a client: its native handle, its events, and one way to begin and to end.

import { EventEmitter } from 'node:events';
import type {
  ErrorRecord,
  LogRecord,
  NativeError,
  NativeRow,
  StatsRecord,
  TokenRefreshRecord,
} from '../../binding/native.js';
import type { Logger } from '../arguments/logger.js';
import type { OauthBearerTokenCallback } from '../arguments/options.js';
import { saslCredentials } from '../arguments/login.js';
import { onlyServer } from '../config/bootstrap.js';
import type { Login } from '../config/login.js';
import { KafkaError, call, destroyed, errno, localError, namingGroup, namingPartition, refusedBy } from '../errors.js';
import { ClientLog } from './client-log.js';
import type { LogLine } from './client.js';
import type { DiagnosticsEvent } from './diagnostics.js';
import { type Health, HealthRecord } from './health.js';
import { Refusals, isRefusal, isTokenRefusal } from './refusals.js';
import { Link, type LinkedHandle, throwLater } from './link.js';
import { watch } from './open-handles.js';
import { clearTimeout, setTimeout } from './timers.js';
import type { Statistics } from './statistics.js';
import { TokenSource, setTokenOf } from './token-source.js';
import { type BrokersUp, Over } from './waits.js';

/** How long close() waits, unless told otherwise. */
export const CLOSE_TIMEOUT_MS = 30_000;

/** How the name of the group begins that a consumer without `group.id` has for librdkafka, and never joins. */
export const NO_GROUP = 'seekafka-none-';

/** After its time limit close() gives librdkafka so long to end by itself. */
const ABANDON_MS = 900;

type CommonRecord = ErrorRecord | LogRecord | StatsRecord | TokenRefreshRecord;
/** What a client's own code is handed. */
export type OwnRecord<Record> = Exclude<Record, { type: 'reply' | 'closed' | CommonRecord['type'] }>;

interface CoreOptions {
  oauthBearerToken?: OauthBearerTokenCallback | undefined;
  logger?: Logger | undefined;
}

/** What other rooms may know of a client. */
export interface Known extends DiagnosticsEvent {
  /** `statistics.interval.ms`. */
  readonly statisticsMs: number;
}

const clients = new WeakMap<object, Known>();

/** Undefined where `client` is no client, or one of another copy of this package. */
export const knownOf = (client: unknown): Known | undefined =>
  typeof client === 'object' && client !== null ? clients.get(client) : undefined;

/** What the class of the client does besides. */
export interface Hooks<Record> {
  /** A record of the client's own kind. */
  onOwnRecord?(record: OwnRecord<Record>): void;
  /** The client can do nothing any more. */
  onFatal?(error: KafkaError): void;
  /** An error that passes: called instead of report(). @param row the partition that the error is of, where it is of one */
  onPassing?(error: KafkaError, row?: NativeRow): void;
  /** No broker accepts the client: what waits for one rejects. */
  onRefused?(refusal: KafkaError): void;
  /** At the end: librdkafka would wait for what cannot come any more, so nobody waits for librdkafka. */
  endsInVain?(): boolean;
  /** Which calls of the native side wait for a broker. Default: all. */
  waitsForBroker?(operation: string, bounded: boolean): boolean;
}

/**
 * The life of one client. It is an object of its own, and not methods of the client, so that a class that a user derives
 * from a client may call its own methods as it likes.
 */
export class ClientCore<Record extends { type: string }, Handle extends LinkedHandle<Record>> {
  readonly link: Link<Record, Handle>;
  /** The client is closing, or has failed for good: every wait of the caller's ends. */
  readonly over = new Over();
  /** To be called where the client is dropped without close(). Nothing in it may reach the client. */
  readonly letGo = new Set<() => void>();
  /** What its events of node:diagnostics_channel begin with. */
  about!: DiagnosticsEvent;
  /** Null: the client was given no logger. */
  log: ClientLog | null = null;
  readonly #logger: Logger | undefined;
  readonly #config: readonly [string, string][];
  readonly #health: HealthRecord;
  readonly #brokersUp = (): BrokersUp => this.link.handle.brokersUp();
  readonly #kind: string | null;
  readonly #warned = new Set<string>();
  readonly #tokens: TokenSource | null = null;
  #client!: EventEmitter;
  #hooks: Hooks<Record> = {};
  #fatal: KafkaError | null = null;
  #closing: Promise<void> | null = null;
  readonly #refusals: Refusals;
  /** Of tokens: one that stands is told once. The next attempt, which may be seconds away, is the try of whoever asks later. */
  readonly #tokenRefusals: Refusals;

  /**
   * @param kind the name of the class: a client of it that is dropped without close() is told by that; null: it is not
   * @param options `oauthBearerToken` gives the tokens for SASL/OAUTHBEARER; `logger`
   */
  constructor(
    kind: string | null,
    create: new (config: readonly [string, string][], onWake: () => void) => Handle,
    config: readonly [string, string][],
    { oauthBearerToken, logger }: CoreOptions = {},
  ) {
    this.#kind = kind;
    this.#config = config;
    this.#logger = logger;
    this.link = new Link<Record, Handle>(create, config, (record) => this.#onRecord(record));
    this.#health = new HealthRecord(this.#brokersUp);
    const stands = () => !this.#closing && this.#brokersUp()[0] === 0;
    const refuse = (refusal: KafkaError) => {
      this.link.refuse(refusal, (...call) => this.#hooks.waitsForBroker?.(...call) ?? true);
      this.#hooks.onRefused?.(refusal);
    };
    this.#refusals = new Refusals(stands, refuse);
    this.#tokenRefusals = new Refusals(stands, refuse, 'once');
    if (!oauthBearerToken) return;
    this.#tokens = new TokenSource(oauthBearerToken, setTokenOf(this.link), {
      failed: (error) => {
        if (isTokenRefusal(error)) this.#tokenRefusals.begin(error);
        this.#onTrouble(error);
      },
      taken: () => this.#tokenRefusals.end(),
    });
    this.letGo.add(this.#tokens.ending);
  }

  /** Whose core this is. Called once, in the constructor of the client. */
  attach(client: EventEmitter, hooks: Hooks<Record> = {}): void {
    this.#client = client;
    this.#hooks = hooks;
    const setting = (key: string) => this.#config.findLast(([name]) => name === key)?.[1];
    const groupId = setting('group.id');
    const server = onlyServer(setting('bootstrap.servers') ?? setting('metadata.broker.list') ?? '');
    const who = {
      clientId: setting('client.id') ?? 'rdkafka',
      ...(groupId === undefined || groupId.startsWith(NO_GROUP) ? {} : { groupId }),
    };
    this.about = { client, ...who, ...(server && { server }) };
    clients.set(client, { ...this.about, statisticsMs: Number(setting('statistics.interval.ms') ?? 0) });
    const source = { client: client.constructor.name, ...who };
    if (this.#logger) this.log = new ClientLog(this.#logger, source, (error) => this.#loggerFailed(error));
    if (this.#kind) watch(client, { kind: this.#kind, handle: this.link.handle, also: this.letGo });
  }

  /** @returns what was given, checked */
  setSaslCredentials(login: Login, username: unknown, password: unknown): [username: string, password: string] {
    const credentials = saslCredentials(username, password);
    this.mustBeOpen('setSaslCredentials');
    if (login !== 'password') {
      const text = "the client does not log in with a password ('security.protocol', 'sasl.mechanism')";
      throw localError('setSaslCredentials', errno.notConfigured, `setSaslCredentials: ${text}`);
    }
    this.link.handle.setSaslCredentials(...credentials);
    this.over.loginChanged();
    return credentials;
  }

  /** Why the client can do nothing any more, where it is so. */
  get fatal(): KafkaError | null {
    return this.#fatal;
  }

  get closing(): boolean {
    return this.#closing !== null;
  }

  /** How the client is, at once. */
  health(): Health {
    return this.#health.now();
  }

  /**
   * Every public method that needs the client. Until it settles it keeps the process alive, whatever it waits for.
   *
   * @param evenClosing for what still works while the client is closing
   */
  run<T>(operation: string, work: () => Promise<T>, evenClosing = false): Promise<T> {
    return call(async () => {
      if (this.#fatal) throw refusedBy(operation, this.#fatal);
      if (this.#closing && !evenClosing) throw destroyed(operation);
      this.link.waitBegins();
      try {
        return await work();
      } finally {
        this.link.waitEnds();
      }
    });
  }

  /** Throws where the client takes nothing any more. */
  mustBeOpen(operation: string): void {
    if (this.#closing) throw destroyed(operation);
    if (this.#fatal) throw refusedBy(operation, this.#fatal);
  }

  /**
   * The only place where events are emitted. What a listener throws becomes an uncaught exception, and cuts nothing of
   * what is being done.
   */
  tell(event: string | symbol, ...args: unknown[]): void {
    try {
      this.#client.emit(event, ...args);
    } catch (error) {
      throwLater(error);
    }
  }

  /**
   * An event `error`, and a line of the logger. It never ends the process for want of a listener: where nobody listens, and there
   * is no logger, the first error of each kind is a process warning.
   */
  report(error: unknown): void {
    this.log?.error(error);
    if (this.#client.listenerCount('error') > 0) {
      this.tell('error', error);
      return;
    }
    this.tell(EventEmitter.errorMonitor, error); // whoever watches errors only, and handles none
    if (this.log) return;
    const { code, message } = error as KafkaError;
    this.warn(code, `${message} (listen to the event 'error' to handle such errors)`);
  }

  /** A warning of the logger's, else one of the process, once for each code. */
  warn(code: string, text: string): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    if (this.log) this.log.write('warn', text, { code: `SEEKAFKA_${code}` });
    else this.#warnProcess(code, text);
  }

  /** A line of the log, of this handle or of another one that the client uses. @param others are told it already */
  tellLine(line: LogLine, others?: Set<Logger>): void {
    if (this.log && !others?.has(this.log.logger)) this.log.line(line);
    if (this.log) others?.add(this.log.logger);
    this.tell('log', line);
  }

  #loggerFailed(error: unknown): void {
    if (this.#warned.has('LOGGER')) return;
    this.#warned.add('LOGGER');
    this.#warnProcess('LOGGER', `the logger has failed, and may have lost lines: ${String(error)}`);
  }

  #warnProcess(code: string, text: string): void {
    const kind = this.#client.constructor.name;
    process.emitWarning(`${kind}: ${text}`, { type: 'SeekafkaWarning', code: `SEEKAFKA_${code}` });
  }

  /**
   * Idempotent, and never rejects: `before` is done once, then the handle ends. Where that takes longer than the time
   * limit it is aborted, and, where librdkafka does not even end then (it waits for a name server, say), left to itself.
   *
   * @param graceMs so long `before` may still need after the time limit, with a handle that works
   */
  shutDown(timeoutMs: number, before: () => Promise<unknown> = () => Promise.resolve(), graceMs = 0): Promise<void> {
    this.#health.noteClosed();
    this.#closing ??= this.#shutDown(timeoutMs, before, graceMs);
    return this.#closing;
  }

  async #shutDown(timeoutMs: number, before: () => Promise<unknown>, graceMs: number): Promise<void> {
    const { link } = this;
    const timers = [
      setTimeout(() => link.handle.abort(), timeoutMs + graceMs),
      setTimeout(() => link.abandon(), timeoutMs + ABANDON_MS),
    ];
    link.waitBegins();
    await Promise.resolve(); // so that `closing` is true for what follows
    this.over.end(destroyed);
    try {
      await Promise.race([before(), link.ended]);
    } catch (error) {
      this.report(error);
    }
    if (this.#hooks.endsInVain?.()) {
      link.handle.abort();
      timers.push(setTimeout(() => link.abandon(), ABANDON_MS));
    }
    await link.end();
    this.#tokens?.ending();
    for (const timer of timers) clearTimeout(timer);
    link.waitEnds();
  }

  #onRecord(record: Exclude<Record, { type: 'reply' | 'closed' }>): void {
    const common = record as unknown as CommonRecord;
    switch (common.type) {
      case 'error':
        this.#onError(common.error, common.rows?.[0]);
        break;
      case 'log':
        this.tellLine({ level: common.level, facility: common.facility, message: common.message });
        break;
      case 'stats':
        this.tellStatistics('statistics', common.json);
        break;
      case 'tokenRefresh':
        this.#tokens?.needed();
        break;
      default:
        this.#hooks.onOwnRecord?.(record as OwnRecord<Record>);
    }
  }

  /** Parsed only where somebody listens. */
  tellStatistics(event: 'statistics' | 'lookupStatistics', json: string): void {
    if (this.#client.listenerCount(event) > 0) this.tell(event, parsed(json), json);
  }

  #onError(told: NativeError, row?: NativeRow): void {
    const which = row && [{ topic: row.topic, partition: row.partition, error: new KafkaError('client', told) }];
    const named = row ? namingPartition(told, row) : namingGroup(told, this.about.groupId);
    const error = new KafkaError('client', named, which);
    if (!error.fatal && !row && isRefusal(error)) this.#refusals.begin(error); // by a broker; a lack of a token comes another way
    this.#onTrouble(error, row);
  }

  #onTrouble(error: KafkaError, row?: NativeRow): void {
    this.#health.noteError(error);
    if (!row) for (const over of [this.over, this.link.over]) over.noteTrouble(error, this.#brokersUp);
    if (!error.fatal) return this.#hooks.onPassing ? this.#hooks.onPassing(error, row) : this.report(error);
    this.#fatal = error;
    this.over.end((operation) => refusedBy(operation, error)); // each its own: call() makes its stack the caller's
    this.#hooks.onFatal?.(error);
    this.report(error);
  }
}

/** String(statistics), and so JSON.parse(statistics), gets librdkafka's own text. */
function parsed(json: string): Statistics {
  const statistics = JSON.parse(json) as Statistics;
  return Object.defineProperty(statistics, 'toString', { value: () => json, enumerable: false });
}
