#!/usr/bin/env node
/**
 * Provides librdkafka and zstd as static libraries in `.deps/<key>/`: fetches the sources that cmake/pins.json names,
 * verifies them, builds them with cmake/deps/CMakeLists.txt. The key is a hash of everything the result depends on, so
 * what is there already is right, and is returned at once.
 *
 *   node scripts/deps.mjs [--print-prefix] [--sanitize=address|thread]
 *
 * The prefix goes to stdout when asked for, everything else to stderr.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const store = path.join(root, '.deps');
const recipe = path.join(root, 'cmake', 'deps');
const patches = path.join(recipe, 'patches');

/** A failure whose message says all there is to say: shown without a stack trace. */
export class BuildError extends Error {}

/** @param {string} line progress, for people */
export function say(line) {
  process.stderr.write(`seekafka: ${line}\n`);
}

/**
 * How a published binary is compiled: by zig, for a platform, with OpenSSL and zlib linked in.
 * @typedef {object} Release
 * @property {string} name the platform's
 * @property {string} identity of the compiler and of OpenSSL; part of the key
 * @property {string} headers a directory with openssl/, zlib.h and zconf.h
 * @property {Record<string, string>} defines for CMake
 * @property {NodeJS.ProcessEnv} environment
 */

/** Runs `main` as a program: one sentence and exit code 1 when it throws a BuildError. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/** Is the module at this URL the program that node was started with? */
export function isProgram(url) {
  return process.argv[1] !== undefined && pathToFileURL(fs.realpathSync(process.argv[1])).href === url;
}

/**
 * Makes sure that the libraries are there.
 * @param {{ sanitize?: string, release?: Release }} [options] `release` for a published binary (scripts/release/addon.mjs)
 * @returns {Promise<string>} the directory with lib/, include/ and share/
 */
export async function ensureDependencies({ sanitize = '', release } = {}) {
  if (!['', 'address', 'thread'].includes(sanitize)) {
    throw new BuildError(`--sanitize is "${sanitize}"; it can be address or thread.`);
  }
  const pins = JSON.parse(fs.readFileSync(path.join(root, 'cmake', 'pins.json'), 'utf8'));
  const prefix = path.join(store, dependencyKey(sanitize, release));
  if (isComplete(prefix)) return prefix;

  if (!release) requireTools();
  fs.mkdirSync(store, { recursive: true });
  removeAbandonedWork();
  const work = fs.mkdtempSync(path.join(store, `work-${process.pid}-`));
  const stop = (signal) => {
    fs.rmSync(work, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    const headers = release?.headers ?? collectNodeHeaders(path.join(work, 'node-include'));
    const source = {};
    for (const [name, pin] of Object.entries(pins)) {
      source[name] = await unpack(name, pin, await fetchTarball(name, pin), path.join(work, name));
    }
    await applyPatches(source.librdkafka);
    await build(pins, { source, headers, sanitize, release, work, result: path.join(work, 'result') });
    publish(path.join(work, 'result'), prefix);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    fs.rmSync(work, { recursive: true, force: true });
  }
  return prefix;
}

/** The directory of the running (or configured) Node.js that holds include/node, or undefined. */
export function nodeDirectory() {
  const beside = path.dirname(path.dirname(fs.realpathSync(process.execPath)));
  for (const directory of [process.env.npm_config_nodedir, beside]) {
    if (directory && fs.existsSync(path.join(directory, 'include', 'node', 'node_api.h')))
      return path.resolve(directory);
  }
  const asked = npm(['config', 'get', 'nodedir', '--loglevel=silent']);
  const configured = asked.status === 0 ? asked.stdout.trim() : '';
  return configured && fs.existsSync(path.join(configured, 'include', 'node', 'node_api.h')) ? configured : undefined;
}

function dependencyKey(sanitize, release) {
  const hash = createHash('sha256');
  const files = [path.join(root, 'cmake', 'pins.json'), path.join(root, 'cmake', 'sanitizers.cmake')];
  for (const entry of fs.readdirSync(recipe, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) files.push(path.join(entry.parentPath ?? entry.path, entry.name));
  }
  for (const file of files.sort()) {
    hash
      .update(`${path.relative(root, file)}\0`)
      .update(fs.readFileSync(file))
      .update('\0');
  }
  if (release) return `release-${release.name}-${hash.update(release.identity).digest('hex').slice(0, 12)}`;
  const libc = process.platform === 'linux' && fs.existsSync('/etc/alpine-release') ? 'musl' : '';
  const toolchain = ['CC', 'CFLAGS', 'CPPFLAGS', 'MACOSX_DEPLOYMENT_TARGET'].map((name) => process.env[name] ?? '');
  hash.update(JSON.stringify([process.platform, process.arch, libc, sanitize, toolchain]));
  return `${process.platform}-${process.arch}${sanitize && `-${sanitize}`}-${hash.digest('hex').slice(0, 12)}`;
}

/** The stamp is written last, and the directory appears under its final name in one rename. */
function isComplete(prefix) {
  return fs.existsSync(path.join(prefix, 'complete'));
}

function publish(result, prefix) {
  fs.writeFileSync(path.join(result, 'complete'), '');
  for (;;) {
    try {
      fs.renameSync(result, prefix);
      return;
    } catch (error) {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      if (isComplete(prefix)) return; // another run was faster; its result is the same
      fs.rmSync(prefix, { recursive: true, force: true });
    }
  }
}

/** Deletes what killed runs left behind: the process is gone, and the directory is older than any build takes. */
function removeAbandonedWork() {
  for (const name of fs.readdirSync(store)) {
    const directory = path.join(store, name);
    const owner = Number(/^work-(\d+)-/.exec(name)?.[1]);
    if (owner && !isAlive(owner) && Date.now() - fs.statSync(directory).mtimeMs > 15 * 60_000) {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** @returns {Promise<string>} the tarball of a pinned source, checked */
export async function fetchTarball(name, pin) {
  const kept = path.join(store, 'tarballs', `${name}-${pin.version}.tgz`);
  if (fs.existsSync(kept)) {
    if (integrityOf(kept) === pin.integrity) return kept;
    fs.rmSync(kept);
  }
  say(`fetching the source of ${name} ${pin.version} (npm package ${pin.package}) ...`);
  fs.mkdirSync(path.dirname(kept), { recursive: true });
  const landing = fs.mkdtempSync(path.join(store, `work-${process.pid}-`));
  try {
    const packed = npm([
      'pack',
      pin.package,
      '--json',
      '--ignore-scripts',
      '--dry-run=false',
      '--pack-destination',
      landing,
    ]);
    const [file] = fs.readdirSync(landing);
    if (packed.status !== 0 || file === undefined) {
      const reason = packed.error?.message ?? (packed.stderr.match(/^npm error .*/gm) ?? []).slice(0, 3).join('; ');
      throw new BuildError(
        `npm could not fetch ${pin.package} (${reason}): check the network and npm's registry setting, ` +
          `or put its tarball at ${path.relative(process.cwd(), kept)}.`,
      );
    }
    const tarball = path.join(landing, file);
    const integrity = integrityOf(tarball);
    if (integrity !== pin.integrity) {
      throw new BuildError(
        `what the registry gave for ${pin.package} is not what cmake/pins.json expects ` +
          `(its integrity is ${integrity}, not ${pin.integrity}); nothing of it was used.`,
      );
    }
    fs.renameSync(tarball, kept);
  } finally {
    fs.rmSync(landing, { recursive: true, force: true });
  }
  return kept;
}

function integrityOf(file) {
  return `sha512-${createHash('sha512').update(fs.readFileSync(file)).digest('base64')}`;
}

/** npm itself. pnpm and yarn cannot pack a package of the registry. */
export function npmCommand() {
  const ours = process.env.npm_execpath;
  return ours && /npm-cli\.c?js$/.test(ours) ? [process.execPath, ours] : ['npm'];
}

/** npm, with the user's configuration. */
function npm(args) {
  const [command, ...first] = npmCommand();
  const shell = process.platform === 'win32' && command === 'npm';
  return spawnSync(command, [...first, ...args], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, shell });
}

async function unpack(name, pin, tarball, target) {
  fs.mkdirSync(target);
  const strip = pin.directory.split('/').length;
  const wanted = pin.unpack.map((entry) => `${pin.directory}/${entry}`);
  await run('tar', ['-xzf', tarball, '-C', target, `--strip-components=${strip}`, ...wanted], `unpacking ${name}`);
  return target;
}

/** Each says at its head what it mends. One that does not fit is of another version. */
async function applyPatches(source) {
  const { applyPatch, parsePatch } = await import('diff');
  for (const name of fs.readdirSync(patches).sort()) {
    for (const change of parsePatch(fs.readFileSync(path.join(patches, name), 'utf8'))) {
      const file = path.join(source, change.newFileName.replace(/^b\//, ''));
      const mended = applyPatch(fs.readFileSync(file, 'utf8'), change);
      if (mended === false) throw new BuildError(`${name} does not fit ${change.newFileName} of this librdkafka.`);
      fs.writeFileSync(file, mended);
    }
  }
}

async function build(pins, { source, headers, sanitize, release, work, result }) {
  const tree = path.join(work, 'build');
  const names = Object.entries(pins).map(([name, pin]) => `${name} ${pin.version}`);
  say(
    `building ${names.join(' and ')}${sanitize && `, sanitizer ${sanitize}`}${release ? ` for ${release.name}` : ''}, once: one minute on ` +
      `two quiet cores, up to five on busy ones ...`,
  );
  const started = Date.now();
  const settings = {
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_INSTALL_PREFIX: result,
    LIBRDKAFKA_SOURCE: source.librdkafka,
    ZSTD_SOURCE: source.zstd,
    NODE_INCLUDE: headers,
    SANITIZE: sanitize,
  };
  const defines = Object.entries({ ...settings, ...release?.defines }).map(([name, value]) => `-D${name}=${value}`);
  if (!release && findProgram('ccache')) defines.push('-DCMAKE_C_COMPILER_LAUNCHER=ccache');
  const generator = !process.env.CMAKE_GENERATOR && findProgram('ninja') ? ['-G', 'Ninja'] : [];
  await run('cmake', ['-S', recipe, '-B', tree, ...generator, ...defines], 'configuring librdkafka', release);
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(os.availableParallelism());
  await run('cmake', ['--build', tree, '--parallel', jobs, '--target', 'install'], 'building librdkafka', release);
  say(`built in ${Math.round((Date.now() - started) / 1000)} s`);
}

/** Seconds between two lines that tell how far a build has come. */
const PROGRESS_SECONDS = 10;

/** Runs a command quietly, but for how far a build has come; when it fails, the end of what it said is in the error. */
async function run(command, args, doing, { environment } = {}) {
  const output = [];
  let told = Date.now();
  const progress = (chunk) => {
    // `[ 40/120] Building C object ...` of ninja, `[ 33%] Building C object ...` of make.
    const [, part] = /\[ *(\d+(?:\/\d+|%))\][^[]*$/.exec(chunk) ?? [];
    if (part === undefined || Date.now() - told < PROGRESS_SECONDS * 1000) return;
    told = Date.now();
    say(`  ${part.replace('/', ' of ')} ...`);
  };
  const code = await new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: environment });
    child.stdout.on('data', (chunk) => {
      output.push(chunk);
      progress(String(chunk));
    });
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('error', reject).on('close', resolve);
  }).catch((error) => {
    throw new BuildError(`${doing} failed: ${error.message}`);
  });
  if (code !== 0) {
    const tail = Buffer.concat(output).toString().trim().split('\n').slice(-40).join('\n');
    throw new BuildError(`${doing} failed: ${command} ended with ${code}. The end of its output:\n${tail}`);
  }
}

/**
 * OpenSSL and zlib are inside the node executable; only their headers are needed. They are gathered in a directory of
 * their own, because beside them in Node's lies the rest of Node, and beside them in the system's lies everything.
 */
function collectNodeHeaders(target) {
  fs.mkdirSync(target);
  const node = nodeDirectory();
  const fromNode = node && path.join(node, 'include', 'node');
  if (fromNode && ['openssl/ssl.h', 'zlib.h', 'zconf.h'].every((name) => fs.existsSync(path.join(fromNode, name)))) {
    fs.cpSync(path.join(fromNode, 'openssl'), path.join(target, 'openssl'), { recursive: true, dereference: true });
    for (const name of ['zlib.h', 'zconf.h']) fs.copyFileSync(path.join(fromNode, name), path.join(target, name));
    return target;
  }
  // The compiler finds the system's own, wherever its distribution keeps them.
  const probe = '#include <openssl/ssl.h>\n#include <zlib.h>\n';
  const compiler = process.env.CC ?? 'cc';
  const found = spawnSync(compiler, ['-E', '-x', 'c', '-', '-o', os.devNull], {
    input: probe,
    encoding: 'utf8',
    shell: true,
  });
  if (found.status !== 0) {
    throw new BuildError(
      `the headers of OpenSSL and zlib (openssl/ssl.h, zlib.h) are neither in include/node beside this Node.js nor in the ` +
        `system: ${installAdvice('headers')}, or point npm_config_nodedir at a Node.js directory that has include/node.`,
    );
  }
  return target;
}

/** Says everything that is missing in one sentence, before anything is fetched. */
function requireTools() {
  const missing = [];
  const need = (what, ...programs) => programs.some((name) => name && findProgram(name)) || missing.push(what);
  need(
    'a C compiler',
    process.env.CC?.split(' ')[0] ?? 'cc',
    process.env.CC ? '' : 'gcc',
    process.env.CC ? '' : 'clang',
  );
  need('a C++ compiler', process.env.CXX?.split(' ')[0] ?? 'c++', process.env.CXX ? '' : 'g++');
  need('CMake', 'cmake');
  need('make or ninja', 'ninja', 'make');
  need('tar', 'tar');
  if (missing.length > 0) {
    const list = missing.join(', ').replace(/, ([^,]*)$/, ' and $1');
    throw new BuildError(`building the native addon needs ${list}, not found on the PATH: ${installAdvice('tools')}.`);
  }
}

export function findProgram(name) {
  if (path.isAbsolute(name)) return fs.existsSync(name);
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      fs.accessSync(path.join(directory, process.platform === 'win32' ? `${name}.exe` : name), fs.constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function installAdvice(what) {
  const families = {
    debian: { tools: 'apt-get install build-essential cmake', headers: 'apt-get install libssl-dev zlib1g-dev' },
    alpine: { tools: 'apk add build-base cmake', headers: 'apk add openssl-dev zlib-dev' },
    fedora: { tools: 'dnf install gcc gcc-c++ make cmake tar', headers: 'dnf install openssl-devel zlib-devel' },
    darwin: { tools: 'xcode-select --install && brew install cmake', headers: 'brew install openssl zlib' },
  };
  let family = process.platform;
  if (family === 'linux') {
    const release = fs.existsSync('/etc/os-release') ? fs.readFileSync('/etc/os-release', 'utf8') : '';
    const ids = /^ID(?:_LIKE)?=.*/gm;
    const words = (release.match(ids) ?? []).join(' ');
    family = ['alpine', 'fedora', 'rhel', 'debian'].find((name) => words.includes(name)) ?? '';
    if (family === 'rhel') family = 'fedora';
  }
  const advice = families[family];
  return advice ? `run \`${advice[what]}\`` : `install them with your package manager`;
}

if (isProgram(import.meta.url)) {
  await runMain(async () => {
    const args = process.argv.slice(2);
    const unknown = args.find((arg) => arg !== '--print-prefix' && !arg.startsWith('--sanitize='));
    if (unknown) throw new BuildError(`scripts/deps.mjs does not know ${unknown}.`);
    const sanitize = args.find((arg) => arg.startsWith('--sanitize='))?.slice('--sanitize='.length);
    const prefix = await ensureDependencies({ sanitize });
    if (args.includes('--print-prefix')) process.stdout.write(`${prefix}\n`);
  });
}
