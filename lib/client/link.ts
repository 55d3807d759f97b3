// The conversation with a native handle: ids and their promises, records and who takes them, and for how long a client
// keeps the process alive (as long as somebody waits for something).

import type { NativeError, NativeRow, ReplyRecord } from '../../binding/native.js';
import { adviceOn } from '../config/files.js';
import { KafkaError, destroyed, refusedBy } from '../errors.js';
import { deferred } from './deferred.js';
import { type Endable, ended, opened, unwatch } from './open-handles.js';
import { onNextTick, queueMicrotask, setImmediate } from './timers.js';
import { type BrokersUp, type Limits, Over } from './waits.js';

interface Pending {
  readonly operation: string;
  /** The call has limits: it rejects by them, whatever the native side does. */
  readonly bounded: boolean;
  readonly resolve: (reply: ReplyRecord) => void;
  readonly reject: (error: unknown) => void;
}

export interface LinkedHandle<Record> extends Endable {
  drain(): Record[];
  ref(): void;
  unref(): void;
  brokersUp(): BrokersUp;
  close(): void;
  setToken(id: number, value: string, expiresAt: number, principal: string, extensions: readonly string[]): void;
  setSaslCredentials(username: string, password: string): void;
  /** A call that is not waited for any more. */
  cancel?(id: number): void;
}

type Send = (id: number) => NativeError | undefined | void;

/** Links that somebody waits for. No other root holds a link: a client that nobody can reach is collected. */
const awaited = new Set<object>();

export class Link<Record extends { type: string }, Handle extends LinkedHandle<Record>> {
  readonly handle: Handle;
  /** The native side has ended. */
  readonly over = new Over();
  readonly #pending = new Map<number, Pending>();
  readonly #onRecord: (record: Exclude<Record, { type: 'reply' | 'closed' }>) => void;
  readonly #closed = deferred<void>();
  /** What was drained, from `#next` on. */
  #records: Record[] = [];
  #next = 0;
  /** Records wait for the consequences of a reply before them. */
  #draining = false;
  #nextId = 1;
  #waits = 0;
  /** A wake was served in this turn of the event loop. */
  #woken = false;
  #wokenAgain = false;

  constructor(
    create: new (config: readonly [string, string][], onWake: () => void) => Handle,
    config: readonly [string, string][],
    onRecord: (record: Exclude<Record, { type: 'reply' | 'closed' }>) => void,
  ) {
    this.#onRecord = onRecord;
    const reference = new WeakRef(this);
    const handle: Handle = newHandle(create, config, () => {
      const link = reference.deref();
      if (link) link.#onWake();
      else if (handle.drain().some(({ type }) => type === 'closed')) letGoOf(handle);
    });
    this.handle = handle;
    opened(handle);
  }

  /** The rows of the reply to ask(). */
  async request(operation: string, send: Send, limits?: Limits): Promise<NativeRow[]> {
    return (await this.ask(operation, send, limits)).rows;
  }

  /**
   * Calls the native side and waits for its reply. The rows of the reply may have errors one by one. Rejects when the
   * native side has ended, and by the limits, if there are any: then the reply is nobody's.
   */
  ask(operation: string, send: Send, limits?: Limits): Promise<ReplyRecord> {
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffffffff) + 1;
    const { promise, resolve, reject } = deferred<ReplyRecord>();
    try {
      this.over.check(operation);
      const refused = send(id);
      if (refused) throw new KafkaError(operation, refused);
    } catch (error) {
      reject(error);
      return promise;
    }
    this.#pending.set(id, { operation, bounded: limits !== undefined, resolve, reject });
    this.waitBegins();
    if (!limits) return promise;
    return this.over.race(operation, promise, limits, () => {
      if (!this.#pending.delete(id)) return;
      this.waitEnds();
      if (!this.over.ended) this.handle.cancel?.(id);
    });
  }

  /** Keeps the process and the client alive until waitEnds() is called as often. */
  waitBegins(): void {
    if (this.#waits++ > 0) return;
    awaited.add(this);
    if (!this.over.ended) this.handle.ref();
  }

  waitEnds(): void {
    if (--this.#waits > 0) return;
    awaited.delete(this);
    if (!this.over.ended) this.handle.unref();
  }

  /** Ends the native side in order. Resolves when it has ended, or was abandoned. */
  async end(): Promise<void> {
    this.waitBegins();
    if (!this.over.ended) this.handle.close();
    await this.#closed.promise;
    this.waitEnds();
  }

  /** Resolves when the native side has ended, for whatever reason. */
  get ended(): Promise<void> {
    return this.#closed.promise;
  }

  /** Calls that wait for a broker reject: those of which `concerns` says so. */
  refuse(refusal: KafkaError, concerns: (operation: string, bounded: boolean) => boolean): void {
    for (const [id, { operation, bounded, reject }] of [...this.#pending]) {
      if (!concerns(operation, bounded)) continue;
      this.#pending.delete(id);
      reject(refusedBy(operation, refusal));
      this.waitEnds();
      if (!this.over.ended) this.handle.cancel?.(id);
    }
  }

  /** Waits no longer: what has no reply rejects, and the native side ends by itself, some time. */
  abandon(): void {
    if (this.over.ended) return;
    this.handle.abort();
    this.#end();
  }

  /**
   * Node.js calls a thread-safe function up to 1,000 times before the event loop goes on. Where what is drained takes
   * longer than the next record needs to come (a slow listener), nothing else would get its turn: so the second wake
   * waits until the event loop has come round.
   */
  #onWake(): void {
    if (this.#woken) {
      this.#wokenAgain = true;
      return;
    }
    this.#woken = true;
    setImmediate(() => {
      this.#woken = false;
      if (!this.#wokenAgain) return;
      this.#wokenAgain = false;
      this.#onWake();
    });
    this.#drain();
  }

  #drain(): void {
    const drained = this.handle.drain();
    if (this.#next === this.#records.length) {
      this.#records = drained;
      this.#next = 0;
    } else {
      for (const record of drained) this.#records.push(record); // there may be more than a call takes arguments
    }
    if (!this.#draining) this.#handOn();
  }

  /**
   * What waits for a reply goes on before the record behind it is looked at: a batch that follows the reply to a seek
   * finds its partition where it was sought to. (All promise callbacks run before the next tick does.)
   */
  #handOn(): void {
    this.#draining = false;
    while (this.#next < this.#records.length) {
      const record = this.#records[this.#next++]!;
      if (record.type === 'reply') {
        this.#settle(record as unknown as ReplyRecord);
        if (this.#next === this.#records.length) break;
        this.#draining = true;
        queueMicrotask(() => onNextTick(() => this.#handOn()));
        return;
      }
      if (record.type === 'closed') this.#end();
      else this.#hand(record as Exclude<Record, { type: 'reply' | 'closed' }>);
    }
    this.#records = []; // or what was handed on would be kept until something new comes
    this.#next = 0;
  }

  /** What a record's handler throws is an uncaught exception; the records behind that one are handed on all the same. */
  #hand(record: Exclude<Record, { type: 'reply' | 'closed' }>): void {
    try {
      this.#onRecord(record);
    } catch (error) {
      throwLater(error);
    }
  }

  #settle(reply: ReplyRecord): void {
    const { id, error, rows } = reply;
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    this.waitEnds();
    if (error && !rows.some((row) => row.error)) pending.reject(new KafkaError(pending.operation, error));
    else pending.resolve(reply);
  }

  #end(): void {
    if (this.over.ended) return;
    this.over.end(destroyed);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { operation, reject } of pending) {
      reject(destroyed(operation));
      this.waitEnds();
    }
    unwatch(this.handle);
    letGoOf(this.handle);
    this.#closed.resolve();
  }
}

function letGoOf(handle: Endable): void {
  ended(handle);
  handle.join(0);
}

/** Makes what a user's code threw an uncaught exception, without cutting what called that code. */
export function throwLater(error: unknown): void {
  onNextTick(() => {
    throw error;
  });
}

/** What librdkafka refuses in a configuration is the caller's wrong argument: named like one. */
function newHandle<Handle>(
  create: new (config: readonly [string, string][], onWake: () => void) => Handle,
  config: readonly [string, string][],
  onWake: () => void,
): Handle {
  try {
    return new create(config, onWake);
  } catch (error) {
    const key = (error as { key?: string }).key;
    if (key === undefined) throw error;
    const valueOf = (wanted: string) => config.find(([name]) => name === wanted)?.[1];
    const where = key ? `config['${key}']` : 'config';
    const got = key && !/password|secret|passphrase|\.pem$/.test(key) ? ` (got '${valueOf(key)}')` : '';
    const { message } = error as Error;
    throw new RangeError(`${where}: ${message}${got}${adviceOn(message, valueOf)}`);
  }
}
