// The native handles that are open in this environment, and what becomes of them where nobody closes them.

import { native } from '../../binding/native.js';
import { realProcess } from '../../binding/platform.js';
import { now } from './timers.js';

/** What a native handle can be told at the end of the process. */
export interface Endable {
  abort(): void;
  join(waitMs: number): boolean;
}

/** When the process ends it waits so long for the clients that were not closed, for all of them together. */
const EXIT_WAIT_MS = 900;

/**
 * The set stands on the addon, which is one for all copies of this package in an environment (a test runner that loads
 * modules anew makes many): so the process gets one listener for all of them.
 *
 * process.exit() runs no clean-up hook of Node-API, and librdkafka's threads must not run on while OpenSSL, which they
 * use, is cleaned up.
 */
const open: Set<Endable> = (native.openHandles ??= firstCopy());

function firstCopy(): Set<Endable> {
  const handles = new Set<Endable>();
  // A test runner may have given this copy another `process`, whose listeners nobody calls.
  realProcess().on('exit', () => {
    for (const handle of handles) handle.abort();
    const until = now() + EXIT_WAIT_MS;
    for (const handle of handles) handle.join(Math.max(0, Math.floor(until - now())));
  });
  return handles;
}

export const opened = (handle: Endable): void => void open.add(handle);
export const ended = (handle: Endable): void => void open.delete(handle);

interface Left {
  /** `Consumer`, `Producer` or `Admin`. */
  readonly kind: string;
  readonly handle: Endable;
  /** What else is to be let go of. It must not reach the client. */
  readonly also: ReadonlySet<() => void>;
}

const warned = new Set<string>();

const forgotten = new FinalizationRegistry<Left>(({ kind, handle, also }) => {
  if (!open.has(handle)) return;
  handle.abort();
  for (const letGo of also) letGo();
  if (warned.has(kind)) return;
  warned.add(kind);
  process.emitWarning(
    `${kind}: a client was garbage-collected without close(): what it had not committed or sent is lost. ` +
      `Keep a reference to it, and close() it.`,
    { type: 'SeekafkaWarning', code: `SEEKAFKA_${kind.toUpperCase()}_NOT_CLOSED` },
  );
});

/** From now on the garbage collector tells when nobody can reach `client` any more. */
export const watch = (client: object, left: Left): void => forgotten.register(client, left, left.handle);
export const unwatch = (handle: Endable): void => void forgotten.unregister(handle);
