// What to do when the addon cannot be loaded: one error, that fits this runtime, this machine and this installation.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { libc, platformTag, runtime } from './platform.js';

/** What went wrong with one candidate. */
export interface Failure {
  readonly path: string;
  readonly reason: string;
  readonly required: boolean;
  readonly code?: string | undefined;
}

export interface Surroundings {
  /** The directory of this package; undefined inside a bundle. */
  readonly root: string | undefined;
}

export const notThere = 'no such file';
export const notInstalled = 'the package is not installed';

export function isBroken({ reason }: Failure): boolean {
  return reason !== notThere && reason !== notInstalled;
}

/** The whole message. */
export function explain(failures: readonly Failure[], { root }: Surroundings): string {
  const { name, version } = runtime();
  return [
    `seekafka cannot load its native addon on ${platformTag()} (${libc() || process.platform}, ${name} ${version}). Tried:`,
    ...failures.map(({ path, reason }) => `  ${path}: ${reason}`),
    wayOut(failures, root),
  ].join('\n');
}

function wayOut(failures: readonly Failure[], root: string | undefined): string {
  const { name } = runtime();
  const broken = failures.filter(isBroken);
  const reasons = broken.map(({ reason }) => reason).join('\n');
  if (broken.some(({ code }) => code === 'ERR_DLOPEN_DISABLED') || /addons? (is|are) disabled/i.test(reasons)) {
    return 'This process may not load addons: give node the option --allow-addons beside --permission, and leave --no-addons away.';
  }
  if (name === 'Deno' && /ffi|NotCapable|permission/i.test(reasons)) {
    return 'Deno needs leave to load an addon: run it with --allow-ffi (and --allow-read, --allow-env, --allow-net, --allow-sys), or with -A.';
  }
  if (
    /undefined symbol: \w*(SSL|EVP|X509|BIO|OPENSSL|CRYPTO|SHA|inflate|deflate|crc32)|symbol not found.*(SSL|EVP|X509)/i.test(
      reasons,
    )
  ) {
    return (
      'That addon was built to use the OpenSSL and zlib inside node, and this runtime does not offer them: ' +
      `${name === 'Node.js' ? 'use an official build of Node.js' : 'run it with Node.js'}, or use the binary of @seekafka/${platformTag()}, which brings its own.`
    );
  }
  if (failures.some(({ required }) => required)) {
    return 'The environment variable SEEKAFKA_ADDON names that file: point it at an addon of this platform, or unset it.';
  }
  if (root === undefined) return inBundle();
  if (existsSync(join(root, 'CMakeLists.txt'))) return `Build it: run \`npm run build\` in ${root}.`;
  if (/GLIBC|GLIBCXX|CXXABI|__\w+_chk/.test(reasons)) {
    return `The binary needs a newer C library than this system has: upgrade the system, or ${buildItHere}.`;
  }
  return broken.length === 0 ? notInstalledHere(root) : `Install the package anew, or ${buildItHere}.`;
}

function inBundle(): string {
  const tag = platformTag();
  return (
    'This seekafka is part of a bundle. Tell the bundler that seekafka is external (esbuild: --external:seekafka; webpack: ' +
    'externals: [/^seekafka\\b/]; Vite: ssr.external; Next.js: serverExternalPackages) and install it where the bundle runs; or copy ' +
    `node_modules/@seekafka/${tag}/seekafka.node beside the bundle; or name its path in the environment variable SEEKAFKA_ADDON.`
  );
}

/** The packages of this package's own file, or those that lie beside it. */
function notInstalledHere(root: string): string {
  const wanted = `@seekafka/${platformTag()}`;
  const { version, optionalDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
    optionalDependencies?: Record<string, string>;
  };
  const carried = listed(join(root, 'prebuilds'));
  const beside = listed(join(dirname(root), '@seekafka')).map((name) => `@seekafka/${name}`);
  if (!(wanted in optionalDependencies) && carried.length === 0) {
    const there = Object.keys(optionalDependencies).map((name) => name.replace('@seekafka/', ''));
    return `There is no binary for ${platformTag()}${there.length > 0 ? ` (there are: ${there.join(', ')})` : ''}: ${buildItHere}.`;
  }
  const others = [...carried, ...beside];
  const cause =
    others.length > 0
      ? `This installation is for ${others.join(', ')}: node_modules was copied from another machine, or the lock file was written there.`
      : 'Optional dependencies were left out (--omit=optional), or the lock file was written on another platform.';
  return (
    `${cause} Install the dependencies on this machine, with optional ones; where that does not help, remove node_modules and the ` +
    `lock file first. Or add the missing package itself: \`${runtime().add}${wanted}@${version}\`.`
  );
}

function listed(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}

const buildItHere =
  'build it on this machine: `npx @seekafka/source` makes a package of it (it needs a C++ compiler and CMake)';
