import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';

// A machine that lacks something. The build has to end in one sentence with the way out, and not in the middle of the
// work: the script runs in a copy of its own, with the programs and the npm that the test gives it.

const root = path.join(import.meta.dirname, '..', '..');
const tools = ['cc', 'c++', 'cmake', 'make', 'tar'];

describe('the first build', () => {
  let folder: string;
  let bin: string;

  beforeEach('a copy of the recipe', () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'seekafka-needs-'));
    bin = path.join(folder, 'bin');
    mkdirSync(bin);
    mkdirSync(path.join(folder, 'scripts'));
    cpSync(path.join(root, 'scripts', 'deps.mjs'), path.join(folder, 'scripts', 'deps.mjs'));
    cpSync(path.join(root, 'cmake'), path.join(folder, 'cmake'), { recursive: true });
  });
  afterEach('remove it', () => rmSync(folder, { recursive: true, force: true }));

  function put(name: string, script = 'exit 0'): void {
    writeFileSync(path.join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }

  /** An npm that does this instead. */
  function npm(script: string): string {
    const file = path.join(folder, 'npm-cli.js');
    writeFileSync(file, script);
    return file;
  }

  function build(
    environment: NodeJS.ProcessEnv = {},
    node = process.execPath,
  ): { code: number | null; said: string[] } {
    const { status, stderr, stdout } = spawnSync(node, ['scripts/deps.mjs'], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: bin, ...environment },
    });
    return { code: status, said: `${stdout}${stderr}`.trim().split('\n') };
  }

  it('names everything that is missing at once, before it fetches anything', () => {
    const { code, said } = build();
    expect(code).to.equal(1);
    expect(said).to.have.length(1);
    expect(said[0]).to.match(
      /needs a C compiler, a C\+\+ compiler, CMake, make or ninja and tar, not found on the PATH: /,
    );
    expect(existsSync(path.join(folder, '.deps'))).to.equal(false);
  });

  it('names CMake alone where only that is missing', () => {
    for (const tool of tools) if (tool !== 'cmake') put(tool);
    const { code, said } = build();
    expect({ code, lines: said.length }).to.deep.equal({ code: 1, lines: 1 });
    expect(said[0]).to.include('needs CMake, not found on the PATH: ').and.not.include('compiler');
  });

  it('says where the headers of OpenSSL and zlib can come from', () => {
    for (const tool of tools) put(tool);
    put('cc', 'exit 1'); // it does not find them
    // A node without include/node beside it.
    const node = path.join(bin, 'node');
    cpSync(process.execPath, node);
    const { code, said } = build({ npm_execpath: npm('') }, node);
    expect({ code, lines: said.length }).to.deep.equal({ code: 1, lines: 1 });
    expect(said[0]).to.include('openssl/ssl.h, zlib.h').and.include('npm_config_nodedir');
  });

  it('says what npm said when the source cannot be fetched', () => {
    for (const tool of tools) put(tool);
    const { code, said } = build({ npm_execpath: npm("console.error('npm error network is down'); process.exit(1);") });
    expect(code).to.equal(1);
    expect(said.at(-1)).to.include('could not fetch').and.include('npm error network is down');
  });

  it('uses nothing of a source that is not the pinned one', () => {
    for (const tool of tools) put(tool);
    put('cmake', `echo ran > "${folder}/cmake-ran"`);
    const script = `
      const { writeFileSync } = require('node:fs');
      const folder = process.argv[process.argv.indexOf('--pack-destination') + 1];
      if (process.argv.includes('pack')) writeFileSync(folder + '/other.tgz', 'not what was asked for');
    `;
    const { code, said } = build({ npm_execpath: npm(script) });
    expect(code).to.equal(1);
    expect(said.at(-1)).to.include('is not what cmake/pins.json expects').and.include('nothing of it was used');
    expect(existsSync(path.join(folder, 'cmake-ran'))).to.equal(false);
  });
});
