#!/usr/bin/env node
/**
 * What `npm pack` in a checkout needs: the built addon, stripped, in prebuilds/<platform>/, from where an installed package loads it
 * where no platform package is installed; and a package.json as it is published, which --restore takes back.
 *
 *   node scripts/package.mjs              prepack
 *   node scripts/package.mjs --restore    postpack
 *
 * It makes a package for this platform alone. The packages of a release are made by scripts/release.mjs.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, runMain, say } from './deps.mjs';
import { publishedManifest, repositoryManifest } from './release/manifest.mjs';
import { platformTag } from './source-package.mjs';
import { strip } from './strip.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const manifest = path.join(root, 'package.json');
const kept = path.join(root, 'build', 'package.json.kept');

await runMain(async () => {
  if (process.argv[2] === '--restore') return restore();
  restore(); // an earlier run may have been ended half-way
  stageAddon();
  const fresh = publishedManifest(repositoryManifest());
  fs.copyFileSync(manifest, kept);
  fs.writeFileSync(manifest, `${JSON.stringify(fresh, null, 2)}\n`);
});

function stageAddon() {
  const built = path.join(root, 'build', 'cmake', 'Release', 'seekafka.node');
  if (!fs.existsSync(built)) {
    throw new BuildError(`${path.relative(root, built)} is missing: run \`npm run build\` first.`);
  }
  const staged = path.join(root, 'prebuilds', platformTag(), 'seekafka.node');
  fs.rmSync(path.join(root, 'prebuilds'), { recursive: true, force: true });
  fs.mkdirSync(path.dirname(staged), { recursive: true });
  // Written beside and renamed: a process that has the old file mapped keeps it.
  const fresh = `${staged}.${process.pid}`;
  const stripped = strip(built, fresh);
  fs.renameSync(fresh, staged);
  const size = (fs.statSync(staged).size / 1e6).toFixed(1);
  say(`staged ${path.relative(root, staged)} (${size} MB${stripped ? '' : ', not stripped'})`);
}

/** Only what this script has written is replaced. */
function restore() {
  if (!fs.existsSync(kept)) return;
  if (repositoryManifest().scripts === undefined) fs.renameSync(kept, manifest);
  else fs.rmSync(kept);
}
