// The sources of OpenSSL and zlib, out of the Rust crate registry. cmake/release/Cargo.toml and Cargo.lock pin them.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BuildError, say } from '../deps.mjs';
import { root, runOrFail, work } from './toolchain.mjs';

const pins = path.join(root, 'cmake', 'release');

/** What Cargo.lock says of a crate: `{ version: '400.0.2+4.0.3', checksum }`. */
export function pinnedCrate(name) {
  const lock = fs.readFileSync(path.join(pins, 'Cargo.lock'), 'utf8');
  const [, version, checksum] =
    new RegExp(`name = "${name}"\\nversion = "([^"]+)"\\nsource = .*\\nchecksum = "([^"]+)"`).exec(lock) ?? [];
  if (checksum === undefined) throw new BuildError(`cmake/release/Cargo.lock does not pin ${name}.`);
  return { version, checksum };
}

/** `4.0.3` of `400.0.2+4.0.3`. */
export const opensslVersion = pinnedCrate('openssl-src').version.split('+')[1];

/**
 * @returns {{ openssl: string, zlib: string }} directories of sources, which nobody may write to
 */
export function ensureSources() {
  const lock = fs.readFileSync(path.join(pins, 'Cargo.lock'));
  const home = path.join(work, `crates-${createHash('sha256').update(lock).digest('hex').slice(0, 12)}`);
  if (!fs.existsSync(path.join(home, 'complete'))) {
    if (spawnSync('cargo', ['--version']).error) {
      throw new BuildError("a release needs cargo on the PATH: OpenSSL's source comes from the Rust crate registry.");
    }
    say('fetching the sources of OpenSSL and zlib (crates openssl-src and libz-sys) ...');
    fs.rmSync(home, { recursive: true, force: true });
    const manifest = path.join(pins, 'Cargo.toml');
    runOrFail('cargo', ['vendor', '--locked', '--quiet', '--manifest-path', manifest, home], 'fetching the crates');
    fs.writeFileSync(path.join(home, 'complete'), '');
  }
  return { openssl: path.join(home, 'openssl-src', 'openssl'), zlib: path.join(home, 'libz-sys', 'src', 'zlib') };
}

/** The version of zlib, which its crate does not tell in its own. */
export function zlibVersion() {
  const header = fs.readFileSync(path.join(ensureSources().zlib, 'zlib.h'), 'utf8');
  return /#define ZLIB_VERSION "([\d.]+)/.exec(header)?.[1];
}

/**
 * Is there a newer OpenSSL of the line that we pin, or a newer line? Says so, or undefined.
 * @returns {string | undefined}
 */
export function opensslIsBehind() {
  const said = runOrFail('cargo', ['info', '--quiet', 'openssl-src'], 'asking for the newest OpenSSL', { cwd: '/' });
  const newest = /^version: (\S+)/m.exec(said)?.[1];
  if (newest === undefined) throw new BuildError('cargo info did not tell the version of openssl-src.');
  const { version } = pinnedCrate('openssl-src');
  return newest === version ? undefined : `OpenSSL ${opensslVersion} is pinned (${version}), and ${newest} is out`;
}
