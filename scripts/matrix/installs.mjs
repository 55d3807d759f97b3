// What an installation takes, beside other clients: each by the same npm with a cache of its own, which a first installation has
// filled; then it is timed.

import fs from 'node:fs';
import path from 'node:path';
import { execute, tool } from './tools.mjs';

const peers = [
  'kafkajs@2.2.4',
  '@platformatic/kafka@2.12.1',
  'node-rdkafka@3.6.1',
  '@confluentinc/kafka-javascript@1.10.1',
];
const ROUNDS = 5;
/** What takes longer than this is measured once. */
const LONG_SECONDS = 30;

const cell = (name, run) => ({ section: 'installs', name, quick: false, run });

/** An installation into an empty project. */
function install(context, spec, cache, registry, scripts) {
  const cwd = context.project('install');
  const npm = path.join(tool('npm'), 'bin', 'npm-cli.js');
  const args = ['install', spec, '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', `--cache=${cache}`];
  const started = performance.now();
  execute(process.execPath, [npm, ...args, ...(scripts ? [] : ['--ignore-scripts'])], {
    cwd,
    env: registry,
    minutes: 20,
  });
  return { seconds: (performance.now() - started) / 1000, modules: path.join(cwd, 'node_modules') };
}

function measure(context, spec, registry, scripts) {
  const cache = path.join(context.project('cache'), 'npm');
  const first = install(context, spec, cache, registry, scripts);
  const took = [];
  let last;
  do {
    if (last) fs.rmSync(last.modules, { recursive: true });
    last = install(context, spec, cache, registry, scripts);
    took.push(last.seconds);
  } while (took.length < ROUNDS && last.seconds < LONG_SECONDS);
  const { bytes, count } = sizeOf(last.modules);
  fs.rmSync(last.modules, { recursive: true });
  fs.rmSync(first.modules, { recursive: true });
  const downloaded = sizeOf(path.join(cache, '_cacache', 'content-v2')).bytes;
  const median = took.sort((a, b) => a - b)[Math.floor(took.length / 2)];
  const mb = (size) => (size / 1e6).toFixed(1);
  return `${median.toFixed(1)} s; ${mb(downloaded)} MB downloaded, ${mb(bytes)} MB in ${count} files installed`;
}

/** Links are counted as nothing. */
function sizeOf(directory) {
  let bytes = 0;
  let count = 0;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    bytes += fs.statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size;
    count++;
  }
  return { bytes, count };
}

export const installs = [
  cell('seekafka', (context) => {
    if (!context.release) return 'not run: it is the published binary whose size counts';
    return measure(context, 'seekafka', context.environment(), true);
  }),
  ...peers.map((spec) =>
    cell(spec, (context) => {
      const without = measure(context, spec, {}, false);
      // Where the scripts do nothing the two are the same.
      let scripts;
      try {
        scripts = measure(context, spec, {}, true);
      } catch (error) {
        const line =
          error.message.split('\n').find((each) => /ERR!|npm error (?!code|path|command)/.test(each)) ?? error.message;
        scripts = `fails here (${line.trim()})`;
      }
      return `${without}; with its install scripts: ${scripts}`;
    }),
  ),
];
