// One trial in a process of its own: node bench/trial.mjs <driver's file> <task> <job as JSON>. Prints its result as JSON.
// Plain JavaScript, so that nothing stands between Node.js and the client.

import { readFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

// A client may throw where nobody awaits it. One line: stacks have paths, and the page of results shows what was said.
const fail = (error) => {
  writeSync(2, `${error?.name}: ${String(error?.message).split('\n')[0]}\n`);
  process.exit(1);
};
process.on('uncaughtException', fail);

const [driverFile, task, job] = process.argv.slice(2);
try {
  const { run } = await import(`./tasks/${task}.mjs`);
  const load = async () => (await import(pathToFileURL(driverFile).href)).driver;
  const result = await run(load, JSON.parse(job));
  writeSync(1, `${JSON.stringify({ ...result, peakMb: peakMb() })}\n`);
  process.exit(0); // some clients keep a process alive after their close()
} catch (error) {
  fail(error);
}

/** getrusage() would tell the parent's, where that is larger: its figure outlives fork and exec. */
function peakMb() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}
