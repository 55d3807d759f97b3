// The programs that the cells need (package managers, bundlers, other Node.js), each from the npm registry, installed once.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand } from '../deps.mjs';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const home = path.join(root, '.deps', 'matrix');
const [os, cpu] = [process.platform, process.arch];

const versions = {
  npm: '11.21.2',
  pnpm: '10.34.8',
  yarn1: 'npm:yarn@1.22.22',
  yarn4: 'npm:@yarnpkg/cli-dist@4.18.1',
  bun: `npm:@oven/bun-${os}-${{ x64: 'x64', arm64: 'aarch64' }[cpu]}@1.4.5`,
  deno: `npm:@deno/${os}-${cpu}${os === 'linux' ? '-glibc' : ''}@2.9.6`,
  node22: `npm:node-${os}-${cpu}@22.23.3`,
  node24: `npm:node-${os}-${cpu}@24.21.0`,
  node26: `npm:node-${os}-${cpu}@26.10.0`,
  node20: `npm:node-${os}-${cpu}@20.20.2`,
  jest29: 'npm:jest@29.7.0',
  jest30: 'npm:jest@30.5.2',
  'vitest-kit': { vitest: '5.1.1', vite: '8.3.8' },
  'ts-node': '10.9.2',
  typescript52: 'npm:typescript@5.2.2',
  typescript59: 'npm:typescript@5.9.3',
  webpack: '5.112.2',
  vite: '8.3.8',
  'rollup-kit': { '@rollup/plugin-node-resolve': '16.0.3', '@rollup/plugin-commonjs': '29.0.3' },
};

/**
 * Installs a tool, if it is not there.
 * @param {keyof typeof versions} name
 * @returns {string} its directory
 */
export function tool(name) {
  const wanted = versions[name];
  const modules = npmInstall(name, typeof wanted === 'string' ? { [name]: wanted } : wanted);
  return path.join(modules, typeof wanted === 'string' ? name : '');
}

/**
 * @param {Record<string, string>} dependencies
 * @returns {string} node_modules of a project that has these
 */
export function npmInstall(name, dependencies, overrides = {}) {
  const manifest = JSON.stringify({ private: true, dependencies, overrides });
  const project = path.join(home, `${name}-${createHash('sha256').update(manifest).digest('hex').slice(0, 8)}`);
  if (!fs.existsSync(path.join(project, 'complete'))) {
    process.stderr.write(`matrix: installing ${name} ...\n`);
    fs.rmSync(project, { recursive: true, force: true });
    fs.mkdirSync(project, { recursive: true });
    fs.writeFileSync(path.join(project, 'package.json'), manifest);
    npmRun(
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--legacy-peer-deps'],
      project,
    );
    fs.writeFileSync(path.join(project, 'complete'), '');
  }
  return path.join(project, 'node_modules');
}

/** npm, by the npm that runs this if one does. */
export function npmRun(args, cwd) {
  const [command, ...first] = npmCommand();
  return execute(command, [...first, ...args], { cwd });
}

/**
 * Runs a program to its end.
 * @returns {{ stdout: string, output: string }}
 */
export function execute(command, args, { cwd, env = {}, fails = false, minutes = 4 }) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: minutes * 60_000,
    maxBuffer: 1 << 28,
    env: { ...cleanEnvironment(), ...env },
  });
  const output = `${stdout ?? ''}${stderr ?? ''}`;
  if (fails ? status === 0 : status !== 0) {
    const how = error?.message ?? (fails ? 'it did not fail' : `it ended with ${signal ?? status}`);
    const line = [path.basename(command), ...args.map((arg) => path.basename(arg))].join(' ');
    const tail = [stdout, stderr].map((text) => (text ?? '').split('\n').slice(-40).join('\n')); // warnings do not push out results
    throw new Error(`${line}: ${how}\n${tail.join('\n')}`);
  }
  return { stdout: stdout ?? '', output };
}

/** What npm and mocha tell their own scripts is not meant for others. */
function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(package|lifecycle|config_local)|NODE_OPTIONS$|SEEKAFKA_|INIT_CWD$)/.test(name),
    ),
  );
}
