// Installations that cannot work: each ends in one error that says the way out.

import fs from 'node:fs';
import path from 'node:path';
import { binary } from './context.mjs';
import { execute, tool } from './tools.mjs';

const node = process.execPath;
const cell = (name, quick, run) => ({ section: 'failures', name, quick, run });
const files = { 'a.cjs': "require('seekafka');\n" };

/** What the package says in a project, when it cannot load. */
function failure(cwd, ...expected) {
  const { output } = execute(node, ['a.cjs'], { cwd, fails: true });
  const times = output.split('seekafka cannot load its native addon on ').length - 1;
  if (times !== 1) throw new Error(`the error comes ${times} times:\n${output}`);
  for (const each of expected)
    if (!output.includes(each)) throw new Error(`the error does not say "${each}":\n${output}`);
}

const npm = () => path.join(tool('npm'), 'bin', 'npm-cli.js');

export const failures = [
  cell('--omit=optional', true, (context) => {
    const cwd = context.project('omit', files);
    execute(node, [npm(), 'install', 'seekafka', '--omit=optional', '--no-audit'], { cwd, env: context.environment() });
    failure(
      cwd,
      'Optional dependencies were left out (--omit=optional)',
      `npm install @seekafka/${context.target.name}@${context.version}`,
    );
    // The way out that it names.
    execute(node, [npm(), 'install', `@seekafka/${context.target.name}@${context.version}`, '--no-audit'], {
      cwd,
      env: context.environment(),
    });
    execute(node, ['a.cjs'], { cwd });
  }),
  cell('a lock file of another platform', true, (context) => {
    const cwd = context.project('lock', files);
    const elsewhere = ['--os=darwin', '--cpu=arm64', '--libc='];
    execute(node, [npm(), 'install', 'seekafka', '--no-audit', ...elsewhere], { cwd, env: context.environment() });
    failure(cwd, 'or the lock file was written on another platform', 'remove node_modules and the lock file');
    // npm writes all platforms into the lock file: an installation from it is right.
    fs.rmSync(path.join(cwd, 'node_modules'), { recursive: true });
    execute(node, [npm(), 'ci', '--no-audit'], { cwd, env: context.environment() });
    execute(node, ['a.cjs'], { cwd });
  }),
  cell('node_modules copied from another machine', true, (context) => {
    const cwd = context.installed('copied', files);
    fs.renameSync(binary(context, cwd), path.join(path.dirname(binary(context, cwd)), 'sunos-sparc'));
    failure(cwd, 'This installation is for @seekafka/sunos-sparc');
  }),
  cell('the binary of another libc or processor', true, (context) => {
    const cwd = context.installed('libc', files);
    fs.writeFileSync(path.join(binary(context, cwd), 'seekafka.node'), 'not for this platform');
    failure(cwd, `${path.join('@seekafka', context.target.name, 'seekafka.node')}: `, 'Install the package anew');
  }),
  cell('a binary of another version', true, (context) => {
    const cwd = context.installed('version', files);
    const manifest = path.join(binary(context, cwd), 'package.json');
    fs.writeFileSync(
      manifest,
      fs.readFileSync(manifest, 'utf8').replace(`"version": "${context.version}"`, '"version": "9.9.9"'),
    );
    failure(cwd, `it is of version 9.9.9, and this package needs ${context.version}`);
  }),
  cell('SEEKAFKA_ADDON names no addon', true, (context) => {
    const cwd = context.installed('override', files);
    const { output } = execute(node, ['a.cjs'], { cwd, env: { SEEKAFKA_ADDON: 'nowhere.node' }, fails: true });
    if (!output.includes('The environment variable SEEKAFKA_ADDON names that file')) throw new Error(output);
  }),
  cell('addons are not allowed (--no-addons)', true, (context) => {
    const cwd = context.installed('no-addons', files);
    const { output } = execute(node, ['--no-addons', 'a.cjs'], { cwd, fails: true });
    if (!output.includes('This process may not load addons')) throw new Error(output);
  }),
];
