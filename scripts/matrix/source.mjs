// The addon, built from the package @seekafka/source in an empty directory, as where no binary is published.

import path from 'node:path';
import { PRINTED, commonJs } from './programs.mjs';
import { execute, tool } from './tools.mjs';

const node = process.execPath;
const npm = () => path.join(tool('npm'), 'bin', 'npm-cli.js');

export const source = [
  {
    section: 'source',
    name: 'npx @seekafka/source, and its package in a project without a binary',
    quick: false,
    run(context) {
      const project = context.project('source', { 'a.cjs': commonJs });
      const env = context.environment();
      execute(node, [npm(), 'install', 'seekafka', '--omit=optional', '--no-audit'], { cwd: project, env });
      // What the package needs comes from the registry that this machine is set to.
      const empty = context.project('empty');
      const started = Date.now();
      const { output } = execute(
        node,
        [npm(), 'exec', '--yes', `--package=${context.source()}`, '--', 'seekafka-source'],
        {
          cwd: empty,
          minutes: 20,
        },
      );
      const seconds = ((Date.now() - started) / 1000).toFixed(0);
      const [, command, tarball] = /In your project: (npm install (\S+))/.exec(output) ?? [];
      if (tarball === undefined) throw new Error(`it does not say what to do with its package:\n${output}`);
      const built = path.join(empty, tarball);
      execute(node, [npm(), 'install', built, '--no-audit', '--omit=optional'], { cwd: project, env });
      const { stdout } = execute(node, ['a.cjs'], { cwd: project });
      if (stdout.trim() !== PRINTED) throw new Error(`it printed ${stdout}`);
      return `${seconds} s; ${command.replace(/[\d.]+\.tgz/, '<version>.tgz')}`;
    },
  },
];
