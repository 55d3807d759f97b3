// OpenSSL and zlib as static libraries, for the published binaries alone. (A checkout's own build uses those inside node.)

import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { say } from '../deps.mjs';
import { ensureSources, opensslVersion, pinnedCrate } from './sources.mjs';
import { buildEnvironment, ensureTools, jobs, runOrFail, work, zigVersion } from './toolchain.mjs';

/**
 * What Kafka's TLS and SCRAM do not need, and what would reach out of the addon: modules, engines, a configuration file,
 * atexit(). `no-atexit`: librdkafka's threads may run on when a process exits, and must not find OpenSSL cleaned up.
 * Post-quantum key exchange (ML-KEM) stays, post-quantum signatures go: no certificate authority uses them yet.
 */
const options = [
  ...['no-shared', 'no-module', 'no-dso', 'no-autoload-config', 'no-atexit', 'no-tests', 'no-apps', 'no-docs'],
  ...['no-async', 'no-ui-console', 'no-uplink', 'no-comp', 'no-zlib', 'no-legacy'],
  ...['no-quic', 'no-dtls', 'no-sctp', 'no-srp', 'no-http', 'no-ct', 'no-cmp', 'no-cms', 'no-ts', 'no-rfc3779'],
  ...[
    'no-md2',
    'no-rc2',
    'no-rc4',
    'no-rc5',
    'no-idea',
    'no-seed',
    'no-camellia',
    'no-aria',
    'no-bf',
    'no-cast',
    'no-gost',
  ],
  ...['no-mdc2', 'no-rmd160', 'no-whirlpool', 'no-sm2', 'no-sm3', 'no-sm4', 'no-siv', 'no-argon2', 'no-ec2m'],
  ...['no-weak-ssl-ciphers', 'no-ml-dsa', 'no-slh-dsa'],
];

/**
 * Where OpenSSL looks for what it is not told: CA certificates, where librdkafka finds none in the usual places. It is a
 * directory that only an administrator can write to.
 */
const openssldir = { Linux: '/etc/ssl', Darwin: '/private/etc/ssl', Windows: 'C:/Program Files/Common Files/SSL' };

/** What is not used is left out by the linker; what is hidden is called directly. */
const flags = ['-O2', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections'];

/** To be raised with every change below that changes what is built. */
const RECIPE = 3;

/**
 * @param {import('./targets.mjs').Target} target
 * @returns {string} a directory with include/ (openssl/, zlib.h, zconf.h) and lib/ (libssl.a, libcrypto.a, libz.a)
 */
export function ensureOpenssl(target) {
  const { zig, openssl, system } = target;
  const recipe = JSON.stringify([
    RECIPE,
    zig,
    openssl,
    openssldir[system],
    options,
    zigVersion,
    pinnedCrate('libz-sys'),
  ]);
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 12);
  const prefix = path.join(work, 'openssl', `${target.name}-${opensslVersion}-${key}`);
  if (fs.existsSync(path.join(prefix, 'complete'))) return prefix;
  fs.rmSync(prefix, { recursive: true, force: true });

  const started = Date.now();
  say(`building OpenSSL ${opensslVersion} and zlib for ${target.name} (1 to 5 minutes, once) ...`);
  const sources = ensureSources();
  const tree = path.join(work, 'build', `openssl-${target.name}`);
  fs.rmSync(tree, { recursive: true, force: true });
  fs.cpSync(sources.openssl, tree, { recursive: true });
  const tools = ensureTools(target, tree);
  const environment = { ...buildEnvironment(tools), CC: 'cc', CXX: 'c++', AR: 'ar', RANLIB: 'ranlib', RC: 'rc' };
  const places = ['--prefix=/usr', '--libdir=lib', `--openssldir=${openssldir[target.system]}`];
  const parallel = `-j${jobs()}`;
  const within = { cwd: tree, env: environment };
  runOrFail('perl', ['./Configure', target.openssl, ...places, ...options, ...flags], 'configuring OpenSSL', within);
  runOrFail('make', [parallel, 'build_libs'], `building OpenSSL for ${target.name}`, within);

  for (const name of ['lib', 'include']) fs.mkdirSync(path.join(prefix, name), { recursive: true });
  fs.cpSync(path.join(tree, 'include', 'openssl'), path.join(prefix, 'include', 'openssl'), { recursive: true });
  for (const name of ['libssl.a', 'libcrypto.a'])
    fs.copyFileSync(path.join(tree, name), path.join(prefix, 'lib', name));
  buildZlib(sources.zlib, prefix, environment);
  fs.rmSync(tree, { recursive: true, force: true });
  fs.writeFileSync(path.join(prefix, 'complete'), '');
  say(`built in ${Math.round((Date.now() - started) / 1000)} s`);
  return prefix;
}

/** Its files that work on memory, not those that read and write .gz files. */
function buildZlib(source, prefix, environment) {
  const names = [
    'adler32',
    'crc32',
    'deflate',
    'infback',
    'inffast',
    'inflate',
    'inftrees',
    'trees',
    'zutil',
    'compress',
  ];
  const objects = path.join(prefix, 'zlib-objects');
  fs.mkdirSync(objects);
  for (const name of ['zlib.h', 'zconf.h'])
    fs.copyFileSync(path.join(source, name), path.join(prefix, 'include', name));
  const own = [...flags, '-fPIC', '-DNDEBUG', `-ffile-prefix-map=${source}=zlib`];
  for (const name of names) {
    const args = [...own, '-c', path.join(source, `${name}.c`), '-o', path.join(objects, `${name}.o`)];
    runOrFail('cc', args, 'building zlib', { env: environment });
  }
  const files = names.map((name) => path.join(objects, `${name}.o`));
  runOrFail('ar', ['rcsD', path.join(prefix, 'lib', 'libz.a'), ...files], 'building zlib', { env: environment });
  fs.rmSync(objects, { recursive: true });
}
