#!/usr/bin/env node
/**
 * Builds the addon on this machine and makes a package of it, for platforms that no binary is published for. It is the program of
 * the package @seekafka/source: `npx @seekafka/source`. It needs a C++17 compiler, CMake and the npm registry.
 *
 *   npx @seekafka/source [directory for the tarball]
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, ensureDependencies, isProgram, npmCommand, runMain, say } from './deps.mjs';
import { strip } from './strip.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const { version, license, engines } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

if (isProgram(import.meta.url)) await runMain(main);

async function main() {
  const out = path.resolve(process.argv[2] ?? '.');
  const dependencies = await ensureDependencies();
  const tree = path.join(root, 'build', 'source');
  fs.rmSync(tree, { recursive: true, force: true });
  const settings = {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: path.join(tree, 'out'),
    // Node-API's own headers are enough: nothing of Node.js has to be fetched.
    CMAKE_JS_INC: ['node-api-headers/include/node_api.h', 'node-addon-api/napi.h']
      .map((file) => path.dirname(require.resolve(file)))
      .join(';'),
    CMAKE_JS_VERSION: 'none',
    NODE_EXECUTABLE: process.execPath,
  };
  say('building the addon ...');
  const defines = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  run('cmake', ['-S', root, '-B', tree, `-DDEPENDENCIES_PREFIX=${dependencies}`, ...defines]);
  run('cmake', [
    '--build',
    tree,
    '--parallel',
    process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? `${os.availableParallelism()}`,
  ]);

  const name = `@seekafka/${platformTag()}`;
  const directory = path.join(tree, 'package');
  fs.mkdirSync(directory);
  strip(path.join(tree, 'out', 'seekafka.node'), path.join(directory, 'seekafka.node'));
  for (const file of ['LICENSE', 'NOTICES.md']) fs.copyFileSync(path.join(root, file), path.join(directory, file));
  const manifest = {
    name,
    version,
    description: `The native addon of seekafka, built on a machine of ${platformTag()} by @seekafka/source`,
    license,
    main: 'seekafka.node',
    engines,
    os: [process.platform],
    cpu: [process.arch],
    preferUnplugged: true,
  };
  fs.writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const [command, ...first] = npmCommand();
  fs.mkdirSync(out, { recursive: true });
  run(command, [...first, 'pack', directory, '--pack-destination', out, '--ignore-scripts', '--loglevel=error']);
  const tarball = path.join(out, `seekafka-${platformTag()}-${version}.tgz`);
  say(`done. In your project: npm install ${path.relative(process.cwd(), tarball) || tarball}`);
}

/** As binding/platform.ts says it; a test compares the two. */
export function platformTag() {
  if (process.platform !== 'linux') return `${process.platform}-${process.arch}`;
  process.report.excludeNetwork = true;
  const { header } = process.report.getReport();
  return `linux-${process.arch}-${header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 'inherit'] });
  if (status !== 0)
    throw new BuildError(`${command} failed${error ? `: ${error.message}` : '; what it said is above'}.`);
}
