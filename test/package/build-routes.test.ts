import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../binding/load.js';
import { skip } from '../helpers/groups.js';

const root = packageRoot();
const byCmake = join(root, 'build', 'cmake', 'Release', 'seekafka.node');
const byGyp = join(root, 'build', 'Release', 'seekafka.node');

function run(program: string, args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? stderr.slice(-4000)}`);
  return stdout;
}

/** In a process of its own: one process should not hold two copies of the addon. */
function exportsOf(addon: string): string[] {
  const script = 'console.log(JSON.stringify(Object.keys(require(process.argv[1])).sort()))';
  return JSON.parse(run(process.execPath, ['--eval', script, addon])) as string[];
}

/** The checks of the binary read ELF files with binutils. */
function needs(test: Mocha.Context, program: string): void {
  if (process.platform !== 'linux') skip(test, 'the addon is no ELF file on this platform');
  if (spawnSync(program, ['--version']).error) skip(test, `there is no ${program} on this machine`);
}

describe('the two ways to build the addon', function () {
  this.timeout(300_000);

  before(() => {
    run(process.execPath, ['scripts/build.mjs', '--gyp']);
    if (!existsSync(byCmake)) run(process.execPath, ['scripts/build.mjs', '--addon']);
  });

  it('give the same exports, so that node-gyp users do not miss a function', () => {
    const names = exportsOf(byCmake);
    expect(names).to.include('version').and.to.include('features');
    expect(exportsOf(byGyp)).to.deep.equal(names);
  });

  for (const [route, addon] of [
    ['cmake-js', byCmake],
    ['node-gyp', byGyp],
  ] as const) {
    it(`show the world only Node-API's entry points (${route}), so that another librdkafka in the process meets none of ours`, function () {
      needs(this, 'nm');
      const symbols = run('nm', ['-D', '--defined-only', addon])
        .trim()
        .split('\n')
        .map((line) => line.split(' ').at(-1));
      expect(symbols.sort()).to.deep.equal(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
    });

    it(`bind every function at load (${route}), so that a runtime without OpenSSL fails there and not in a handshake`, function () {
      needs(this, 'readelf');
      expect(run('readelf', ['-d', addon])).to.include('BIND_NOW');
    });

    it(`need no OpenSSL, zlib, zstd or librdkafka of the system (${route})`, function () {
      needs(this, 'readelf');
      expect(run('readelf', ['-d', addon])).not.to.match(/NEEDED.*(ssl|crypto|libz|zstd|rdkafka|lz4|sasl|curl)/);
    });
  }
});
