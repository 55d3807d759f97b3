// The platforms that have a binary package, and what a compiler, npm and OpenSSL call each of them.

/**
 * @typedef {object} Target
 * @property {string} name `linux-x64-gnu`: the end of the package's name
 * @property {string} zig the target of `zig cc`
 * @property {string} openssl the target of OpenSSL's Configure
 * @property {'Linux' | 'Darwin' | 'Windows'} system
 * @property {string} processor
 * @property {string} os npm's
 * @property {string} cpu npm's
 * @property {string} [libc] npm's
 * @property {boolean} published is it part of a release? The others are built and tried by CI, on machines of theirs; until that has
 *   run, they are not published.
 */

/** @type {readonly Target[]} */
export const targets = [
  linux('linux-x64-gnu', 'x86_64-linux-gnu.2.28', 'x64', 'glibc'),
  linux('linux-arm64-gnu', 'aarch64-linux-gnu.2.28', 'arm64', 'glibc'),
  linux('linux-x64-musl', 'x86_64-linux-musl', 'x64', 'musl'),
  linux('linux-arm64-musl', 'aarch64-linux-musl', 'arm64', 'musl'),
  darwin('darwin-arm64', 'aarch64-macos.11.0', 'arm64', 'darwin64-arm64-cc'),
  darwin('darwin-x64', 'x86_64-macos.11.0', 'x64', 'darwin64-x86_64-cc'),
  {
    name: 'win32-x64',
    zig: 'x86_64-windows-gnu',
    openssl: 'mingw64',
    system: 'Windows',
    processor: 'AMD64',
    os: 'win32',
    cpu: 'x64',
    published: false,
  },
];

/** The highest glibc version that a binary may ask for: that of RHEL 8 and Debian 10. zig's target names it too. */
export const glibc = '2.28';

export const packageName = (target) => `@seekafka/${target.name}`;

/** @param {string} name */
export function targetOf(name) {
  return targets.find((target) => target.name === name);
}

function linux(name, zig, cpu, libc) {
  const processor = { x64: 'x86_64', arm64: 'aarch64' }[cpu];
  const openssl = { x64: 'linux-x86_64', arm64: 'linux-aarch64' }[cpu];
  return { name, zig, openssl, system: 'Linux', processor, os: 'linux', cpu, libc, published: true };
}

function darwin(name, zig, cpu, openssl) {
  const processor = { x64: 'x86_64', arm64: 'arm64' }[cpu];
  return { name, zig, openssl, system: 'Darwin', processor, os: 'darwin', cpu, published: false };
}
