// The clocks of the package, taken when the package is imported. A test runner that fakes timers afterwards (sinon,
// jest, vitest) fakes those of the code under test, and not those that a client needs to go on.

const { clearTimeout, setInterval, clearInterval, setImmediate, queueMicrotask, performance } = globalThis;
const realSetTimeout = globalThis.setTimeout;
const nextTick = process.nextTick.bind(process);

export { clearInterval, clearTimeout, queueMicrotask, setImmediate };

/** The longest time that a timer counts; Node.js takes a longer one for one millisecond. */
const LONGEST_MS = 2 ** 31 - 1;

export const setTimeout = (callback: () => void, milliseconds: number): NodeJS.Timeout =>
  realSetTimeout(callback, Math.min(milliseconds, LONGEST_MS));

/** Milliseconds of a clock that is never set back. */
export const now: () => number = performance.now.bind(performance);

export const onNextTick = (callback: () => void): void => nextTick(callback);

/** Resolves after so many milliseconds, which keep the process alive unless `ref` is false. */
export const delay = (milliseconds: number, { ref = true } = {}): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(), milliseconds);
    if (!ref) timer.unref();
  });

/** Rings once after so many milliseconds, unless it is stopped. It does not keep the process alive. */
export function alarm(milliseconds: number): { readonly rung: Promise<void>; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  const rung = new Promise<void>((resolve) => (timer = setTimeout(() => resolve(), milliseconds).unref()));
  return { rung, stop: () => clearTimeout(timer) };
}

/** Resolves when the event loop has come round once. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Calls back every so many milliseconds. Neither does it keep the process alive, nor `target`: when that is collected,
 * the interval ends.
 */
export function whileAlive<T extends object>(
  target: T,
  milliseconds: number,
  callback: (target: T) => void,
): NodeJS.Timeout {
  const reference = new WeakRef(target);
  const timer = setInterval(() => {
    const alive = reference.deref();
    if (alive) callback(alive);
    else clearInterval(timer);
  }, milliseconds).unref();
  return timer;
}
