// Builds the addon under a sanitizer and runs tests with it:
//
//   npm run test:asan                          AddressSanitizer and UBSan, leaks included, on the mock and lifecycle suites
//   npm run test:tsan                          ThreadSanitizer, likewise
//   npm run test:asan -- test/contract/*.ts    other tests
//
// Node.js itself is not instrumented: the sanitizer's library is loaded before it, and what is reported is of the addon
// and of the librdkafka in it. A report of a process ends the run with a failure, in child processes and workers too.

import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const [kind, ...given] = process.argv.slice(2);
const sanitizers = {
  address: { directory: 'asan', libraries: ['libasan.so', 'libubsan.so'] },
  thread: { directory: 'tsan', libraries: ['libtsan.so'] },
};
const sanitizer = sanitizers[kind];
if (!sanitizer) throw new Error(`scripts/sanitize.mjs: expected address or thread, got ${kind}`);

const run = (command, args, env = {}) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

if (
  run(process.execPath, ['scripts/build.mjs', `--sanitize=${kind}`]) ||
  run(process.execPath, ['scripts/build.mjs', '--ts'])
) {
  process.exit(1);
}

const library = (name) =>
  execFileSync(process.env.CXX ?? 'c++', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const suppressions = (name) => `suppressions=${path.join(root, 'test', 'sanitizers', name)}`;
const addon = path.join(root, 'build', sanitizer.directory, 'Release', 'seekafka.node');
const logs = fs.mkdtempSync(path.join(os.tmpdir(), 'seekafka-sanitizer-'));
const tests = given.length ? given : ['mock', 'lifecycle'].flatMap((suite) => testsIn(path.join('test', suite)));

const status = run(process.execPath, ['scripts/test.mjs', ...tests], {
  SEEKAFKA_ADDON: addon,
  SEEKAFKA_SANITIZER: kind,
  LD_PRELOAD: sanitizer.libraries.map(library).join(':'),
  ASAN_OPTIONS: `detect_leaks=1:log_path=${logs}/report`,
  // Searching the memory of threads that end with the process ends LeakSanitizer itself ("Tracer caught signal 11").
  LSAN_OPTIONS: `use_tls=0:${suppressions('lsan.supp')}:print_suppressions=0`,
  UBSAN_OPTIONS: `print_stacktrace=1:log_path=${logs}/report:${suppressions('ubsan.supp')}`,
  // What is reported is counted at the end; an exit code of the sanitizer (66) would only hide the program's own.
  TSAN_OPTIONS: `exitcode=0:second_deadlock_stack=1:log_path=${logs}/report:${suppressions('tsan.supp')}`,
});

const reports = fs
  .readdirSync(logs)
  .map((name) => fs.readFileSync(path.join(logs, name), 'utf8'))
  .flatMap((text) => (kind === 'thread' ? threadReports(text) : [text]));
for (const report of reports) console.error(report);
fs.rmSync(logs, { recursive: true, force: true });
console.error(`${reports.length} reports of the sanitizer`);
process.exitCode = status || (reports.length ? 1 : 0);

/**
 * The reports in a log of ThreadSanitizer. Where it has looked up names before the addon was loaded (for a report of
 * Node.js's own that is suppressed), it knows none of the addon's, and its suppressions by name miss them. Both are made up
 * for here.
 */
function threadReports(text) {
  const suppressed = fs
    .readFileSync(path.join(root, 'test', 'sanitizers', 'tsan.supp'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('race:') && !line.includes('^')) // the names of Node.js and V8 are always known
    .map((line) => line.slice('race:'.length));
  return text
    .split('==================\n')
    .filter((part) => !/^\s*(ThreadSanitizer: reported \d+ warnings\s*)?$/.test(part)) // what is between two reports
    .map(withNames)
    .filter((report) => {
      const [stacks] = report.split(/^ {2}(?:Location|Thread)/m);
      return !report.includes('data race') || !suppressed.some((name) => stacks.includes(` ${name}`));
    });
}

function withNames(report) {
  return report.replaceAll(/<null> <null> \(\S*seekafka\.node\+(0x[0-9a-f]+)\)/g, (_, address) => {
    const lines = execFileSync('addr2line', ['-Cfsi', '-e', addon, address], { encoding: 'utf8' }).trim().split('\n');
    const frames = lines.flatMap((name, i) => (i % 2 === 0 ? [`${name} ${lines[i + 1]}`] : []));
    return frames.join(' < ');
  });
}

function testsIn(directory) {
  return fs
    .readdirSync(path.join(root, directory))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => path.join(directory, name));
}
