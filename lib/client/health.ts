// How a client is: told at once, from what is known.

import type { KafkaError } from '../errors.js';
import type { BrokersUp } from './waits.js';

/**
 * - `connecting`: no broker is connected (yet, or any more); librdkafka goes on trying.
 * - `up`: a broker is connected.
 * - `stalled`: of a consumer: messages are there, its loop asks for them, and none comes. See the event `stalled`.
 * - `failed`: an error that is fatal. The client can do nothing any more: close it.
 * - `closed`: close() was called.
 */
export type HealthState = 'connecting' | 'up' | 'stalled' | 'failed' | 'closed';

/** How a client is. */
export interface Health {
  state: HealthState;
  /** When the client came to that state. */
  since: Date;
  /** The last error that the client was told of, whether it has passed or not. Left out: there was none. */
  lastError?: KafkaError;
  /** How many brokers are connected. A client connects to those that it needs. */
  brokersUp: number;
}

export class HealthRecord {
  readonly #brokersUp: () => BrokersUp;
  readonly #created = Date.now();
  #last: { readonly error: KafkaError; readonly at: number } | null = null;
  #final: { readonly state: 'failed' | 'closed'; readonly since: Date } | null = null;

  constructor(brokersUp: () => BrokersUp) {
    this.#brokersUp = brokersUp;
  }

  noteError(error: KafkaError): void {
    this.#last = { error, at: Date.now() };
    if (error.fatal) this.#end('failed');
  }

  noteClosed(): void {
    if (this.#final?.state !== 'closed') this.#end('closed');
  }

  now(): Health {
    const told = this.#last && { lastError: this.#last.error };
    const ended = this.#final?.state === 'closed';
    const [brokersUp, sinceMs] = ended ? [0, 0] : this.#brokersUp();
    if (this.#final) return { ...this.#final, ...told, brokersUp };
    const since = sinceMs < 0 ? this.#created : Date.now() - sinceMs;
    // A broker closes a connection that is idle. That is no trouble: there is another one within a second.
    const idle = sinceMs >= 0 && (this.#last?.at ?? 0) < since;
    const state = brokersUp > 0 || idle ? 'up' : 'connecting';
    return { state, since: new Date(since), ...told, brokersUp };
  }

  #end(state: 'failed' | 'closed'): void {
    this.#final = { state, since: new Date() };
  }
}
