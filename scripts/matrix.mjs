#!/usr/bin/env node
/**
 * Tries the packages in everything that people install and run them with, and prints a table of it. A registry of our own holds
 * the packages; the tools come from the npm registry, once.
 *
 *   npm run matrix                          with the release in .deps/release/out, if there is one, or with this checkout's own addon
 *   npm run matrix -- --release=DIRECTORY   with the packages in that directory
 *   npm run matrix -- --checkout            with this checkout's own addon
 *   npm run matrix -- --quick               what CI runs
 *   npm run matrix -- bundlers 'yarn 4'     only the cells whose section or name begins so
 */
import fs from 'node:fs';
import path from 'node:path';
import { createContext } from './matrix/context.mjs';
import { cells } from './matrix/cells.mjs';
import { repositoryManifest } from './release/manifest.mjs';
import { root } from './matrix/tools.mjs';

const args = process.argv.slice(2);
const quick = args.includes('--quick');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const named = args.find((arg) => arg.startsWith('--release='))?.slice('--release='.length);
const out = named ? path.resolve(named) : path.join(root, '.deps', 'release', 'out', repositoryManifest().version);
if (named && !fs.existsSync(out)) throw new Error(`there is no directory ${out}`);
const release = fs.existsSync(out) && !args.includes('--checkout') && !quick ? out : undefined;
const chosen = cells.filter(
  ({ section, name, quick: isQuick }) =>
    (!quick || isQuick) &&
    (wanted.length === 0 || wanted.some((start) => section.startsWith(start) || name.startsWith(start))),
);

const context = await createContext({ release });
const rows = [];
try {
  for (const { section, name, run } of chosen) {
    const started = Date.now();
    const outcome = await Promise.resolve()
      .then(() => run(context))
      .then(
        (note = '') => ({ result: note.startsWith('not run') ? '-' : 'ok', note }),
        (error) => ({ result: 'FAILED', note: String(error.message).split('\n')[0], error }),
      );
    rows.push({ section, name, ...outcome });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    console.error(
      `${outcome.result.padEnd(7)} ${section}: ${name} (${seconds} s) ${outcome.error?.message ?? outcome.note}`,
    );
  }
} finally {
  await context.close();
}

const table = [
  `On ${context.target.name}, Node.js ${process.versions.node}, with ${release ? 'the binaries of the release' : "this checkout's own addon"}:`,
  '',
  '| | | | |',
  '|---|---|---|---|',
  ...rows.map(({ section, name, result, note }) => `| ${section} | ${name} | ${result} | ${note} |`),
].join('\n');
fs.mkdirSync(path.join(root, '.deps', 'matrix'), { recursive: true });
fs.writeFileSync(path.join(root, '.deps', 'matrix', 'result.md'), `${table}\n`);
console.log(table);
const [passed, failed] = ['ok', 'FAILED'].map((outcome) => rows.filter(({ result }) => result === outcome).length);
const rest = rows.length - passed - failed;
console.log(`\n${passed} passed, ${failed} failed${rest ? `, ${rest} not run` : ''}`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
