// The thread of conversation with a native handle: ids and their promises, records and who takes them, and for how long
// a client keeps the process alive (as long as somebody waits for something).

import type { NativeError, NativeRow, ReplyRecord } from '../binding/native.js';
import { deferred } from './deferred.js';
import { KafkaError, destroyed } from './errors.js';

interface Pending {
  operation: string;
  readonly resolve: (reply: ReplyRecord) => void;
  readonly reject: (error: KafkaError) => void;
}

interface LinkedHandle<Record> {
  drain(): Record[];
  ref(): void;
  unref(): void;
  close(): void;
  release(waitMs: number): void;
}

/** The end of the process waits so long for each client that was not closed. */
const EXIT_WAIT_MS = 1000;

/**
 * What is open in this environment. process.exit() runs no clean-up hook of Node-API, and librdkafka's threads must not
 * run on while OpenSSL, which they use, is cleaned up.
 */
const open = new Set<{ release(waitMs: number): void }>();
process.on('exit', () => {
  for (const handle of open) handle.release(EXIT_WAIT_MS);
});

export class Link<Record extends { type: string }, Handle extends LinkedHandle<Record>> {
  readonly handle: Handle;
  readonly #pending = new Map<number, Pending>();
  readonly #onRecord: (record: Exclude<Record, { type: 'reply' | 'closed' }>) => void;
  readonly #closed = deferred<void>();
  readonly #records: Record[] = [];
  /** Records wait for the consequences of a reply before them. */
  #draining = false;
  #nextId = 1;
  #holds = 0;
  #ended = false;

  constructor(
    create: new (config: readonly [string, string][], onWake: () => void) => Handle,
    config: readonly [string, string][],
    onRecord: (record: Exclude<Record, { type: 'reply' | 'closed' }>) => void,
  ) {
    this.#onRecord = onRecord;
    this.handle = newHandle(create, config, () => this.#drain());
    open.add(this.handle);
  }

  /** The rows of the reply to ask(). */
  async request(operation: string, send: (id: number) => NativeError | undefined | void): Promise<NativeRow[]> {
    return (await this.ask(operation, send)).rows;
  }

  /** Calls the native side and waits for its reply. The rows of the reply may have errors one by one. */
  ask(operation: string, send: (id: number) => NativeError | undefined | void): Promise<ReplyRecord> {
    if (this.#ended) return Promise.reject(destroyed(operation));
    const id = this.#nextId;
    this.#nextId = (this.#nextId % 0xffffffff) + 1;
    const { promise, resolve, reject } = deferred<ReplyRecord>();
    const refused = send(id);
    if (refused) return Promise.reject(new KafkaError(operation, refused));
    this.#pending.set(id, { operation, resolve, reject });
    this.hold();
    return promise;
  }

  /** Keeps the process alive until release() is called as often. */
  hold(): void {
    if (this.#holds++ === 0 && !this.#ended) this.handle.ref();
  }

  release(): void {
    if (--this.#holds === 0 && !this.#ended) this.handle.unref();
  }

  /** Ends the native side. Resolves when it has let go of its threads; requests without a reply reject by then. */
  async close(): Promise<void> {
    this.hold();
    this.handle.close();
    await this.#closed.promise;
  }

  /** Resolves when the native side has ended, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  #drain(): void {
    this.#records.push(...this.handle.drain());
    if (!this.#draining) this.#handOn();
  }

  /**
   * What waits for a reply goes on before the record behind it is looked at: a batch that follows the reply to a seek
   * finds its partition where it was sought to. (All promise callbacks run before the next tick does.)
   */
  #handOn(): void {
    this.#draining = false;
    for (let record = this.#records.shift(); record; record = this.#records.shift()) {
      if (record.type === 'reply') {
        this.#settle(record as unknown as ReplyRecord);
        if (this.#records.length === 0) break;
        this.#draining = true;
        queueMicrotask(() => process.nextTick(() => this.#handOn()));
        return;
      }
      if (record.type === 'closed') this.#end();
      else this.#hand(record as Exclude<Record, { type: 'reply' | 'closed' }>);
    }
  }

  /** A listener of the user's may throw: that is an uncaught exception, but not the end of the records behind. */
  #hand(record: Exclude<Record, { type: 'reply' | 'closed' }>): void {
    try {
      this.#onRecord(record);
    } catch (error) {
      process.nextTick(() => {
        throw error;
      });
    }
  }

  #settle(reply: ReplyRecord): void {
    const { id, error, rows } = reply;
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    this.release();
    if (error && !rows.some((row) => row.error)) pending.reject(new KafkaError(pending.operation, error));
    else pending.resolve(reply);
  }

  /** Waits no longer: what has no reply rejects, and the native side ends by itself, some time. */
  abandon(): void {
    if (!this.#ended) this.#end();
  }

  #end(): void {
    this.#ended = true;
    open.delete(this.handle);
    for (const { operation, reject } of this.#pending.values()) reject(destroyed(operation));
    this.#pending.clear();
    this.handle.release(0);
    this.#closed.resolve();
  }
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
    const value = config.find(([name]) => name === key)?.[1];
    const where = key ? `config['${key}']` : 'config';
    const got = key && !/password|secret|passphrase|\.pem$/.test(key) ? ` (got '${value}')` : '';
    throw new RangeError(`${where}: ${(error as Error).message}${got}`);
  }
}
