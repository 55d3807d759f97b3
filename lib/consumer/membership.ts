// What a consumer is: a member of its group, the holder of what was assigned by hand, or neither. subscribe(), assign() and
// unsubscribe() change that one after the other, in the order of their calls, whoever waits for which: so the last one decides.

import { errno, localError } from '../errors.js';

type Mode = 'none' | 'subscribed' | 'assigned';

export class Membership {
  readonly #mustBeOpen: (operation: string) => void;
  /** Called when there may be nothing to come any more. */
  readonly #onNone: () => void;
  #mode: Mode = 'none';
  /** How many calls of subscribe() and assign(), and of unsubscribe(), have not ended. */
  #entering = 0;
  #leaving = 0;
  /** Resolves when the last call has ended; null: none is under way. */
  #last: Promise<void> | null = null;

  /** @param mustBeOpen throws where the client takes nothing any more */
  constructor(mustBeOpen: (operation: string) => void, onNone: () => void) {
    this.#mustBeOpen = mustBeOpen;
    this.#onNone = onNone;
  }

  get mode(): Mode {
    return this.#mode;
  }

  /** Whether anything may come: something was asked for, and not given back. */
  get expects(): boolean {
    return this.#mode !== 'none' || this.#entering > 0;
  }

  /** Whether an unsubscribe() is under way: what is called now waits for it. */
  get leaving(): boolean {
    return this.#leaving > 0;
  }

  /** subscribe(). What `work` rejects with leaves everything as it was. @param entered done when `work` has succeeded */
  subscribe(work: () => Promise<unknown>, entered: () => void): Promise<void> {
    return this.#enter('subscribe', async () => {
      this.#mustNotBe('subscribe', 'assigned', 'assign()');
      await work();
      this.#mode = 'subscribed';
      entered();
    });
  }

  /** assign(). */
  assign(work: () => Promise<void>): Promise<void> {
    return this.#enter('assign', async () => {
      this.#mustNotBe('assign', 'subscribed', 'subscribe()');
      this.#mode = 'assigned'; // from the beginning: close() takes it back
      await work();
    });
  }

  /** unsubscribe(). */
  async leave(work: (mode: 'subscribed' | 'assigned') => Promise<void>): Promise<void> {
    this.#leaving++;
    try {
      await this.#inOrder(async () => {
        if (this.#mode !== 'none') await work(this.#mode);
        this.#mode = 'none';
      });
    } finally {
      this.#leaving--;
      this.#onNone();
    }
  }

  async #enter(operation: string, work: () => Promise<void>): Promise<void> {
    this.#entering++;
    try {
      await this.#inOrder(async () => {
        this.#mustBeOpen(operation); // it may have waited until the client closes
        await work();
      });
    } finally {
      this.#entering--;
      if (!this.expects) this.#onNone();
    }
  }

  /** At once where nothing is under way. */
  #inOrder(work: () => Promise<void>): Promise<void> {
    const done = this.#last ? this.#last.then(work) : work();
    const settled = done
      .catch(() => undefined)
      .then(() => {
        if (this.#last === settled) this.#last = null;
      });
    this.#last = settled;
    return done;
  }

  #mustNotBe(operation: string, mode: Mode, by: string): void {
    if (this.#mode !== mode) return;
    throw localError(operation, errno.state, `${operation}: ${by} is in force: unsubscribe() first`);
  }
}
