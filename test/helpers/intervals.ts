// The package takes its timers when it is imported. So that a test can run the timer of a consumer by hand, this file is
// imported before it (by setup.ts), and stands between.

const real = globalThis.setInterval;
let catcher: ((callback: () => void, milliseconds: number) => void) | null = null;

globalThis.setInterval = ((callback: () => void, milliseconds: number) => {
  if (!catcher) return real(callback, milliseconds);
  catcher(callback, milliseconds);
  return real(() => undefined, 2 ** 30);
}) as typeof setInterval;

/** Does `work`, and gives every interval that is set up in it to `caught` instead of to the clock. */
export function catchingIntervals<T>(caught: (callback: () => void, milliseconds: number) => void, work: () => T): T {
  catcher = caught;
  try {
    return work();
  } finally {
    catcher = null;
  }
}
