// Reads a published binary and refuses one that would not load where it should, or that shows what it should hide.
//
//   node scripts/release/check-binary.mjs TARGET FILE

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { BuildError, isProgram, runMain } from '../deps.mjs';
import { glibc, targetOf } from './targets.mjs';
import { root, runOrFail } from './toolchain.mjs';

const require = createRequire(import.meta.url);
const { symbols } = require('node-api-headers');

/** Node-API's two entries, and nothing else. */
const entries = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
/** The version of Node-API that the addon is compiled for (CMakeLists.txt). */
const nodeApi = new Set([...symbols.v9.js_native_api_symbols, ...symbols.v9.node_api_symbols]);
/** What a binary may weigh: more is an accident (debug information, an OpenSSL with everything). */
const maxMegabytes = 12;

/**
 * @param {import('./targets.mjs').Target} target
 * @param {string} file
 * @returns {{ target: string, facts: Record<string, string | number>, problems: string[] }}
 */
export function checkBinary(target, file) {
  const bytes = fs.readFileSync(file);
  const megabytes = bytes.length / 1e6;
  const facts = {
    'MB, stripped': megabytes.toFixed(2),
    'MB, gzip': (gzipSync(bytes, { level: 9 }).length / 1e6).toFixed(2),
  };
  const problems = [];
  const found = target.system === 'Linux' ? readElf(target, file) : readOther(target, file);
  Object.assign(facts, found.facts);
  problems.push(...found.problems);

  const exported = found.exported.sort();
  facts.exports = exported.length;
  if (exported.join() !== entries.join()) problems.push(`it exports ${exported.join(', ') || 'nothing'}`);
  const strange = found.undefined.filter((name) => !nodeApi.has(name) && !found.allowed.has(name));
  facts['undefined, of Node-API'] = found.undefined.filter((name) => nodeApi.has(name)).length;
  facts['undefined, of the C library'] = found.undefined.filter((name) => found.allowed.has(name)).length;
  if (strange.length > 0) problems.push(`it needs functions that no list allows: ${strange.join(', ')}`);
  if (megabytes > maxMegabytes) problems.push(`it has ${megabytes.toFixed(1)} MB, more than ${maxMegabytes}`);
  for (const secret of [root, process.env.HOME].filter(Boolean)) {
    if (secret.length > 4 && bytes.includes(secret)) problems.push(`it names a directory of this machine: ${secret}`);
  }
  return { target: target.name, facts, problems };
}

function readElf(target, file) {
  const readelf = (...options) => runOrFail('readelf', ['--wide', ...options, file], 'reading the binary');
  const problems = [];
  const dynamic = readelf('--dynamic');
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
  const libraries = /^(libc|libm|libpthread|libdl|librt|ld-linux-(x86-64|aarch64))\.so/;
  const foreign = needed.filter((name) => !libraries.test(name));
  if (foreign.length > 0) problems.push(`it needs ${foreign.join(', ')}`);
  // Without it, threads that go on when a worker ends run in code that is gone.
  if (!dynamic.includes('NODELETE')) problems.push('it is linked without -z nodelete');
  if (!/BIND_NOW|Flags:.*NOW/.test(dynamic)) problems.push('it is linked without -z now');
  if (/RPATH|RUNPATH|TEXTREL/.test(dynamic)) problems.push('it has a RUNPATH or text relocations');

  const wanted = { x64: 'X86-64', arm64: 'AArch64' }[target.cpu];
  const machine = /Machine:\s+(.+)/.exec(readelf('--file-header'))?.[1] ?? '';
  if (!machine.includes(wanted)) problems.push(`it is for ${machine}, not for ${wanted}`);
  if (/\.symtab|\.debug_info/.test(readelf('--section-headers'))) problems.push('it is not stripped');

  const rows = readelf('--dyn-syms').matchAll(/^ *\d+: \S+ +\d+ (\S+) +(\S+) +\S+ +(\S+) ([^\s@]+)/gm);
  const names = { exported: [], undefined: [] };
  for (const [, , binding, section, name] of rows) {
    if (section === 'UND') names.undefined.push(name);
    else if (binding !== 'LOCAL') names.exported.push(name);
  }
  const versions = [
    ...new Set([...readelf('--version-info').matchAll(/Name: GLIBC_([\d.]+)/g)].map(([, each]) => each)),
  ];
  const highest = versions.sort(byVersion).at(-1);
  if (target.libc === 'glibc' && byVersion(highest ?? '0', glibc) > 0) problems.push(`it needs GLIBC ${highest}`);
  if (target.libc === 'musl' && highest !== undefined) problems.push(`it needs GLIBC ${highest}, and is for musl`);
  const facts = { needs: needed.map((name) => name.replace(/\.so.*/, '')).join(' '), GLIBC: highest ?? 'none' };
  return { facts, problems, ...names, allowed: listOf(`linux-${target.libc}`) };
}

/** On macOS these cannot be hidden. They are looked up in the addon alone, for names have two levels there. */
const opensslAssembler =
  /^(_|AES_|CRYPTO_|ChaCha20_|OPENSSL_|SHA|aes_|aesni_|asm_|bn_|ecp_nistz|gcm_|ossl_|poly1305_|rsaz_|sha|unroll|vpaes_|x25519_|xor128_)/;

/** Mach-O and PE files, by LLVM's readobj where there is one. */
function readOther(target, file) {
  const tool = [
    'llvm-readobj',
    ...[22, 21, 20, 19, 18, 17, 16, 15, 14].map((version) => `llvm-readobj-${version}`),
  ].find(onPath);
  if (tool === undefined)
    throw new BuildError('checking a binary of macOS or Windows needs llvm-readobj (Debian: apt-get install llvm).');
  const read = (...options) => runOrFail(tool, [...options, file], 'reading the binary');
  if (target.system === 'Windows') {
    const exported = [...read('--coff-exports').matchAll(/Name: (\w+)/g)].map(([, name]) => name);
    const imports = read('--coff-imports')
      .split(/^Import \{|^DelayImport \{/m)
      .slice(1);
    const libraries = imports.map((part) => /Name: (\S+)/.exec(part)?.[1].toLowerCase());
    const undefinedOnes = imports.flatMap((part) => [...part.matchAll(/Symbol: (\w+)/g)].map(([, name]) => name));
    const problems = [];
    const system = /^(kernel32|ws2_32|crypt32|bcrypt|secur32|advapi32|user32|msvcrt|ntdll|api-ms-win-[\w-]+)(\.dll)?$/;
    const foreign = libraries.filter((name) => !system.test(name));
    if (foreign.length > 0) problems.push(`it needs ${foreign.join(', ')}`);
    // What Windows' own libraries offer is listed by them.
    return {
      facts: { needs: libraries.join(' ') },
      problems,
      exported,
      undefined: undefinedOnes,
      allowed: new Set(undefinedOnes),
    };
  }
  const plain = (name) => name.replace(/^_/, '');
  const parts = read('--syms')
    .split(/Symbol \{/)
    .slice(1);
  const rows = parts.map((part) => ({
    name: plain(/Name: (\S+)/.exec(part)?.[1] ?? ''),
    extern: /^\s*Extern$/m.test(part),
    undef: /Type: Undef\b/.test(part),
  }));
  const undefinedOnes = rows.filter(({ undef }) => undef).map(({ name }) => name);
  const exported = rows
    .filter(({ extern, undef }) => extern && !undef)
    .map(({ name }) => name)
    .filter((name) => !opensslAssembler.test(name));
  const needed = [...read('--needed-libs').matchAll(/^\s+(\S+\.dylib|\S+\.framework\S*)/gm)].map(([, name]) => name);
  const problems = needed.some((name) => !name.startsWith('/usr/lib/libSystem'))
    ? [`it needs ${needed.join(', ')}`]
    : [];
  return {
    facts: { needs: needed.join(' ') },
    problems,
    exported,
    undefined: undefinedOnes,
    allowed: new Set(undefinedOnes),
  };
}

function onPath(name) {
  return (process.env.PATH ?? '').split(path.delimiter).some((directory) => fs.existsSync(path.join(directory, name)));
}

/** The functions of the C library that a binary may need: cmake/release/symbols. A new one is looked at by a person first. */
function listOf(name) {
  const file = path.join(root, 'cmake', 'release', 'symbols', `${name}.txt`);
  return new Set(
    fs
      .readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#')),
  );
}

function byVersion(a, b) {
  const [one, other] = [a, b].map((each) => each.split('.').map(Number));
  for (let i = 0; i < 3; i++) if ((one[i] ?? 0) !== (other[i] ?? 0)) return (one[i] ?? 0) - (other[i] ?? 0);
  return 0;
}

if (isProgram(import.meta.url)) {
  await runMain(async () => {
    const [
      name,
      file = path.join(
        fileURLToPath(new URL('../..', import.meta.url)),
        '.deps',
        'release',
        'build',
        `addon-${name}`,
        'out',
        'seekafka.node',
      ),
    ] = process.argv.slice(2);
    const target = targetOf(name);
    if (target === undefined) throw new BuildError(`there is no target ${name}.`);
    const { facts, problems } = checkBinary(target, file);
    console.log(name, facts);
    if (problems.length > 0) throw new BuildError(`${file}: ${problems.join('; ')}`);
  });
}
