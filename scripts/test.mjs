// Runs mocha and judges the run as a whole; `npm test -- <mocha's arguments>`.
//
// Beyond mocha: a process that crashes, or that does not end after its last test, is a failure that says where it
// happened, and the last line is always "N passed, N failed" (", N skipped").

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** A run that takes longer is stuck. Only in CI: at home one may sit in a debugger. */
const guardMinutes = Number(process.env.TEST_GUARD_MINUTES ?? (process.env.CI ? 60 : 0));
/** How long the process may live on after its last test. */
const exitSeconds = 150;

// Mocha's own command starts a second process for Node's options; without that the process that may crash is our child.
// The options: tsx lets Node import TypeScript; without require(esm) mocha imports the tests, so that they and the
// package are real ES modules (tsx would turn what is required into CommonJS).
const mocha = createRequire(import.meta.url).resolve('mocha/lib/cli/cli.js');
const mochaConfig = JSON.parse(readFileSync(new URL('../.mocharc.json', import.meta.url), 'utf8'));
const nodeOptions = mochaConfig['node-option'].map((option) => `--${option}`);
const folder = mkdtempSync(path.join(os.tmpdir(), 'seekafka-test-'));
const journal = path.join(folder, 'journal');
const args = [...nodeOptions, mocha, ...(process.env.CI ? ['--forbid-only'] : []), ...process.argv.slice(2)];
const child = spawn(process.execPath, args, {
  stdio: 'inherit',
  env: { ...process.env, SEEKAFKA_TEST_JOURNAL: journal },
});

// Ctrl-C reaches the child by itself (one process group) and ends it; we stay to sum up.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));

let verdict;
const giveUp = (reason) => {
  verdict ??= reason;
  child.kill('SIGKILL');
};
if (guardMinutes > 0) {
  setTimeout(
    () => giveUp(`the run took more than ${guardMinutes} minutes and was ended`),
    guardMinutes * 60_000,
  ).unref();
}
let overSince;
setInterval(() => {
  if (!readJournal().over) return;
  overSince ??= Date.now();
  if (Date.now() - overSince > exitSeconds * 1000)
    giveUp(`the process did not end ${exitSeconds} s after its last test`);
}, 1000).unref();

child.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
child.on('close', (code, signal) => {
  const { passed, failed, skipped, over, running } = readJournal();
  rmSync(folder, { recursive: true, force: true });
  if (signal) verdict ??= `the process was ended by ${signal}`;
  else if (!over) verdict ??= `the process ended with ${code} before its tests did`;
  else if (passed + failed + skipped === 0) verdict ??= 'no test matched';
  else if (code !== 0 && failed === 0) verdict ??= `the process ended with ${code}, though no test failed`;
  if (verdict) console.error(`\nFAILED: ${verdict}${running && !over ? `, in: ${running}` : ''}\n`);
  const failures = failed + (verdict ? 1 : 0);
  console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failures > 0 || code !== 0 ? 1 : 0;
});

/** What test/helpers/reporter.ts has written so far. */
function readJournal() {
  const sum = { passed: 0, failed: 0, skipped: 0, over: false, running: undefined };
  let text = '';
  try {
    text = readFileSync(journal, 'utf8');
  } catch {
    // Nothing ran yet.
  }
  for (const line of text.split('\n').slice(0, -1)) {
    const entry = JSON.parse(line);
    if (entry.outcome) sum[entry.outcome]++;
    if (entry.over) sum.over = true;
    if (entry.running) sum.running = entry.running;
  }
  return sum;
}
