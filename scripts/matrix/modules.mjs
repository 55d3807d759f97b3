// Module systems, and what loads modules in a way of its own: TypeScript, test runners.

import fs from 'node:fs';
import path from 'node:path';
import { packageEntries } from '../entries.mjs';
import { repositoryManifest } from '../release/manifest.mjs';
import { PRINTED, commonJs, esModule, jestTest, typeScript, typedProgram, vitestTest } from './programs.mjs';
import { execute, root, tool } from './tools.mjs';

const node = process.execPath;
const own = (...parts) => path.join(root, 'node_modules', ...parts);
const cell = (name, quick, run) => ({ section: 'module systems', name, quick, run });

/** Entries may need optional peer dependencies, which this checkout has among its own. */
function withPeers(project) {
  const peers = Object.keys(repositoryManifest().peerDependencies ?? {});
  for (const name of peers) {
    fs.cpSync(own(...name.split('/')), path.join(project, 'node_modules', ...name.split('/')), { recursive: true });
  }
  return project;
}

function prints(context, cwd, ...args) {
  const { stdout } = execute(node, args, { cwd, env: context.environment() });
  if (stdout.trim() !== PRINTED) throw new Error(`it printed ${stdout}`);
}

function jest(name) {
  return (context) => {
    const cwd = context.installed(name, { 'works.test.js': jestTest, 'again.test.js': jestTest });
    const args = [path.join(tool(name), 'bin', 'jest.js'), '--ci', '--no-watchman', '--rootDir', cwd];
    execute(node, args, { cwd, env: context.environment() });
    return 'two files, without a setting';
  };
}

/** Compiles a user's program against the package as it is installed, with its declarations checked. */
function types(compiler, module, extension) {
  return (context) => {
    const config = {
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        target: 'es2022',
        module,
        types: ['node'],
        lib: ['es2023', 'esnext.disposable'],
      },
      files: [`program.${extension}`],
    };
    const files = { [`program.${extension}`]: typedProgram, 'tsconfig.json': JSON.stringify(config) };
    const cwd = withPeers(context.installed(`types-${extension}`, files));
    const roots = ['--typeRoots', own('@types')];
    execute(node, [path.join(compiler(), 'lib', 'tsc.js'), '-p', cwd, ...roots], { cwd });
  };
}

const newest = () => own('typescript');

export const modules = [
  cell('import', true, (context) => prints(context, context.installed('esm', { 'a.mjs': esModule }), 'a.mjs')),
  cell('require', true, (context) => prints(context, context.installed('cjs', { 'a.cjs': commonJs }), 'a.cjs')),
  cell('import and require share one copy, of each entry', true, (context) => {
    const text = `for (const entry of process.argv.slice(2)) {
      const cjs = require(entry);
      const names = Object.keys(cjs);
      if (names.length === 0) throw new Error(entry + ' exports nothing');
      import(entry).then((esm) => { for (const name of names) if (cjs[name] !== esm[name]) throw new Error(name); });
    }`;
    const entries = packageEntries().map(({ specifier }) => specifier);
    execute(node, ['a.cjs', ...entries], { cwd: withPeers(context.installed('both', { 'a.cjs': text })) });
    return entries.join(', ');
  }),
  cell('tsx, a .cts file', true, (context) =>
    prints(context, context.installed('tsx', { 'a.cts': typeScript }), own('tsx', 'dist', 'cli.mjs'), 'a.cts'),
  ),
  cell('ts-node, CommonJS', false, (context) => {
    const files = {
      'a.ts': typeScript,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { module: 'node16', target: 'es2022', skipLibCheck: true, types: [] },
      }),
    };
    const cwd = context.installed('ts-node', files);
    const args = [
      path.join(tool('ts-node'), 'dist', 'bin.js'),
      '--transpile-only',
      '--compiler',
      path.join(tool('typescript59')),
      'a.ts',
    ];
    prints(context, cwd, ...args);
  }),
  cell('jest 29, default mode', false, jest('jest29')),
  cell('jest 30, default mode', true, jest('jest30')),
  cell('vitest', false, (context) => {
    const cwd = context.installed('vitest', {
      'works.test.mjs': vitestTest,
      'vitest.config.mjs': 'export default { test: { watch: false } };',
    });
    link(tool('vitest-kit'), cwd, 'vitest');
    execute(node, [path.join(tool('vitest-kit'), 'vitest', 'vitest.mjs'), 'run'], { cwd });
  }),
  cell(
    'TypeScript 5.2, import',
    true,
    types(() => tool('typescript52'), 'node16', 'mts'),
  ),
  cell(
    'TypeScript 5.2, require',
    true,
    types(() => tool('typescript52'), 'node16', 'cts'),
  ),
  cell(
    'TypeScript 5.9, import',
    false,
    types(() => tool('typescript59'), 'nodenext', 'mts'),
  ),
  cell('TypeScript newest, import', true, types(newest, 'nodenext', 'mts')),
  cell('TypeScript newest, require', true, types(newest, 'nodenext', 'cts')),
  cell('arethetypeswrong', true, (context) => {
    const [tarball] = context.tarballs.filter((file) => path.basename(file) === `seekafka-${context.version}.tgz`);
    const attw = own('@arethetypeswrong', 'cli', 'dist', 'index.js');
    execute(node, [attw, tarball, '--no-color', '--no-emoji', '--profile', 'node16'], { cwd: context.folder });
  }),
];

function link(from, project, name) {
  execute('ln', ['-s', path.join(from, name), path.join(project, 'node_modules', name)], { cwd: project });
}
