// The tokens of one native handle: when the user's callback is asked for one, and what becomes of its answer.
//
// librdkafka asks for a token by an event, at the beginning and when 80 % of the last one's life are over. It looks at that
// once a second, which is too late for tokens that live for seconds: so a clock of this file's own goes before it. The event
// stays what wakes after the machine has slept.

import type { NativeError } from '../../binding/native.js';
import { type CheckedToken, oauthBearerToken } from '../arguments/login.js';
import type { OauthBearerTokenCallback } from '../arguments/options.js';
import { type KafkaError, causedBy, destroyed, errno, isDestroyed, localError } from '../errors.js';
import { clearTimeout, onNextTick, setTimeout } from './timers.js';

/** After this part of a token's life another one is asked for, and up to JITTER of it earlier. */
const RENEW_AT = 0.77;
const JITTER = 0.04;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 10_000;
/** A callback that has not settled within this counts as failed. */
const ATTEMPT_MS = 30_000;

/** Hands a token to librdkafka. */
type SetToken = (token: CheckedToken) => Promise<unknown>;

interface TokenLink {
  request(operation: string, send: (id: number) => NativeError | undefined | void): Promise<unknown>;
  readonly handle: {
    setToken(id: number, value: string, expiresAt: number, principal: string, extensions: readonly string[]): void;
  };
}

export const setTokenOf =
  (link: TokenLink): SetToken =>
  ({ value, expiresAt, principal, extensions }) =>
    link.request('oauthBearerToken', (id) => link.handle.setToken(id, value, expiresAt, principal, extensions));

/** One call of the user's callback. */
interface Attempt {
  readonly controller: AbortController;
  readonly limit: NodeJS.Timeout;
}

/** What becomes of the attempts. */
interface TokenEvents {
  /** There is no token, each time. */
  failed(error: KafkaError): void;
  /** librdkafka has a new one. */
  taken(): void;
}

export class TokenSource {
  readonly #callback: OauthBearerTokenCallback;
  readonly #setToken: SetToken;
  readonly #told: TokenEvents;
  /** For the clocks and the callback's promises, which must not keep a client that nobody can reach. */
  readonly #within: (step: (source: TokenSource) => void) => void;
  readonly #open = { attempt: null as Attempt | null, timer: undefined as NodeJS.Timeout | undefined, ended: false };
  readonly #attemptMs: number;
  #failures = 0;
  #waitsToRetry = false;

  constructor(callback: OauthBearerTokenCallback, setToken: SetToken, told: TokenEvents, attemptMs = ATTEMPT_MS) {
    this.#attemptMs = attemptMs;
    this.#callback = callback;
    this.#setToken = setToken;
    this.#told = told;
    this.#within = withinReach(this);
  }

  /** librdkafka asks for a token. */
  needed(): void {
    if (!this.#waitsToRetry) this.#ask();
  }

  /** Ends it, without reaching it. What the callback does afterwards is nobody's any more. */
  get ending(): () => void {
    const open = this.#open;
    return () => {
      open.ended = true;
      clearTimeout(open.timer);
      finish(open.attempt, destroyed('oauthBearerToken'));
    };
  }

  #ask(): void {
    const open = this.#open;
    if (open.ended || open.attempt) return;
    clearTimeout(open.timer);
    this.#waitsToRetry = false;
    const within = this.#within;
    const failed = (reason: unknown) => within((source) => source.#failed(attempt, reason));
    const controller = new AbortController();
    const attemptMs = this.#attemptMs;
    const attempt: Attempt = {
      controller,
      limit: setTimeout(() => {
        // Made here: an error holds on to what is called where it is made, and by that to the client.
        const late = new Error(`oauthBearerToken() has not settled within ${attemptMs} ms`);
        finish(attempt, late);
        failed(late);
      }, attemptMs).unref(),
    };
    open.attempt = attempt;
    const callback = this.#callback;
    // The user's code runs by itself, not within what led here.
    onNextTick(() => {
      if (controller.signal.aborted) return;
      new Promise((resolve) => resolve(callback({ signal: controller.signal }))).then(
        (token) => within((source) => source.#answered(attempt, token)),
        failed,
      );
    });
  }

  #answered(attempt: Attempt, given: unknown): void {
    if (this.#open.attempt !== attempt || this.#open.ended) return;
    let token: CheckedToken;
    try {
      token = oauthBearerToken(given, Date.now());
    } catch (error) {
      this.#failed(attempt, error);
      return;
    }
    const { expiresAt } = token;
    this.#setToken(token).then(
      () => this.#taken(attempt, expiresAt),
      (error: unknown) => {
        if (!isDestroyed(error)) this.#failed(attempt, error);
      },
    );
  }

  #taken(attempt: Attempt, expiresAt: number): void {
    if (this.#open.attempt !== attempt) return;
    this.#end(attempt);
    this.#failures = 0;
    this.#told.taken();
    this.#askIn((expiresAt - Date.now()) * (RENEW_AT - JITTER * Math.random()));
  }

  #failed(attempt: Attempt, reason: unknown): void {
    if (this.#open.attempt !== attempt) return;
    this.#end(attempt);
    if (this.#open.ended) return;
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LAST_RETRY_MS);
    this.#waitsToRetry = true;
    this.#askIn(backoff * (0.8 + 0.4 * Math.random()));
    this.#told.failed(noToken(reason));
  }

  #end(attempt: Attempt): void {
    clearTimeout(attempt.limit);
    this.#open.attempt = null;
  }

  #askIn(milliseconds: number): void {
    if (this.#open.ended) return;
    const within = this.#within;
    clearTimeout(this.#open.timer);
    this.#open.timer = setTimeout(() => within((source) => source.#ask()), milliseconds).unref();
  }
}

function withinReach<T extends object>(target: T): (step: (target: T) => void) => void {
  const reference = new WeakRef(target);
  return (step) => {
    const alive = reference.deref();
    if (alive) step(alive);
  };
}

/** The signal of an attempt is aborted, and its limit ends. */
function finish(attempt: Attempt | null, reason: Error): void {
  if (!attempt) return;
  clearTimeout(attempt.limit);
  attempt.controller.abort(reason);
}

/** What was rejected with is told as it is; a text that is no error's may be a secret. */
function noToken(reason: unknown): KafkaError {
  const text =
    reason instanceof Error || isErrorLike(reason)
      ? reason.message
      : `oauthBearerToken() has rejected with what is no error (${typeof reason})`;
  const error = localError('client', errno.authentication, `there is no token to log in with: ${text}`);
  return causedBy(error, reason ?? null);
}

/** An error of another realm. */
const isErrorLike = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && typeof (value as Error).message === 'string';
