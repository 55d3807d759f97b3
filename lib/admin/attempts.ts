// Questions that are asked again where no answer comes. librdkafka asks the leader or coordinator that it knows, also where that
// one is gone and another was elected long ago.

import type { WaitOptions } from '../arguments/options.js';
import { alarm, now } from '../client/timers.js';
import { KafkaError, errno } from '../errors.js';
import type { Request } from './request.js';

/** As long as there is no answer, the question is asked anew after each such time. */
const ATTEMPT_MS = 4_000;

/** So long is waited, the first time, where an attempt ends without what was asked for; then twice as long, up to ATTEMPT_MS. */
const RETRY_MS = 500;

/** Nobody has answered who knows; the next one who is asked may. A broker that leaves the cluster is destroyBroker. */
export const passes = ({ errno: code }: { readonly errno: number }): boolean => passing.includes(code);

const passing: readonly number[] = [errno.timedOut, errno.transport, errno.destroyBroker, errno.notLeader];

interface Question<T> {
  /** One attempt. */
  ask(limits: WaitOptions): Promise<T>;
  /** Whether the answer is what was asked for, or will not become it. Default: it is. `ageMs`: since the question was asked. */
  isFinal?(answer: T, ageMs: number): boolean;
  /** Before another attempt: finds out who is to be asked. */
  look?(limits: WaitOptions): Promise<unknown>;
}

type Ended<T> = { readonly answer: T } | { readonly error: unknown };

/**
 * The first final answer. Attempts are not given up for others: a broker may be slow and no more. The first one has the caller's
 * time limit; when that is over, what an attempt has brought is better than an error.
 */
export async function firstAnswer<T>(request: Request, wait: WaitOptions, question: Question<T>): Promise<T> {
  const begun = now();
  const { timeoutMs = request.timeoutMs, signal } = wait;
  const leftMs = () => Math.max(0, begun + timeoutMs - now());
  /** Ends all attempts: the caller's signal, or the first final answer. */
  const over = new AbortController();
  const onAbort = () => over.abort(signal!.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort);
  const limits = (ms: number) => ({ timeoutMs: ms, signal: over.signal });
  const running = new Set<Promise<Ended<T>>>();
  const begin = (attempt: () => Promise<T>) => {
    const ended: Promise<Ended<T>> = attempt()
      .then(
        (answer) => ({ answer }),
        (error: unknown) => ({ error }),
      )
      .finally(() => running.delete(ended));
    running.add(ended);
  };
  const isFinal = (ended: Ended<T>) =>
    'answer' in ended
      ? (question.isFinal?.(ended.answer, now() - begun) ?? true)
      : !(ended.error instanceof KafkaError) || ended.error.fatal || !passes(ended.error);
  let best: Ended<T> | null = null;
  try {
    begin(() => question.ask(limits(timeoutMs)));
    for (let retryMs = RETRY_MS; ;) {
      const bell = alarm(ATTEMPT_MS);
      const ended = await Promise.race([...running, bell.rung.then(() => null)]).finally(() => bell.stop());
      const final = ended && isFinal(ended);
      if (ended && (final || !best || 'answer' in ended)) best = ended;
      const timeIsOver = leftMs() <= RETRY_MS;
      if (final || (timeIsOver && running.size === 0)) break;
      if (timeIsOver) continue;
      const pauseMs = ended ? retryMs : 0;
      if (ended) retryMs = Math.min(2 * retryMs, ATTEMPT_MS);
      begin(async () => {
        await request.pause(Math.min(pauseMs, leftMs()), over.signal);
        await question.look?.(limits(Math.min(leftMs(), ATTEMPT_MS))).catch(() => undefined);
        return await question.ask(limits(leftMs()));
      });
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    over.abort();
  }
  if ('answer' in best!) return best.answer;
  throw best!.error;
}
