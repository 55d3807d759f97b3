// What all clients are: a native handle, events, and one way to begin and to end.

import { EventEmitter } from 'node:events';
import type { ErrorRecord, LogRecord, NativeError, NativeRow, StatsRecord } from '../../binding/native.js';
import { KafkaError, call, destroyed } from '../errors.js';
import { Link, type LinkedHandle, throwLater } from './link.js';
import { watch } from './open-handles.js';
import { clearTimeout, setTimeout } from './timers.js';
import { Over } from './waits.js';

/** How long close() waits, unless told otherwise. */
export const CLOSE_TIMEOUT_MS = 30_000;

/** After its time limit close() gives librdkafka so long to end by itself. */
const ABANDON_MS = 900;

/** A line of librdkafka's log. */
export interface LogLine {
  /** As of syslog: 3 error, 4 warning, 6 information, 7 debug. */
  level: number;
  /** librdkafka's own name of what the line is about, as `FAIL`; `DROPPED`: how many lines there was no room for. */
  facility: string;
  message: string;
}

export interface ClientEvents {
  /**
   * An error that passes by itself, as a broker that is away; a fatal one too. Without a listener the first of each kind is a
   * process warning (`process.emitWarning`, code `SEEKAFKA_` and the error's).
   */
  error: [error: KafkaError];
  /** A line of librdkafka's log. At most 10,000 lines wait for an event loop that is busy. */
  log: [line: LogLine];
  /** librdkafka's statistics as JSON, every `statistics.interval.ms`. */
  statistics: [json: string];
}

type CommonRecord = ErrorRecord | LogRecord | StatsRecord;
/** What a client's own code is handed. */
export type OwnRecord<Record> = Exclude<Record, { type: 'reply' | 'closed' | CommonRecord['type'] }>;

export abstract class Client<
  Events extends ClientEvents & { [K in keyof Events]: unknown[] },
  Record extends { type: string },
  Handle extends LinkedHandle<Record>,
>
  extends EventEmitter<Events>
  implements AsyncDisposable
{
  protected readonly link: Link<Record, Handle>;
  /** The client is closing, or has failed for good: every wait of the caller's ends. */
  protected readonly over = new Over();
  /** To be called where the client is dropped without close(). Nothing in it may reach the client. */
  protected readonly letGo = new Set<() => void>();
  readonly #warned = new Set<string>();
  #fatal: KafkaError | null = null;
  #closing: Promise<void> | null = null;

  /** @param kind the name of the class: a client of it that is dropped without close() is told by that; null: it is not */
  protected constructor(
    kind: string | null,
    create: new (config: readonly [string, string][], onWake: () => void) => Handle,
    config: readonly [string, string][],
  ) {
    super();
    this.link = new Link<Record, Handle>(create, config, (record) => this.#onRecord(record));
    if (kind) watch(this, { kind, handle: this.link.handle, also: this.letGo });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  abstract close(options?: { timeoutMs?: number | undefined }): Promise<void>;

  /** Why the client can do nothing any more, where it is so. */
  protected get fatal(): KafkaError | null {
    return this.#fatal;
  }

  protected get closing(): boolean {
    return this.#closing !== null;
  }

  protected onOwnRecord(_record: OwnRecord<Record>): void {}
  /** The client can do nothing any more. */
  protected onFatal(_error: KafkaError): void {}
  /** An error that passes. @param row the partition that it is of, where it is of one */
  protected onPassing(error: KafkaError, _row?: NativeRow): void {
    this.report(error);
  }

  /**
   * Every public method that needs the client. Until it settles it keeps the process alive, whatever it waits for.
   *
   * @param evenClosing for what still works while the client is closing
   */
  protected run<T>(operation: string, work: () => Promise<T>, evenClosing = false): Promise<T> {
    return call(async () => {
      if (this.#fatal) throw this.#fatal;
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
  protected mustBeOpen(operation: string): void {
    if (this.#closing) throw destroyed(operation);
    if (this.#fatal) throw this.#fatal;
  }

  /**
   * The only place where events are emitted. What a listener throws becomes an uncaught exception, and cuts nothing of
   * what is being done.
   */
  protected tell<E extends keyof Events & string>(event: E, ...args: Events[E]): void {
    try {
      (this as EventEmitter).emit(event, ...(args as unknown[]));
    } catch (error) {
      throwLater(error);
    }
  }

  /**
   * An event `error`. It never ends the process for want of a listener: where nobody listens, the first error of each kind
   * is a process warning.
   */
  protected report(error: unknown): void {
    const told = this as unknown as Client<ClientEvents, never, never>;
    if (told.listenerCount('error') > 0) told.tell('error', error as KafkaError);
    else this.warn((error as KafkaError).code, `${(error as Error).message} (no listener for 'error' takes it)`);
  }

  /** A process warning, once for each code. */
  protected warn(code: string, text: string): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    const kind = this.constructor.name;
    process.emitWarning(`${kind}: ${text}`, { type: 'SeekafkaWarning', code: `SEEKAFKA_${code}` });
  }

  /**
   * Idempotent, and never rejects: `before` is done once, then the handle ends. Where that takes longer than the time
   * limit it is aborted, and, where librdkafka does not even end then (it waits for a name server, say), left to itself.
   *
   * @param graceMs so long `before` may still need after the time limit, with a handle that works
   */
  protected shutDown(
    timeoutMs: number,
    before: () => Promise<unknown> = () => Promise.resolve(),
    graceMs = 0,
  ): Promise<void> {
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
    await link.end();
    for (const timer of timers) clearTimeout(timer);
    link.waitEnds();
  }

  #onRecord(record: Exclude<Record, { type: 'reply' | 'closed' }>): void {
    const common = record as unknown as CommonRecord;
    const told = this as unknown as Client<ClientEvents, never, never>;
    switch (common.type) {
      case 'error':
        this.#onError(common.error, common.rows?.[0]);
        break;
      case 'log':
        told.tell('log', { level: common.level, facility: common.facility, message: common.message });
        break;
      case 'stats':
        told.tell('statistics', common.json);
        break;
      default:
        this.onOwnRecord(record as OwnRecord<Record>);
    }
  }

  #onError(data: NativeError, row?: NativeRow): void {
    const which = row && [{ topic: row.topic, partition: row.partition, error: new KafkaError('client', data) }];
    const error = new KafkaError('client', data, which);
    if (!row) for (const over of [this.over, this.link.over]) over.noteTrouble(error);
    if (!error.fatal) return this.onPassing(error, row);
    this.#fatal = error;
    this.over.end(() => error);
    this.onFatal(error);
    this.report(error);
  }
}
