// connect(): until the first broker answers, or it is known why none does.

import type { ClientRecord, NativeClient } from '../../binding/native.js';
import { errno, refusedBy } from '../errors.js';
import type { WaitOptions } from '../arguments/options.js';
import { deferred } from './deferred.js';
import type { Link } from './link.js';
import { mayBeRefusal } from './refusals.js';
import { clearTimeout, setTimeout } from './timers.js';
import type { Over } from './waits.js';

/** So long another broker may still answer where one has refused the client, or all were down when the call came. */
const GRACE_MS = 1000;
/** librdkafka tells the same error of a broker again after 30 s: what is older may have passed. */
const RECENT_MS = 35_000;
/** So shortly after a login was changed, what is refused may be the login before; the next attempt comes within that time. */
const NEW_LOGIN_MS = 2000;
/** librdkafka's own time limit is so much longer than ours, so that a late answer is a time-out of ours. */
const LATER_MS = 1000;

/** Answers when a broker does. */
export const askToConnect = (
  link: Link<ClientRecord, NativeClient>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<unknown> =>
  link.request('connect', (id) => link.handle.connect(id, Math.ceil(timeoutMs) + LATER_MS), { signal });

/**
 * @param over of the client: what goes wrong underneath is told to it
 * @param ask answers when a broker does; ends when the signal is aborted
 */
export async function connectBy(
  over: Over,
  ask: (signal: AbortSignal) => Promise<unknown>,
  limits: WaitOptions,
): Promise<void> {
  const refused = deferred<never>();
  let reason = over.troubleSince(RECENT_MS);
  let timer: NodeJS.Timeout | undefined;
  const giveUp = () => refused.reject(refusedBy('connect', reason!));
  const giveUpSoon = () => {
    const ms = over.loginAge < NEW_LOGIN_MS ? NEW_LOGIN_MS : GRACE_MS;
    timer ??= setTimeout(giveUp, ms).unref();
  };
  if (reason && (over.allDown || mayBeRefusal(reason))) giveUpSoon();
  const stop = over.onTrouble((error) => {
    if (error.errno !== errno.allBrokersDown || !reason) reason = error;
    if (error.errno === errno.allBrokersDown && over.loginAge >= NEW_LOGIN_MS) giveUp();
    else if (error.errno === errno.allBrokersDown || mayBeRefusal(error)) giveUpSoon();
  });
  const asking = new AbortController();
  const answer = ask(asking.signal);
  try {
    await over.race('connect', Promise.race([answer, refused.promise]), limits);
    over.answered();
  } finally {
    stop();
    clearTimeout(timer);
    answer.catch(() => undefined); // it is not waited for any more
    asking.abort();
  }
}

/** connect() of a client that asks on its own handle. */
export async function connectClient(
  { link, over }: { readonly link: Link<ClientRecord, NativeClient>; readonly over: Over },
  limits: WaitOptions & { readonly timeoutMs: number },
): Promise<void> {
  await connectBy(over, (ended) => askToConnect(link, limits.timeoutMs, ended), limits);
}
