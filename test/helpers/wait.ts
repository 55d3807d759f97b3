import { setTimeout as sleep } from 'node:timers/promises';

export type EventuallyOptions = {
  /** Gives up after this time. Default 10000. */
  timeoutMs?: number;
  /** The pause between two looks. Default 20. */
  intervalMs?: number;
  /** What is awaited, for the error. */
  what?: string;
};

/**
 * Waits until `condition` gives something truthy, and gives that back. A condition that throws (an assertion, say)
 * does not hold yet; its last error is the cause of the one that is thrown at the end.
 */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = 10_000, intervalMs = 20, what = String(condition) }: EventuallyOptions = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`, { cause });
    await sleep(intervalMs);
  }
}
