// Package managers: each installs seekafka from a registry, with the binary that fits and without running a script.

import path from 'node:path';
import { binaryPackages } from './context.mjs';
import { PRINTED, commonJs, esModule } from './programs.mjs';
import { execute, tool } from './tools.mjs';

const programs = { 'esm.mjs': esModule, 'cjs.cjs': commonJs };
const node = process.execPath;

/** Runs both programs; returns what to note. */
function runs(context, cwd, { via = [node], env = {} } = {}) {
  for (const file of Object.keys(programs)) {
    const { stdout } = execute(via[0], [...via.slice(1), file], { cwd, env: { ...context.environment(), ...env } });
    if (stdout.trim() !== PRINTED) throw new Error(`${file} printed ${stdout}`);
  }
  return binaryPackages(cwd).join(', ');
}

function install(context, name, command, args, options = {}) {
  const cwd = context.project(name, { ...programs, ...options.files });
  const started = Date.now();
  execute(command, args, { cwd, env: { ...context.environment(), ...options.env } });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  return { cwd, note: (what) => `${what}; ${seconds} s` };
}

const cell = (name, quick, run) => ({ section: 'package managers', name, quick, run });

export const managers = [
  cell('npm 11, scripts refused', true, (context) => {
    const args = [path.join(tool('npm'), 'bin', 'npm-cli.js'), 'install', 'seekafka', '--ignore-scripts', '--no-audit'];
    const { cwd, note } = install(context, 'npm', node, args);
    return note(fits(context, runs(context, cwd)));
  }),
  cell('pnpm 10', true, (context) => {
    const { cwd, note } = install(context, 'pnpm', node, [
      path.join(tool('pnpm'), 'bin', 'pnpm.cjs'),
      'add',
      'seekafka',
    ]);
    return note(fits(context, runs(context, cwd)));
  }),
  cell('yarn 1', false, (context) => {
    const { cwd, note } = install(context, 'yarn1', node, [
      path.join(tool('yarn1'), 'bin', 'yarn.js'),
      'add',
      'seekafka',
      '--non-interactive',
    ]);
    // It does not know `libc`, and installs both.
    return note(runs(context, cwd));
  }),
  cell('yarn 4, node_modules', false, (context) => {
    const files = { '.yarnrc.yml': 'nodeLinker: node-modules\n', 'yarn.lock': '' };
    const { cwd, note } = install(context, 'yarn4', node, [yarn4(), 'add', 'seekafka'], { files });
    return note(fits(context, runs(context, cwd)));
  }),
  cell("yarn 4, Plug'n'Play", false, (context) => {
    const files = { '.yarnrc.yml': 'nodeLinker: pnp\n', 'yarn.lock': '' };
    const { cwd, note } = install(context, 'yarn4pnp', node, [yarn4(), 'add', 'seekafka'], { files });
    return note(fits(context, runs(context, cwd, { via: [node, yarn4(), 'node'] })));
  }),
  cell('bun', false, (context) => {
    const { cwd, note } = install(context, 'bun', bun(), ['add', 'seekafka']);
    return note(fits(context, runs(context, cwd)));
  }),
  cell('deno', false, (context) => {
    const { cwd, note } = install(context, 'deno', deno(), [
      'add',
      '--node-modules-dir=auto',
      '--minimum-dependency-age=0',
      'npm:seekafka',
    ]);
    // It takes those for glibc and musl both.
    return note(runs(context, cwd));
  }),
];

export const bun = () => path.join(tool('bun'), 'bin', process.platform === 'win32' ? 'bun.exe' : 'bun');
export const deno = () => path.join(tool('deno'), process.platform === 'win32' ? 'deno.exe' : 'deno');
const yarn4 = () => path.join(tool('yarn4'), 'bin', 'yarn.js');

/** The binary of this platform is there, and no other. */
function fits(context, found) {
  if (found !== context.target.name) throw new Error(`these binaries are installed: ${found}`);
  return found;
}
