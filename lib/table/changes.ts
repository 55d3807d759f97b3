// What a reader of changes has not seen yet: of each key the latest, so that a slow reader costs no more than the keys.

import { type Deferred, deferred } from '../client/deferred.js';

export interface Change<K, V> {
  key: K;
  /** Undefined: the key was deleted. */
  value: V | undefined;
  /** What this reader was told of the key before, or what was there when it began; undefined: nothing. */
  previous: V | undefined;
}

export class Changes<K, V> implements AsyncIterableIterator<Change<K, V>>, AsyncDisposable {
  readonly #pending = new Map<K, Change<K, V>>();
  readonly #onEnd: (changes: Changes<K, V>) => void;
  #waiter: Deferred<void> | null = null;
  #end: { error: unknown } | 'done' | null = null;

  constructor(onEnd: (changes: Changes<K, V>) => void) {
    this.#onEnd = onEnd;
  }

  push({ key, value, previous }: Change<K, V>): void {
    const before = this.#pending.get(key);
    this.#pending.delete(key); // so that it stands behind what has changed before it
    this.#pending.set(key, { key, value, previous: before ? before.previous : previous });
    this.#wake();
  }

  /** There is nothing more to come. */
  end(failure: { error: unknown } | null): void {
    this.#end ??= failure ?? 'done';
    this.#wake();
  }

  async next(): Promise<IteratorResult<Change<K, V>, undefined>> {
    for (;;) {
      const [first] = this.#pending.values();
      if (first) {
        this.#pending.delete(first.key);
        return { value: first, done: false };
      }
      if (this.#end === 'done') return { value: undefined, done: true };
      if (this.#end) {
        const { error } = this.#end;
        this.#end = 'done';
        throw error;
      }
      this.#waiter ??= deferred<void>();
      await this.#waiter.promise;
    }
  }

  return(): Promise<IteratorResult<Change<K, V>, undefined>> {
    this.#pending.clear();
    this.#end = 'done';
    this.#onEnd(this);
    this.#wake();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #wake(): void {
    this.#waiter?.resolve();
    this.#waiter = null;
  }
}
