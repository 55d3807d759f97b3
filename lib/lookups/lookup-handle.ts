// The native handle on which consumers ask brokers. The consumers of one environment whose connections are configured
// alike share it, for it costs threads and a connection to each broker: the first question makes it, the last close()
// ends it.

import { type ClientRecord, type NativeClient, native } from '../../binding/native.js';
import type { OauthBearerTokenCallback } from '../arguments/options.js';
import type { Logger } from '../arguments/logger.js';
import { Link } from '../client/link.js';
import { Refusals, isRefusal, isTokenRefusal } from '../client/refusals.js';
import { TokenSource, setTokenOf } from '../client/token-source.js';
import { alarm, clearTimeout, setTimeout } from '../client/timers.js';
import type { BrokersUp } from '../client/waits.js';
import { configProperties } from '../config/properties.js';
import { KafkaError } from '../errors.js';

const CONNECT_MS = 60_000;
/** A question waits so long for a connection. Then it is asked nevertheless, and librdkafka tries again by itself. */
const COLD_MS = 2_000;
/**
 * How long one attempt of a question takes at most. librdkafka asks the leader that it knows, and does not look for another one
 * while it waits: of a leader that has died, the next attempt learns who leads now.
 */
export const ATTEMPT_MS = 3_000;
/** What the handle has a value of its own for. */
const own = new Set(['metadata.max.age.ms', 'socket.timeout.ms']);
/** A dropped consumer waits for the end of the handle no longer: there is nothing on it that could be lost. */
const END_MS = 500;

export interface LookupUser {
  /** @param loggers that are told a line of the log already: users may share one */
  onRecord(record: ClientRecord, loggers: Set<Logger>, brokersUp: () => BrokersUp): void;
  /** Something went wrong underneath that no record tells. */
  onTrouble(error: KafkaError, brokersUp: () => BrokersUp): void;
}

/** The handles that are open in this environment, by their configuration. */
const handles = new Map<string, LookupHandle>();

/** Which callback gives the tokens is a part of what is configured. */
const callbackIds = new WeakMap<OauthBearerTokenCallback, number>();
let nextCallbackId = 1;

function configOf(consumerConfig: readonly [string, string][]): [string, string][] {
  const asked = consumerConfig.find(([key]) => key === 'socket.timeout.ms')?.[1];
  return [
    // What concerns connections is the same for both.
    ...consumerConfig.filter(([key]) => configProperties.get(key)?.scope === '*' && !own.has(key)),
    // Leaders are looked up in the cache, where an old one, or none, would stay for a quarter of an hour.
    ['metadata.max.age.ms', '1000'],
    // A broker that hangs answers nothing of what was asked before, metadata among it, and its connection stays open. What
    // waits for it longer than an attempt takes is nobody's any more.
    ['socket.timeout.ms', String(Math.min(ATTEMPT_MS, Number(asked ?? ATTEMPT_MS)))],
  ];
}

/** Of the same configuration and callback, whatever order the configuration is in. */
const keyOf = (config: readonly [string, string][], callback: OauthBearerTokenCallback | undefined): string =>
  JSON.stringify([[...config].sort(([a], [b]) => (a < b ? -1 : 1)), callback && idOf(callback)]);

function idOf(callback: OauthBearerTokenCallback): number {
  const id = callbackIds.get(callback) ?? nextCallbackId++;
  callbackIds.set(callback, id);
  return id;
}

export class LookupHandle {
  #key: string;
  /** Weak: a consumer that nobody can reach is not kept by the handle that it shares. */
  readonly #users = new Set<WeakRef<LookupUser>>();
  readonly link: Link<ClientRecord, NativeClient>;
  readonly #tokens: TokenSource | null;
  readonly #refusals: Refusals;
  /** Of tokens: told once each. */
  readonly #tokenRefusals: Refusals;
  /** There is a connection, or it has been waited for long enough. */
  readonly connected: Promise<unknown>;

  /** @param user is told what the handle reports, until leave() of the same reference */
  static use(
    consumerConfig: readonly [string, string][],
    oauthBearerToken: OauthBearerTokenCallback | undefined,
    user: WeakRef<LookupUser>,
  ): LookupHandle {
    const config = configOf(consumerConfig);
    const key = keyOf(config, oauthBearerToken);
    const handle = handles.get(key) ?? new LookupHandle(key, config, oauthBearerToken);
    handle.#users.add(user);
    return handle;
  }

  private constructor(
    key: string,
    config: readonly [string, string][],
    oauthBearerToken: OauthBearerTokenCallback | undefined,
  ) {
    this.#key = key;
    this.link = new Link<ClientRecord, NativeClient>(native.Client, config, (record) => {
      if (record.type === 'error') this.#onError(new KafkaError('client', record.error));
      if (record.type === 'tokenRefresh') return this.#tokens?.needed();
      const loggers = new Set<Logger>();
      for (const user of this.#users) user.deref()?.onRecord(record, loggers, brokersUp);
    });
    const brokersUp = () => this.link.handle.brokersUp();
    const stands = () => !this.link.over.ended && brokersUp()[0] === 0;
    const refuse = (refusal: KafkaError) => this.link.refuse(refusal, () => true);
    this.#refusals = new Refusals(stands, refuse);
    this.#tokenRefusals = new Refusals(stands, refuse, 'once');
    const told = {
      failed: (error: KafkaError) => {
        if (isTokenRefusal(error)) this.#tokenRefusals.begin(error);
        for (const user of this.#users) user.deref()?.onTrouble(error, brokersUp);
      },
      taken: () => this.#tokenRefusals.end(),
    };
    this.#tokens = oauthBearerToken ? new TokenSource(oauthBearerToken, setTokenOf(this.link), told) : null;
    handles.set(key, this);
    const connected = this.link
      .request('connect', (id) => this.link.handle.connect(id, CONNECT_MS))
      .catch(() => undefined); // the question itself will tell
    const cold = alarm(COLD_MS);
    this.connected = Promise.race([connected, cold.rung]).finally(() => cold.stop());
  }

  /**
   * Logs in by this name and password from now on. False: it cannot, as others use it too, or there is another handle that
   * does so already.
   */
  setSaslCredentials(consumerConfig: readonly [string, string][], username: string, password: string): boolean {
    const key = keyOf(configOf(consumerConfig), undefined);
    if (this.#users.size > 1 || (key !== this.#key && handles.has(key))) return false;
    handles.delete(this.#key);
    handles.set((this.#key = key), this);
    if (!this.link.over.ended) this.link.handle.setSaslCredentials(username, password);
    return true;
  }

  #onError(error: KafkaError): void {
    if (isRefusal(error)) this.#refusals.begin(error);
  }

  /** Resolves when the handle has ended, if that was its last user; after the time limit it is left to end by itself. */
  async leave(user: WeakRef<LookupUser>, timeoutMs = END_MS): Promise<void> {
    if (!this.#users.delete(user) || this.#users.size > 0) return;
    handles.delete(this.#key); // who comes now makes another one
    this.#refusals.end();
    this.#tokenRefusals.end();
    const late = setTimeout(() => this.link.abandon(), timeoutMs + 500);
    await this.link.end();
    this.#tokens?.ending();
    clearTimeout(late);
  }
}
