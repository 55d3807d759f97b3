#!/usr/bin/env node
/**
 * Builds the package: the addon by cmake-js, then the TypeScript to dist/.
 *
 *   node scripts/build.mjs                      both
 *   node scripts/build.mjs --addon              the addon alone      build/cmake/Release/seekafka.node
 *   node scripts/build.mjs --ts                 the TypeScript alone dist/
 *   node scripts/build.mjs --gyp                the addon by node-gyp build/Release/seekafka.node
 *   node scripts/build.mjs --sanitize=address   an addon to hunt with build/asan/Release/seekafka.node (thread: tsan)
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, ensureDependencies, findProgram, nodeDirectory, runMain, say } from './deps.mjs';
import { writeFacade } from './facade.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const started = Date.now();

await runMain(async () => {
  const options = parse(process.argv.slice(2));
  if (options.addon) await buildWithCmake(options.sanitize);
  if (options.gyp) await buildWithGyp();
  if (options.ts) await compileTypeScript();
  say(`done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
});

function parse(args) {
  const options = { addon: false, gyp: false, ts: false, sanitize: '' };
  for (const arg of args) {
    const [, name, value] = /^--(addon|gyp|ts|sanitize(?==))(?:=(.*))?$/.exec(arg) ?? [];
    if (name === undefined) throw new BuildError(`scripts/build.mjs does not know ${arg}.`);
    if (name === 'sanitize') options.addon = Boolean((options.sanitize = value));
    else options[name] = true;
  }
  if (!options.addon && !options.gyp && !options.ts) options.addon = options.ts = true;
  return options;
}

async function buildWithCmake(sanitize) {
  const dependencies = await ensureDependencies({ sanitize });
  const out = path.join(root, 'build', { address: 'asan', thread: 'tsan' }[sanitize] ?? 'cmake');
  dropForeignCache(out, dependencies);
  const result = path.join(out, 'Release', 'seekafka.node');
  say(`building the addon with cmake-js: ${path.relative(root, result)} (half a minute on two quiet cores) ...`);
  await run(program('cmake-js', 'bin/cmake-js'), [
    'build',
    `--out=${out}`,
    '--log-level=warn',
    `--parallel=${process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? os.availableParallelism()}`,
    `--CDNODE_EXECUTABLE=${process.execPath}`,
    `--CDSANITIZE=${sanitize}`,
    ...(findProgram('ccache') ? ['--CDCMAKE_CXX_COMPILER_LAUNCHER=ccache'] : []),
  ]);
  if (sanitize) {
    const library = sanitize === 'address' ? 'libasan.so' : 'libtsan.so';
    say(`run with: LD_PRELOAD=$(\${CXX:-c++} -print-file-name=${library}) SEEKAFKA_ADDON=${result} node ...`);
  } else {
    dropStalePrebuilds(result);
  }
}

async function buildWithGyp() {
  await ensureDependencies();
  const directory = nodeDirectory();
  // Given Node's own headers, node-gyp downloads none.
  const headers = directory && fs.existsSync(path.join(directory, 'include', 'node', 'common.gypi'));
  say(`building the addon with node-gyp: build/Release/seekafka.node ...`);
  await run(program('node-gyp', 'bin/node-gyp.js'), [
    'configure',
    'build',
    '--loglevel=warn',
    `--jobs=${os.availableParallelism()}`,
    ...(headers ? [`--nodedir=${directory}`] : []),
  ]);
  dropStalePrebuilds(path.join(root, 'build', 'Release', 'seekafka.node'));
}

async function compileTypeScript() {
  say('compiling the TypeScript to dist/ ...');
  // The old dist/ stays until tsc is content, and goes as a whole: nothing of a deleted source gets into the package.
  const types = path.join(root, 'build', 'types');
  fs.rmSync(types, { recursive: true, force: true });
  await run(program('typescript', 'bin/tsc'), ['-p', 'tsconfig.build.json', '--outDir', types]);
  await writeFacade(root, types, path.join(root, 'dist'));
}

/** The program of a devDependency, without the detour (and the download) of npx. */
function program(packageName, file) {
  try {
    return path.join(path.dirname(require.resolve(`${packageName}/package.json`)), file);
  } catch {
    throw new BuildError(`${packageName} is not installed: run \`npm install\` in ${root}.`);
  }
}

async function run(script, args) {
  const code = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject).on('close', resolve);
  });
  if (code !== 0) throw new BuildError(`${path.basename(script)} failed; what it said is above.`);
}

/**
 * CMake refuses a cache of another directory (the tree was copied or moved), trips over a half-configured one, and goes on
 * linking the libraries that it was configured with when there are others (a new patch, say).
 */
function dropForeignCache(out, dependencies) {
  const cache = path.join(out, 'CMakeCache.txt');
  if (!fs.existsSync(cache)) return;
  const text = fs.readFileSync(cache, 'utf8');
  const [home, prefix] = ['CMAKE_HOME_DIRECTORY', 'DEPENDENCIES_PREFIX'].map(
    (name) => new RegExp(`^${name}:INTERNAL=(.*)$`, 'm').exec(text)?.[1],
  );
  const configured = ['build.ninja', 'Makefile'].some((name) => fs.existsSync(path.join(out, name)));
  const same = home && path.resolve(home) === root && prefix && path.resolve(prefix) === dependencies;
  if (!configured || !same) fs.rmSync(out, { recursive: true, force: true });
}

/** A staged prebuild is looked for first (binding/load.ts): it must not hide an addon built after it. */
function dropStalePrebuilds(addon) {
  const built = fs.statSync(addon).mtimeMs;
  const prebuilds = path.join(root, 'prebuilds');
  if (!fs.existsSync(prebuilds)) return;
  for (const name of fs.readdirSync(prebuilds)) {
    const staged = path.join(prebuilds, name, 'seekafka.node');
    if (name.startsWith(`${process.platform}-${process.arch}`) && fs.existsSync(staged)) {
      if (fs.statSync(staged).mtimeMs < built) fs.rmSync(path.dirname(staged), { recursive: true });
    }
  }
}
