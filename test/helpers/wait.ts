import { setTimeout as sleep } from 'node:timers/promises';

export type EventuallyOptions = {
  /** Gives up after this time. Default 10000. */
  timeoutMs?: number;
  /** The pause between two looks. Default 20. */
  intervalMs?: number;
  /** What is awaited, for the error. */
  what?: string;
};

/** The most that one look at the clock counts, and how often it is looked at. */
const COUNTED_MS = 250;
const LOOK_MS = 50;

let lived = 0;
let looked = performance.now();
setInterval(awake, LOOK_MS).unref();

/**
 * Milliseconds that this process has lived through. As performance.now(), but a machine that stands still for half a
 * minute makes nothing late by it. For limits: what took at least so long is measured by performance.now().
 */
export function awake(): number {
  const now = performance.now();
  lived += Math.min(now - looked, COUNTED_MS);
  looked = now;
  return lived;
}

/** Calls `late` after this time, as awake() tells it. Gives back how to end it. */
export function limit(timeoutMs: number, late: () => void): () => void {
  const end = awake() + timeoutMs;
  const timer = setInterval(
    () => {
      if (awake() < end) return;
      clearInterval(timer);
      late();
    },
    Math.min(LOOK_MS, timeoutMs),
  );
  return () => clearInterval(timer);
}

/** Rejects where the promise takes too long: a test that waits for ever closes nothing. */
export async function inTime<T>(
  promise: Promise<T>,
  what: string | (() => string) = 'the promise',
  timeoutMs = 15_000,
): Promise<T> {
  let end = () => {};
  const late = new Promise<never>((_, reject) => {
    end = limit(timeoutMs, () => {
      reject(new Error(`Not settled within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`));
    });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    end();
  }
}

/**
 * Waits until `condition` gives something truthy, and gives that back. A condition that throws (an assertion, say)
 * does not hold yet; its last error is the cause of the one that is thrown at the end.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, what = String(condition) }: EventuallyOptions = {},
): Promise<NonNullable<T>> {
  let late = false;
  const end = limit(timeoutMs, () => (late = true));
  try {
    for (;;) {
      let cause: unknown;
      try {
        const value = await condition();
        if (value) return value;
      } catch (error) {
        cause = error;
      }
      if (late) throw new Error(`Not within ${timeoutMs} ms: ${what}`, { cause });
      await sleep(intervalMs);
    }
  } finally {
    end();
  }
}
