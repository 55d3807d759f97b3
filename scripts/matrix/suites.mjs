// Our own suites, with the published binary in place of a checkout's, on each Node.js.

import path from 'node:path';
import { binary } from './context.mjs';
import { execute, root, tool } from './tools.mjs';

const folders = ['test/unit', 'test/mock', 'test/lifecycle'];

export const suites = ['node20', 'node22', 'node24', 'node26'].map((name) => ({
  section: 'suites',
  name: `${name.replace('node', 'Node.js ')}: unit, mock, lifecycle`,
  quick: false,
  run(context) {
    if (!context.release) return "not run: they are for the published binary; `npm test` runs them with the checkout's";
    const bin = path.join(tool(name), 'bin');
    const env = {
      SEEKAFKA_ADDON: path.join(binary(context, context.installed('suites')), 'seekafka.node'),
      PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    };
    const node = path.join(bin, 'node');
    const version = execute(node, ['--version'], { cwd: root }).stdout.trim();
    const { output } = execute(node, ['scripts/test.mjs', ...folders], { cwd: root, env, minutes: 60 });
    return `${version}: ${output.trim().split('\n').at(-1)}`;
  },
}));
