// The compiler of the published binaries: zig, from PyPI's package `ziglang`. One machine builds for all platforms with it,
// against the glibc version that is asked for.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, say } from '../deps.mjs';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
/** Everything that a release makes on its way. */
export const work = path.join(root, '.deps', 'release');
const requirements = path.join(root, 'cmake', 'release', 'requirements.txt');

/** The version of a package of PyPI that requirements.txt pins. */
function pinned(name) {
  const [, version] = new RegExp(`^${name}==(\\S+)`, 'm').exec(fs.readFileSync(requirements, 'utf8')) ?? [];
  if (version === undefined) throw new BuildError(`cmake/release/requirements.txt does not pin ${name}.`);
  return version;
}

export const zigVersion = pinned('ziglang');

/**
 * zig's executable.
 * @returns {string}
 */
export function ensureZig() {
  const home = path.join(work, `zig-${zigVersion}`);
  const executable = path.join(home, 'ziglang', process.platform === 'win32' ? 'zig.exe' : 'zig');
  if (fs.existsSync(path.join(home, 'complete'))) return executable;
  say(`fetching zig ${zigVersion} (PyPI package ziglang) ...`);
  fs.rmSync(home, { recursive: true, force: true });
  const python = ['python3', 'python'].find((name) => spawnSync(name, ['-m', 'pip', '--version']).status === 0);
  if (python === undefined) throw new BuildError('a release needs Python with pip on the PATH: zig comes from PyPI.');
  const wanted = ['--require-hashes', '--requirement', requirements];
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--root-user-action=ignore'];
  runOrFail(python, ['-m', 'pip', 'install', ...quiet, '--target', home, ...wanted], 'fetching zig');
  fs.writeFileSync(path.join(home, 'complete'), '');
  return executable;
}

/**
 * A directory with cc, c++, ar and ranlib that compile for a target. They are programs of their own, because build systems
 * that take a command with arguments for a compiler are few; and their names, which OpenSSL writes into its library, are
 * the same on every machine.
 * @param {import('./targets.mjs').Target} target
 * @param {string} sources directories below it are named relative to it in what is built
 */
export function ensureTools(target, sources = work) {
  const zig = ensureZig();
  const tools = path.join(work, 'tools', target.name);
  fs.mkdirSync(tools, { recursive: true });
  // Without the first, zig adds traps to C code. The second: __FILE__ names no directory of this machine.
  const flags = `-target ${target.zig} -fno-sanitize=undefined -ffile-prefix-map=${sources}/= -ffile-prefix-map=${root}/=`;
  const programs = {
    cc: `cc ${flags}`,
    'c++': `c++ ${flags}`,
    ar: 'ar',
    ranlib: 'ranlib',
    rc: 'rc',
  };
  for (const [name, command] of Object.entries(programs)) {
    fs.writeFileSync(path.join(tools, name), `#!/bin/sh\nexec '${zig}' ${command} "$@"\n`, { mode: 0o755 });
  }
  return tools;
}

/** The environment of a reproducible build for a target. */
export function buildEnvironment(tools) {
  const cache = path.join(work, 'zig-cache');
  return {
    ...process.env,
    PATH: `${tools}${path.delimiter}${process.env.PATH}`,
    ZIG_GLOBAL_CACHE_DIR: cache,
    ZIG_LOCAL_CACHE_DIR: cache,
    SOURCE_DATE_EPOCH: BUILD_DATE,
    LC_ALL: 'C',
    TZ: 'UTC',
    CFLAGS: '',
    CXXFLAGS: '',
    CPPFLAGS: '',
    LDFLAGS: '',
  };
}

/** The date that OpenSSL is told it was built on, 1 January 1980: what is released holds no other. */
const BUILD_DATE = '315532800';

/** How many compilers run at once. */
export function jobs() {
  return process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(os.availableParallelism());
}

/** Runs a command to its end; what it said is in the error when it fails. */
export function runOrFail(command, args, doing, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  if (status !== 0) {
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
    throw new BuildError(`${doing} failed: ${error?.message ?? `${command} ended with ${status}`}\n${said}`);
  }
  return stdout;
}
