// Checks the whole repository; with --fix it rewrites what a machine can.
//
//   npm run lint       node scripts/lint.mjs
//   npm run format     node scripts/lint.mjs --fix

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const fix = process.argv.includes('--fix');
let failures = 0;

const nativeFiles = filesBelow('src-native', /\.(cc|h)$/);

node('typescript/bin/tsc', ['-p', 'tsconfig.json']);
node('eslint/bin/eslint.js', ['.', '--max-warnings', '0', ...(fix ? ['--fix'] : [])]);
node('prettier/bin/prettier.cjs', [
  ...['.', '--ignore-unknown', '--log-level', 'warn', '--no-error-on-unmatched-pattern'],
  fix ? '--write' : '--check',
]);
node('typedoc/bin/typedoc', ['--emit', 'none', '--logLevel', 'Warn']); // everything that is exported is documented
for (const file of nativeFiles) clangFormat(file);
house();

if (failures > 0) console.error(`\nlint: ${failures} of the checks failed${fix ? '' : '; npm run format may help'}`);
process.exitCode = failures > 0 ? 1 : 0;

/** Runs a tool by its file, so that no shell or .bin wrapper stands between. */
function node(file, args) {
  const name = file.split('/')[0];
  const { status, error } = spawnSync(process.execPath, [tool(file), ...args], { stdio: 'inherit' });
  if (status === 0) return;
  failures++;
  console.error(`${name}: ${error?.message ?? `ended with ${status}`}`);
}

/** clang-format's own check prints a message for each place; the name of the file is enough. */
function clangFormat(file) {
  const args = [tool('clang-format/index.js'), ...(fix ? ['-i'] : []), file];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status === 0 && (fix || stdout === readFileSync(file, 'utf8'))) return;
  failures++;
  console.error(status === 0 ? `clang-format: ${file} is not formatted` : `clang-format: ${file}: ${stderr.trim()}`);
}

function tool(file) {
  return path.join(root, 'node_modules', ...file.split('/'));
}

/** The rules of this house about files. */
function house() {
  const complain = (message) => {
    failures++;
    console.error(`house: ${message}`);
  };

  const withNapi = nativeFiles.filter((file) => /^\s*#\s*include\s*<napi\.h>/m.test(readFileSync(file, 'utf8')));
  if (nativeFiles.length > 0 && withNapi.length !== 1) {
    complain(
      `exactly one header includes <napi.h>, so that its configuration macros are the same everywhere and the rest can ` +
        `be compiled and read without Node; now it is ${withNapi.join(', ') || 'none'}`,
    );
  }
  for (const file of nativeFiles) {
    if (!/^[a-z0-9_]+\.(cc|h)$/.test(path.basename(file))) complain(`${file}: C++ files are named in snake_case`);
  }
  for (const folder of ['lib', 'binding', 'test', 'bench', 'examples']) {
    for (const file of filesBelow(folder, /\.ts$/)) {
      const name = path.basename(file);
      // A second ending says what reads the file (`.test`, `.jest`); `_pb` is how the compiler of Protocol Buffers names its own.
      if (!/^[a-z0-9]+(-[a-z0-9]+)*(_pb)?(\.[a-z]+)?\.ts$/.test(name)) {
        complain(`${file}: TypeScript files are named in kebab-case`);
      }
    }
  }
}

function filesBelow(folder, pattern) {
  let entries;
  try {
    entries = readdirSync(folder, { recursive: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .map((entry) => path.join(folder, entry))
    .filter((file) => pattern.test(file) && !/[\\/](\.built|node_modules)[\\/]|_pb\.ts$/.test(file))
    .sort();
}
