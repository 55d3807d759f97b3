// Whether a call comes from inside of a rebalance listener, however many awaits deep.

import { AsyncLocalStorage } from 'node:async_hooks';

interface Scope {
  readonly owner: object;
  readonly goOn: () => void;
  /** A listener of one consumer may run inside of that of another one. */
  readonly outer: Scope | undefined;
}

/**
 * One for all consumers, and enabled only while a listener runs: in Node.js 20 and 22 every promise of the process pays for
 * each AsyncLocalStorage that is enabled, and none is ever let go of by itself.
 */
const scopes = new AsyncLocalStorage<Scope>();
let running = 0;

/** Runs a listener of `owner`. @param goOn lets the owner go on without waiting for the listener */
export async function runListener(owner: object, goOn: () => void, listener: () => Promise<void>): Promise<void> {
  running++;
  try {
    await scopes.run({ owner, goOn, outer: scopes.getStore() }, listener);
  } finally {
    if (--running === 0) scopes.disable();
  }
}

/** The listener of `owner` that the caller runs inside of, if there is one. */
export function listenerOf(owner: object): { readonly goOn: () => void } | undefined {
  let scope = scopes.getStore();
  while (scope && scope.owner !== owner) scope = scope.outer;
  return scope;
}
