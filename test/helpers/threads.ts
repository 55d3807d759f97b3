import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many main threads of librdkafka there are: one a handle. Linux alone tells; elsewhere nothing is seen. */
export function mainThreads(): number {
  if (process.platform !== 'linux') return 0;
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'rdk:main';
    } catch {
      return false; // it has ended just now
    }
  }).length;
}

/** Clients of other tests may still be ending. */
export async function mainThreadsAtRest(): Promise<number> {
  let count = mainThreads();
  for (let seen = -1; seen !== count;) {
    seen = count;
    await sleep(100);
    count = mainThreads();
  }
  return count;
}
