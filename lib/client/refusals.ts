// A refusal that stands: a login, a certificate or a right that brokers do not accept. What waits for them meanwhile would wait
// in vain, so it is told, again and again for as long as the refusal stands: whoever asks later gets a try, and an answer.

import { type KafkaError, errno } from '../errors.js';
import { clearInterval, whileAlive } from './timers.js';

/** How long what waits is left waiting, should the next attempt or another broker accept. */
const TICK_MS = 800;

export class Refusals {
  readonly #stands: () => boolean;
  readonly #refuse: (error: KafkaError) => void;
  #error: KafkaError | null = null;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param stands whether it is so still
   * @param refuse rejects what waits
   */
  constructor(stands: () => boolean, refuse: (error: KafkaError) => void) {
    this.#stands = stands;
    this.#refuse = refuse;
  }

  begin(error: KafkaError): void {
    this.#error = error;
    this.#timer ??= whileAlive<Refusals>(this, TICK_MS, (refusals) => refusals.#tick());
  }

  /** Whether there is one that may stand still. */
  get begun(): boolean {
    return this.#error !== null;
  }

  end(): void {
    if (!this.#error) return;
    this.#error = null;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    if (!this.#error) return;
    if (this.#stands()) this.#refuse(this.#error);
    else this.end();
  }
}

/** Whether the provider of tokens has refused the client, which trying again does not mend. Of another copy of this package too. */
export const isTokenRefusal = (error: KafkaError): boolean =>
  (error.cause as { name?: unknown } | null | undefined)?.name === 'TokenRefusedError';

/** Whether a broker, or this client, has refused the other. Else a passing trouble of TLS has the same code. */
export function isRefusal(error: KafkaError): boolean {
  if (error.errno === errno.authentication) return true;
  return error.errno === errno.ssl && /could not be verified|\balert\b/i.test(error.message);
}
