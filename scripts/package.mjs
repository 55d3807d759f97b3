#!/usr/bin/env node
/**
 * Stages the built addon, stripped, in prebuilds/<platform>-<arch>[-musl]/, from where an installed package loads it,
 * and writes NOTICES.md, the licences of what is linked into it.
 * Run by prepack, so that `npm pack` gives a tarball that needs no compiler and no install script.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tsImport } from 'tsx/esm/api';
import { BuildError, ensureDependencies, runMain, say } from './deps.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

await runMain(async () => {
  const built = path.join(root, 'build', 'cmake', 'Release', 'seekafka.node');
  if (!fs.existsSync(built)) {
    throw new BuildError(`${path.relative(root, built)} is missing: run \`npm run build\` first.`);
  }
  const { platformTag } = await tsImport('../binding/load.ts', import.meta.url);
  const staged = path.join(root, 'prebuilds', platformTag(), 'seekafka.node');
  fs.mkdirSync(path.dirname(staged), { recursive: true });
  // Written beside and renamed: a process that has the old file mapped keeps it.
  const fresh = `${staged}.${process.pid}`;
  const options = process.platform === 'darwin' ? ['-x'] : ['--strip-unneeded'];
  const stripped = spawnSync('strip', [...options, '-o', fresh, built], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (stripped.status !== 0) fs.copyFileSync(built, fresh);
  fs.renameSync(fresh, staged);
  const size = (fs.statSync(staged).size / 1e6).toFixed(1);
  writeNotices(await ensureDependencies());
  say(`staged ${path.relative(root, staged)} (${size} MB${stripped.status === 0 ? '' : ', not stripped'})`);
});

function writeNotices(prefix) {
  const pins = JSON.parse(fs.readFileSync(path.join(root, 'cmake', 'pins.json'), 'utf8'));
  const parts = [
    [
      `librdkafka ${pins.librdkafka.version}, and what it bundles`,
      path.join(prefix, 'share', 'librdkafka', 'LICENSES.txt'),
    ],
    [`zstd ${pins.zstd.version}`, path.join(prefix, 'share', 'zstd', 'LICENSE')],
    ['node-addon-api', path.join(root, 'node_modules', 'node-addon-api', 'LICENSE.md')],
  ];
  const sections = parts.map(([title, file]) => {
    const text = fs
      .readFileSync(file, 'utf8')
      .replace(/[ \t]+$/gm, '')
      .trim();
    return `## ${title}\n\n\`\`\`text\n${text}\n\`\`\`\n`;
  });
  const head =
    '# Notices\n\nThe native addon of this package contains the software below, under the licences given. OpenSSL and zlib are ' +
    'not part\nof it: it uses those of the Node.js that loads it.\n';
  fs.writeFileSync(path.join(root, 'NOTICES.md'), [head, ...sections].join('\n'));
}
