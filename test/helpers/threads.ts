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

/**
 * The processor time of the JavaScript thread in milliseconds, by steps of ten. (That of the process has the threads of
 * librdkafka in it, and of a mock cluster. Where there is no /proc it is that one.)
 */
export function javaScriptCpuMs(): number {
  if (process.platform !== 'linux') {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  }
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, 'utf8');
  const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14); // in ticks of 10 ms
  return (Number(user) + Number(system)) * 10;
}
