// The licences of what is linked into the addon, and the list of it for machines (CycloneDX).

import fs from 'node:fs';
import path from 'node:path';
import { BuildError, ensureDependencies, fetchTarball } from '../deps.mjs';
import { repositoryManifest } from './manifest.mjs';
import { ensureSources, opensslVersion, pinnedCrate, zlibVersion } from './sources.mjs';
import { ensureZig, root, runOrFail, zigVersion } from './toolchain.mjs';

const pins = () => JSON.parse(fs.readFileSync(path.join(root, 'cmake', 'pins.json'), 'utf8'));

/**
 * Writes NOTICES.md. It stands in the repository, so that it can be read without a release, and is checked by one.
 * @returns {Promise<boolean>} was it right already?
 */
export async function writeNotices() {
  const share = path.join(await ensureDependencies(), 'share');
  const { librdkafka, zstd } = pins();
  const { openssl, zlib } = ensureSources();
  const libraries = path.join(path.dirname(ensureZig()), 'lib');
  const parts = [
    [`librdkafka ${librdkafka.version}, and what it bundles`, path.join(share, 'librdkafka', 'LICENSES.txt')],
    [`zstd ${zstd.version}`, path.join(share, 'zstd', 'LICENSE')],
    ['node-addon-api', path.join(root, 'node_modules', 'node-addon-api', 'LICENSE.md')],
    [`OpenSSL ${opensslVersion} (in the published binaries)`, path.join(openssl, 'LICENSE.txt')],
    [`zlib ${zlibVersion()} (in the published binaries)`, path.join(zlib, 'LICENSE')],
    [
      'libc++, libc++abi and libunwind of LLVM (in the published binaries)',
      path.join(libraries, 'libcxx', 'LICENSE.TXT'),
    ],
    [`zig ${zigVersion}, its compiler runtime (in the published binaries)`, path.join(libraries, '..', 'LICENSE')],
  ];
  const sections = parts.map(([title, file]) => {
    const text = fs
      .readFileSync(file, 'utf8')
      .replace(/\r/g, '')
      .replace(/[ \t]+$/gm, '')
      .trim();
    return `## ${title}\n\n\`\`\`text\n${text}\n\`\`\`\n`;
  });
  const head =
    '# Notices\n\nThe native addon of seekafka contains the software below, under the licences given. An addon that was built in a\n' +
    'checkout contains the first three: it uses the OpenSSL and the zlib of the Node.js that loads it, and the C++ library of\nits system.\n';
  const notices = [head, ...sections].join('\n');
  const file = path.join(root, 'NOTICES.md');
  const same = fs.existsSync(file) && fs.readFileSync(file, 'utf8') === notices;
  if (!same) fs.writeFileSync(file, notices);
  return same;
}

/** Where a library in librdkafka's sources names its version. The others have none: each is a file or two of its author. */
const versionsOfBundled = {
  lz4: { file: 'src/lz4.h', version: /#define LZ4_VERSION_(?:MAJOR|MINOR|RELEASE) +(\d+)/g },
  cjson: { file: 'src/cJSON.h', version: /#define CJSON_VERSION_(?:MAJOR|MINOR|PATCH) +(\d+)/g },
  nanopb: { file: 'src/nanopb/pb.h', version: /#define NANOPB_VERSION "nanopb-([^"]+)"/g },
};

/** What librdkafka carries in its own sources, by the licences that it lists. */
async function bundled({ librdkafka }) {
  const tarball = await fetchTarball('librdkafka', librdkafka);
  const [part] = fs.readFileSync(path.join(root, 'NOTICES.md'), 'utf8').split('\n## zstd');
  const names = [...part.matchAll(/^LICENSE\.(\w+)$/gm)].map(([, name]) => name);
  return names.map((name) => {
    const { file, version } = versionsOfBundled[name] ?? {};
    if (file === undefined) return { type: 'library', name };
    const text = runOrFail('tar', ['-xzOf', tarball, `${librdkafka.directory}/${file}`], `reading ${file}`);
    const found = [...text.matchAll(version)].map(([, number]) => number).join('.');
    if (found === '') throw new BuildError(`${file} does not tell the version of ${name} where it used to.`);
    return { type: 'library', name, version: found };
  });
}

/** `22.1.8`: libc++ has the version of its LLVM. */
function libcxxVersion() {
  const config = path.join(path.dirname(ensureZig()), 'lib', 'libcxx', 'include', '__config');
  const number = Number(/define _LIBCPP_VERSION (\d+)/.exec(fs.readFileSync(config, 'utf8'))?.[1]);
  if (!(number > 0)) throw new BuildError('libc++ does not tell its version where it used to.');
  return [number / 10_000, (number / 100) % 100, number % 100].map(Math.floor).join('.');
}

/** What the binaries are made of, as CycloneDX 1.6. It has no date and no serial number: the same input gives the same file. */
export async function billOfMaterials(targets) {
  const { version, license } = repositoryManifest();
  const { librdkafka, zstd } = pins();
  const patches = fs.readdirSync(path.join(root, 'cmake', 'deps', 'patches')).sort();
  const addonApi = JSON.parse(
    fs.readFileSync(path.join(root, 'node_modules', 'node-addon-api', 'package.json'), 'utf8'),
  );
  const component = (name, of, purl, licence, more = {}) => ({
    type: 'library',
    'bom-ref': purl,
    name,
    version: of,
    purl,
    licenses: [licence.includes(' ') ? { expression: licence } : { license: { id: licence } }],
    ...more,
  });
  const npmSource = ({ package: spec, integrity }) => ({
    externalReferences: [
      {
        type: 'source-distribution',
        url: `pkg:npm/${spec.replace(/^@/, '%40').replace(/@(?=[^@]*$)/, '@')}`,
        hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
      },
    ],
  });
  const crateSource = (name) => ({
    externalReferences: [
      {
        type: 'source-distribution',
        url: `pkg:cargo/${name}@${pinnedCrate(name).version}`,
        hashes: [{ alg: 'SHA-256', content: pinnedCrate(name).checksum }],
      },
    ],
  });
  const components = [
    component(
      'librdkafka',
      librdkafka.version,
      `pkg:github/confluentinc/librdkafka@v${librdkafka.version}`,
      'BSD-2-Clause',
      {
        ...npmSource(librdkafka),
        components: await bundled(pins()),
        ...(patches.length > 0 && {
          pedigree: {
            patches: patches.map((name) => ({ type: 'unofficial', diff: { url: `cmake/deps/patches/${name}` } })),
          },
        }),
      },
    ),
    component('zstd', zstd.version, `pkg:github/facebook/zstd@v${zstd.version}`, 'BSD-3-Clause', npmSource(zstd)),
    component('openssl', opensslVersion, `pkg:github/openssl/openssl@openssl-${opensslVersion}`, 'Apache-2.0', {
      cpe: `cpe:2.3:a:openssl:openssl:${opensslVersion}:*:*:*:*:*:*:*`,
      ...crateSource('openssl-src'),
    }),
    component('zlib', zlibVersion(), `pkg:github/madler/zlib@v${zlibVersion()}`, 'Zlib', {
      cpe: `cpe:2.3:a:zlib:zlib:${zlibVersion()}:*:*:*:*:*:*:*`,
      ...crateSource('libz-sys'),
    }),
    component('node-addon-api', addonApi.version, `pkg:npm/node-addon-api@${addonApi.version}`, 'MIT'),
    component(
      'libc++',
      libcxxVersion(),
      `pkg:github/llvm/llvm-project@llvmorg-${libcxxVersion()}`,
      'Apache-2.0 WITH LLVM-exception',
      {
        externalReferences: [{ type: 'source-distribution', url: `pkg:pypi/ziglang@${zigVersion}` }],
      },
    ),
    component('zig-compiler-rt', zigVersion, `pkg:pypi/ziglang@${zigVersion}#lib/compiler_rt`, 'MIT'),
  ];
  const main = `pkg:npm/seekafka@${version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        ...component('seekafka', version, main, license),
        properties: targets.map(({ name }) => ({ name: 'seekafka:binary', value: name })),
      },
    },
    components,
    dependencies: [{ ref: main, dependsOn: components.map((each) => each['bom-ref']) }],
  };
}
