import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { Program } from '../helpers/program.js';
import { root } from '../helpers/snippets.js';

// examples/testing: tests of a user's own service. Those of jest and vitest are run by `npm run examples`.

describe('examples/testing', () => {
  // Within the package, and without a package.json of its own, so that 'seekafka' means this one.
  const folder = path.join('build', 'examples', 'testing');
  before('a copy', () => {
    const filter = (file: string) => !/[\\/](package\.json|node_modules)$/.test(file);
    cpSync(path.join(root, 'examples', 'testing'), path.join(root, folder), { recursive: true, filter });
  });
  after('remove it', () => rmSync(path.join(root, folder), { recursive: true, force: true }));

  const runners = {
    'node:test': [['--import', 'tsx', '--test', '--test-reporter=tap', `${folder}/billing.node.ts`], /^# pass 2$/m],
    mocha: [
      [
        'node_modules/mocha/bin/mocha.js',
        '--no-config',
        '--import=tsx',
        '--timeout=60000',
        `${folder}/billing.mocha.ts`,
      ],
      /2 passing/,
    ],
  } as const;
  for (const [name, [args, passed]] of Object.entries(runners)) {
    it(`pass with ${name}`, async () => {
      await using program = new Program(args);
      const { code, stdout, stderr } = await program.ended;
      expect(code, stdout + stderr).to.equal(0);
      expect(stdout).to.match(passed);
    });
  }
});
