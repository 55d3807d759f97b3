// How waits end. Every wait of a client ends by its answer, by its time limit, by its signal, or by the end of the
// client: whatever comes first.

import { type KafkaError, causedBy, errno, localError } from '../errors.js';
import type { WaitOptions } from '../arguments/options.js';
import { deferred } from './deferred.js';
import { clearTimeout, now, setTimeout } from './timers.js';

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
  #trouble: KafkaError | null = null;
  #troubleAt = 0;
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
   * Something went wrong underneath: a connection, a login, a certificate. It is the cause of what times out after it. (That
   * all brokers are down follows from something that says more.)
   */
  noteTrouble(error: KafkaError): void {
    const allDown = error.errno === errno.allBrokersDown;
    if (allDown) this.#allDown = true;
    if (!allDown || !this.#trouble) [this.#trouble, this.#troubleAt] = [error, now()];
    for (const listener of [...this.#onTrouble]) listener(error);
  }

  /** What goes wrong from now on. Gives back how to end that. */
  onTrouble(listener: (error: KafkaError) => void): () => void {
    this.#onTrouble.add(listener);
    return () => this.#onTrouble.delete(listener);
  }

  /** What went wrong last, where that is no longer ago. */
  troubleSince(milliseconds: number): KafkaError | null {
    return now() - this.#troubleAt <= milliseconds ? this.#trouble : null;
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

  timedOut(operation: string, text: string): KafkaError {
    return this.withCause(localError(operation, errno.timedOut, `${operation}: ${text}`));
  }

  withCause(error: KafkaError): KafkaError {
    return causedBy(error, this.#trouble);
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
        timer = setTimeout(() => cut(this.timedOut(operation, `${late} (${toldMs} ms)`)), timeoutMs).unref();
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
