// The client handle on which consumers ask brokers. Those of one environment whose connections are configured alike share
// it, for it costs three threads and a connection to each broker: the first question makes it, the last close() ends it.

import { setTimeout as delay } from 'node:timers/promises';
import { type ClientRecord, type NativeClient, type NativeError, type NativeRow, native } from '../binding/native.js';
import { configProperties } from './config-properties.js';
import { Link } from './link.js';

const CONNECT_MS = 60_000;
/** For how long a question waits for that: then it is asked nevertheless, and librdkafka tries again by itself. */
const COLD_MS = 2_000;

type Listener = (record: ClientRecord) => void;

/** Those that are open in this environment, by their configuration. */
const clients = new Map<string, LookupClient>();

export class LookupClient {
  readonly #key: string;
  readonly #users = new Set<Listener>();
  readonly #link: Link<ClientRecord, NativeClient>;
  /** There is a connection, or it has been waited for long enough. */
  readonly connected: Promise<unknown>;

  /** @param onRecord is told what the handle reports, until it leaves() */
  static use(consumerConfig: readonly [string, string][], onRecord: Listener): LookupClient {
    const config: [string, string][] = [
      // What concerns connections is the same for both.
      ...consumerConfig.filter(([key]) => configProperties.get(key)?.scope === '*' && key !== 'metadata.max.age.ms'),
      // Leaders are looked up in the cache, where an old one, or none, would stay for a quarter of an hour.
      ['metadata.max.age.ms', '1000'],
    ];
    const key = JSON.stringify(config);
    const client = clients.get(key) ?? new LookupClient(key, config);
    client.#users.add(onRecord);
    return client;
  }

  private constructor(key: string, config: readonly [string, string][]) {
    this.#key = key;
    this.#link = new Link<ClientRecord, NativeClient>(native.Client, config, (record) => {
      // Each in a turn of its own: a listener of the user's that throws takes nothing from the others.
      for (const tell of this.#users) process.nextTick(tell, record);
    });
    clients.set(key, this);
    const connected = this.request('connect', (handle, id) => handle.connect(id, CONNECT_MS)).catch(() => undefined); // the question itself will tell
    this.connected = Promise.race([connected, delay(COLD_MS, undefined, { ref: false })]);
  }

  request(
    operation: string,
    send: (handle: NativeClient, id: number) => NativeError | undefined,
  ): Promise<NativeRow[]> {
    return this.#link.request(operation, (id) => send(this.#link.handle, id));
  }

  /** Resolves when the handle has ended, if that was its last user. */
  async leave(onRecord: Listener): Promise<void> {
    this.#users.delete(onRecord);
    if (this.#users.size > 0) return;
    clients.delete(this.#key); // who comes now makes another one
    await this.#link.close();
  }
}
