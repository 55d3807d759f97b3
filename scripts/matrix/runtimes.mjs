// Runtimes: the smoke test on each.

import fs from 'node:fs';
import path from 'node:path';
import { bun, deno } from './managers.mjs';
import { execute, root, tool } from './tools.mjs';

const cell = (name, quick, run) => ({ section: 'runtimes', name, quick, run });
const nodeOf = (name) => path.join(tool(name), 'bin', 'node');

export function smokeFiles() {
  const read = (file) => fs.readFileSync(path.join(root, 'test', 'smoke', file), 'utf8');
  return Object.fromEntries(['smoke.mjs', 'tls-front.mjs'].map((file) => [file, read(file)]));
}

function smoke(context, name, command, args = []) {
  const cwd = context.installed(name, smokeFiles());
  const { output } = execute(command, [...args, 'smoke.mjs'], { cwd, env: context.environment() });
  const last = /^smoke: (\d+) passed, 0 failed$/m.exec(output);
  if (!last) throw new Error(output);
  return `${last[1]} of ${last[1]} checks`;
}

/** A checkout's addon needs the OpenSSL of Node.js, which these have not: then the error has to say so. */
function smokeOrSaysWhy(context, name, command, args) {
  if (context.release) return smoke(context, name, command, args);
  const cwd = context.installed(name, { 'program.mjs': "import 'seekafka';\n" });
  const { output } = execute(command, [...args, 'program.mjs'], { cwd, env: context.environment(), fails: true });
  if (!/ use the binary of @seekafka\//.test(output)) throw new Error(output);
  return 'an addon of a checkout says what to do';
}

export const runtimes = [
  cell(`Node.js ${process.versions.node} (this one)`, true, (context) => smoke(context, 'node', process.execPath)),
  ...['node20', 'node22', 'node24', 'node26'].map((name) =>
    cell(name.replace('node', 'Node.js '), false, (context) => smoke(context, name, nodeOf(name))),
  ),
  cell('Bun', false, (context) => smokeOrSaysWhy(context, 'bun', bun(), [])),
  cell('Deno', false, (context) => smokeOrSaysWhy(context, 'deno', deno(), ['run', '-A'])),
];
