// The packages of a release, each staged in a directory of its own and packed by npm.

import fs from 'node:fs';
import path from 'node:path';
import { npmCommand } from '../deps.mjs';
import { platformManifest, publishedManifest, repositoryManifest } from './manifest.mjs';
import { packageName } from './targets.mjs';
import { root, runOrFail, work } from './toolchain.mjs';

const staging = path.join(work, 'packages');

/** Stages and packs `seekafka`, whose dist/ is built. */
export function packMain(targets, out) {
  const directory = stage('seekafka', publishedManifest(repositoryManifest(), targets));
  for (const name of ['dist', 'README.md', 'LICENSE', 'NOTICES.md', 'CHANGELOG.md']) copy(name, directory);
  return pack(directory, out);
}

/** @param {import('./targets.mjs').Target} target */
export function packPlatform(target, addon, out) {
  const directory = stage(target.name, platformManifest(target, repositoryManifest()));
  fs.copyFileSync(addon, path.join(directory, 'seekafka.node'));
  fs.chmodSync(path.join(directory, 'seekafka.node'), 0o755);
  for (const name of ['LICENSE', 'NOTICES.md']) copy(name, directory);
  const text = `# ${packageName(target)}\n\nThe native addon of seekafka for ${target.name}.\nInstall \`seekafka\`: it brings the addon that fits.\n`;
  fs.writeFileSync(path.join(directory, 'README.md'), text);
  return pack(directory, out);
}

/** The sources of the addon, and what builds them: for platforms without a binary. */
export function packSource(out) {
  const manifest = repositoryManifest();
  const { version, license, engines, devDependencies } = manifest;
  const needs = ['diff', 'node-addon-api', 'node-api-headers'];
  const directory = stage('source', {
    name: '@seekafka/source',
    version,
    description: 'Builds the native addon of seekafka on this machine, as a package for it: npx @seekafka/source',
    license,
    type: 'module',
    gypfile: false,
    bin: { 'seekafka-source': 'scripts/source-package.mjs' },
    engines,
    dependencies: Object.fromEntries(needs.map((name) => [name, devDependencies[name]])),
    seekafka: manifest.seekafka,
  });
  const scripts = ['deps.mjs', 'source-package.mjs', 'strip.mjs'].map((name) => `scripts/${name}`);
  const recipe = ['CMakeLists.txt', 'src-native', 'LICENSE', 'NOTICES.md'];
  for (const name of [...scripts, ...recipe]) copy(name, directory);
  fs.cpSync(path.join(root, 'cmake'), path.join(directory, 'cmake'), {
    recursive: true,
    filter: (from) => from !== path.join(root, 'cmake', 'release'),
  });
  fs.writeFileSync(path.join(directory, 'README.md'), sourceReadme);
  return pack(directory, out);
}

const sourceReadme = `# @seekafka/source

Builds the native addon of seekafka where there is no binary for the platform:

\`\`\`
npx @seekafka/source
\`\`\`

The command makes a package of it, and says how to install that. It needs a C++17 compiler, CMake, and the npm registry.
The addon uses the OpenSSL and the zlib inside the node that it was built by.
`;

function stage(name, manifest) {
  const directory = path.join(staging, name);
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  return directory;
}

function copy(name, directory) {
  fs.cpSync(path.join(root, name), path.join(directory, name), { recursive: true });
}

/** npm gives every file in a tarball the same date. */
function pack(directory, out) {
  fs.mkdirSync(out, { recursive: true });
  const [command, ...first] = npmCommand();
  const args = [
    ...first,
    'pack',
    directory,
    '--json',
    '--ignore-scripts',
    '--pack-destination',
    out,
    '--loglevel=error',
  ];
  const said = JSON.parse(runOrFail(command, args, `packing ${path.basename(directory)}`, { cwd: out }));
  const [{ filename, size, unpackedSize, files }] = Array.isArray(said) ? said : Object.values(said);
  const tarball = path.join(out, filename.replace('@', '').replace('/', '-'));
  return { tarball, size, unpackedSize, files: files.map((file) => file.path).sort() };
}
