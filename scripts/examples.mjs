#!/usr/bin/env node
/**
 * The examples that have packages of their own (examples/<name>/package.json): each is copied aside, gets this package as `npm pack`
 * makes it and the others from the registry, is checked by TypeScript, and its tests are run.
 *
 *   npm run examples              all of them
 *   npm run examples -- nestjs    those that are named
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, runMain, say } from './deps.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const examples = path.join(root, 'examples');
/** Not below the checkout, in whose node_modules an import would find what an example's package.json lacks. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekafka-examples-'));

await runMain(async () => {
  const all = fs.readdirSync(examples).filter((name) => fs.existsSync(path.join(examples, name, 'package.json')));
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new BuildError(`no such example: ${unknown.join(', ')} (there are ${all.join(', ')})`);

  const packed = path.join(folder, 'packed');
  fs.mkdirSync(packed);
  npm(root, 'pack', '--pack-destination', packed);
  const tarball = path.join(packed, fs.readdirSync(packed)[0]);

  const failed = [];
  for (const name of asked.length > 0 ? asked : all) {
    say(`examples/${name}`);
    const work = path.join(folder, name);
    const filter = (file) => path.basename(file) !== 'node_modules';
    fs.cpSync(path.join(examples, name), work, { recursive: true, filter });
    try {
      npm(work, 'install', tarball, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund');
      npm(work, 'run', 'check');
      npm(work, 'test');
    } catch (error) {
      say(error.message);
      failed.push(name);
    }
  }
  if (failed.length > 0) throw new BuildError(`failed: ${failed.join(', ')}`);
  say('examples: all passed');
}).finally(() => fs.rmSync(folder, { recursive: true, force: true }));

function npm(cwd, ...args) {
  const { status, error } = spawnSync('npm', args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) throw new BuildError(`npm ${args.join(' ')}: ${error?.message ?? `ended with ${status}`}`);
}
