// One trial in a process of its own: node --import tsx bench/trial.ts <driver> <job as JSON>. Prints its result as JSON.

import type { Driver, Job } from './driver.js';

export interface Result {
  count: number;
  sum: number;
  /** From the first message to the last. */
  readMs: number;
  /** From the start (connecting, joining the group) to the first message. */
  firstMs: number;
  /** User and system, of all threads, from the start on. */
  cpuMs: number;
  /** Resident, of the whole process with Node.js in it. */
  peakMb: number;
}

const [driverFile = '', job = ''] = process.argv.slice(2);
const { driver } = (await import(new URL(driverFile, import.meta.url).href)) as { driver: Driver };
const started = performance.now();
const cpuAtStart = process.cpuUsage();
const { count, sum, firstAt, lastAt } = await driver.consume(JSON.parse(job) as Job);
const { user, system } = process.cpuUsage(cpuAtStart);
const result: Result = {
  count,
  sum,
  readMs: lastAt - firstAt,
  firstMs: firstAt - started,
  cpuMs: (user + system) / 1000,
  peakMb: process.resourceUsage().maxRSS / 1024,
};
console.log(JSON.stringify(result));
