// A refusal that stands: brokers do not accept a login or a certificate, or the client has not a right. What waits for those
// brokers would wait in vain, so it rejects: what waits now, and what is asked later, for as long as the refusal stands.

import { type KafkaError, errno } from '../errors.js';
import { clearInterval, whileAlive } from './timers.js';

/** Calls wait so long before they reject: the next attempt, or another broker, may accept. */
const TICK_MS = 800;

export class Refusals {
  readonly #stands: () => boolean;
  readonly #refuse: (error: KafkaError) => void;
  readonly #once: boolean;
  #error: KafkaError | null = null;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param stands whether the refusal is in force still
   * @param refuse rejects what waits
   * @param times whether a refusal is told for as long as it stands, or `once`, until it begins anew
   */
  constructor(stands: () => boolean, refuse: (error: KafkaError) => void, times: 'again' | 'once' = 'again') {
    this.#stands = stands;
    this.#refuse = refuse;
    this.#once = times === 'once';
  }

  begin(error: KafkaError): void {
    this.#error = error;
    this.#timer ??= whileAlive<Refusals>(this, TICK_MS, (refusals) => refusals.#tick());
  }

  /** Whether there was a refusal that may be in force still. */
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
    const error = this.#error;
    if (!error) return;
    const stands = this.#stands();
    if (!stands || this.#once) this.end();
    if (stands) this.#refuse(error);
  }
}

const refusing: readonly number[] = [
  errno.authentication,
  errno.ssl,
  errno.unsupportedSaslMechanism,
  errno.illegalSaslState,
];

/** Whether a broker has answered and did not take the client, which may pass: a trouble of TLS, a login that came too early. */
export const mayBeRefusal = (error: KafkaError): boolean => refusing.includes(error.errno);

/** Whether the provider of tokens has refused the client, which trying again does not mend. Of another copy of this package too. */
export const isTokenRefusal = (error: KafkaError): boolean =>
  (error.cause as { name?: unknown } | null | undefined)?.name === 'TokenRefusedError';

/** Whether a broker, or this client, has refused the other. Else a passing trouble of TLS has the same code. */
export function isRefusal(error: KafkaError): boolean {
  if (error.errno === errno.authentication) return true;
  return error.errno === errno.ssl && /could not be verified|\balert\b/i.test(error.message);
}
