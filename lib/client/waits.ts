// How waits end. Every wait of a client ends by its answer, by its time limit, by its signal, or by the end of the
// client: whatever comes first.

import { type KafkaError, causedBy, errno, localError } from '../errors.js';
import type { WaitOptions } from '../arguments/options.js';
import { deferred } from './deferred.js';
import { clearTimeout, now, setTimeout } from './timers.js';

/** librdkafka tells the same error of a broker again after 30 s, at its next attempt to connect, and less often where that takes long. */
const RECENT_MS = 45_000;
/** A lost connection is told, and counted, by threads of their own: either may come first. */
const ORDER_MS = 1000;

/** How many brokers are connected, and for how many milliseconds there has been one, or none any more. -1: there never was. */
export type BrokersUp = readonly [count: number, sinceMs: number];

/** What went wrong underneath. */
interface Trouble {
  readonly error: KafkaError;
  readonly at: number;
  /** Of the handle that it is of. */
  readonly brokersUp: () => BrokersUp;
}

/** librdkafka's own limit comes so much after ours, whose error has a cause, and is a time-out whatever went wrong last. */
export const LATER_MS = 1_000;

/** What ends a wait, beside its answer. */
export interface Limits extends WaitOptions {
  /** The limit that the caller gave, where `timeoutMs` is what is left of it. */
  readonly toldMs?: number;
  /** What the error says, after the name of the call, where the time is over. */
  readonly late?: string;
}

/** The end of something, which ends all waits that race with it. */
export class Over {
  #reason: ((operation: string) => unknown) | null = null;
  #trouble: Trouble | null = null;
  #allDown = false;
  #loginChangedAt = -Infinity;
  readonly #onTrouble = new Set<(error: KafkaError) => void>();
  readonly #waits = new Set<() => void>();
  /** One listener for each signal, however many wait: a signal goes through all of its listeners for each new one. */
  readonly #signals = new Map<AbortSignal, { readonly cuts: Set<() => void>; readonly onAbort: () => void }>();

  get ended(): boolean {
    return this.#reason !== null;
  }

  /** Every wait rejects, those that begin later too. @param reason makes the error of a call by its name */
  end(reason: (operation: string) => unknown): void {
    if (this.#reason) return;
    this.#reason = reason;
    for (const end of [...this.#waits]) end();
  }

  /** Throws when it has ended. */
  check(operation: string): void {
    if (this.#reason) throw this.#reason(operation);
  }

  /**
   * Something went wrong underneath: a connection, a login, a certificate. It is the cause of what times out after it, as long
   * as it can be. (That all brokers are down follows from something that says more.)
   *
   * @param brokersUp of the handle that it is of
   */
  noteTrouble(error: KafkaError, brokersUp: () => BrokersUp): void {
    const allDown = error.errno === errno.allBrokersDown;
    if (allDown) this.#allDown = true;
    if (!allDown || !this.#trouble) this.#trouble = { error, at: now(), brokersUp };
    for (const listener of [...this.#onTrouble]) listener(error);
  }

  /** What goes wrong from now on. Gives back how to end that. */
  onTrouble(listener: (error: KafkaError) => void): () => void {
    this.#onTrouble.add(listener);
    return () => this.#onTrouble.delete(listener);
  }

  /** What went wrong last, where that is no longer ago. */
  troubleSince(milliseconds: number): KafkaError | null {
    return this.#trouble && now() - this.#trouble.at <= milliseconds ? this.#trouble.error : null;
  }

  /**
   * What may have kept from success what began at `since` and ends now. What went wrong before, and goes wrong still, librdkafka
   * need not have told again since. So it counts where no broker was connected after it, and, for a while, where others were
   * connected all the time: then it is of one broker alone.
   */
  troubleOf(since: number): KafkaError | null {
    if (!this.#trouble) return null;
    const { error, at, brokersUp } = this.#trouble;
    if (at >= since) return error;
    const [count, sinceMs] = brokersUp();
    const changedAt = sinceMs < 0 ? -Infinity : now() - sinceMs;
    if (count > 0) return at > changedAt && now() - at <= RECENT_MS ? error : null;
    return at > changedAt - ORDER_MS ? error : null;
  }

  /** All brokers were down, and none is known to have answered since. */
  get allDown(): boolean {
    return this.#allDown;
  }

  /** What went wrong before was by another login. */
  loginChanged(): void {
    this.answered();
    this.#loginChangedAt = now();
  }

  /** Milliseconds since the login was changed: what is refused shortly after may have been under way. */
  get loginAge(): number {
    return now() - this.#loginChangedAt;
  }

  /** A broker has answered. */
  answered(): void {
    this.#allDown = false;
    this.#trouble = null;
  }

  /** @param since when began what ends with the error */
  withCause(error: KafkaError, since: number): KafkaError {
    return causedBy(error, this.troubleOf(since));
  }

  /**
   * Resolves as `answer` does, unless the end, the limit or the signal comes first. What `answer` does afterwards is
   * nobody's any more. @param onCut is called where it was not the answer that ended the wait
   */
  race<T>(operation: string, answer: Promise<T>, limits: Limits = {}, onCut?: () => void): Promise<T> {
    const { timeoutMs, toldMs = timeoutMs, signal, late = 'no answer within the time limit' } = limits;
    const { promise, resolve, reject } = deferred<T>();
    let timer: NodeJS.Timeout | undefined;
    let stopped = false;
    const stop = () => {
      if (stopped) return;
      stopped = true;
      this.#waits.delete(onEnd);
      clearTimeout(timer);
      if (signal) this.#listenNoMore(signal, onAbort);
    };
    const cut = (reason: unknown) => {
      stop();
      onCut?.();
      reject(reason);
    };
    const onEnd = () => cut(this.#reason!(operation));
    const onAbort = () => cut(signal!.reason);
    void answer.then(resolve, reject).then(stop);
    try {
      if (signal) this.#listen(signal, onAbort);
    } catch (error) {
      promise.catch(() => undefined); // nobody gets to see it
      throw error;
    }
    if (this.#reason) onEnd();
    else if (signal?.aborted) onAbort();
    else {
      this.#waits.add(onEnd);
      if (timeoutMs !== undefined) {
        const begun = now() + timeoutMs - (toldMs ?? timeoutMs);
        const error = () => localError(operation, errno.timedOut, `${operation}: ${late} (${toldMs} ms)`);
        timer = setTimeout(() => cut(this.withCause(error(), begun)), timeoutMs).unref();
      }
    }
    return promise;
  }

  /** A signal of another make may throw here. */
  #listen(signal: AbortSignal, cut: () => void): void {
    const known = this.#signals.get(signal);
    if (known) {
      known.cuts.add(cut);
      return;
    }
    const cuts = new Set([cut]);
    const onAbort = () => {
      for (const each of [...cuts]) each();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#signals.set(signal, { cuts, onAbort });
  }

  #listenNoMore(signal: AbortSignal, cut: () => void): void {
    const known = this.#signals.get(signal);
    if (!known?.cuts.delete(cut) || known.cuts.size > 0) return;
    this.#signals.delete(signal);
    try {
      signal.removeEventListener('abort', known.onAbort);
    } catch {
      // A signal of another make; what it throws at the end of a wait is nobody's error.
    }
  }
}
