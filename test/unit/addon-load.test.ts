import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AddonLoadError,
  addonCandidates,
  loadAddon,
  loadAddonFrom,
  packageRoot,
  platformTag,
} from '../../binding/load.js';

describe('loading the addon', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'seekafka-load-')));
    put(join(root, 'package.json'), '{ "name": "seekafka", "version": "1.2.3" }');
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function put(path: string, content = 'this is no shared object'): void {
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content);
  }

  function failure(override?: string): AddonLoadError {
    try {
      loadAddonFrom(addonCandidates(root, override, { from: [] }), { root });
    } catch (error) {
      expect(error).to.be.instanceOf(AddonLoadError);
      return error as AddonLoadError;
    }
    throw new Error('it was loaded');
  }

  it('names every place where it looked, and this machine, when there is no addon', () => {
    const { message, code } = failure();
    expect(code).to.equal('ERR_SEEKAFKA_ADDON');
    for (const place of [`prebuilds/${platformTag()}`, 'build/cmake/Release', 'build/Release']) {
      expect(message).to.include(`${join(root, place, 'seekafka.node')}: no such file`);
    }
    expect(message).to.include(platformTag()).and.to.include(`Node.js ${process.versions.node}`);
  });

  it('tells what the dynamic loader said about a corrupt file, instead of calling it missing', () => {
    put(join(root, 'build', 'cmake', 'Release', 'seekafka.node'));
    expect(failure().message).to.match(
      /build\/cmake\/Release\/seekafka\.node: .*(invalid ELF|too short|not a mach-o)/i,
    );
  });

  it('does not load anything else when the file that SEEKAFKA_ADDON names is missing or corrupt', () => {
    put(join(root, 'build', 'Release', 'seekafka.node'));
    const named = join(root, 'mine.node');
    expect(failure(named).message).to.include(`${named}: no such file`).and.to.include('SEEKAFKA_ADDON');
    put(named);
    const { message } = failure(named);
    expect(message).to.include(`${named}: `).and.to.include('SEEKAFKA_ADDON').and.not.to.include('prebuilds');
  });

  it('offers the build in a checkout, and a reinstall where the package came for another platform', () => {
    put(join(root, 'prebuilds', 'sunos-sparc', 'seekafka.node'));
    expect(failure().message)
      .to.include('for sunos-sparc')
      .and.to.include(`npm install @seekafka/${platformTag()}@1.2.3`);
    put(join(root, 'CMakeLists.txt'));
    expect(failure().message).to.include(`npm run build\` in ${root}`);
  });

  it('prefers the package of this platform, and names it where it is missing', () => {
    expect(failure().message).to.include(`@seekafka/${platformTag()}: the package is not installed`);
    const installed = join(root, 'node_modules', '@seekafka', platformTag());
    put(join(installed, 'package.json'), '{ "version": "1.2.3" }');
    put(join(installed, 'seekafka.node'));
    expect(addonCandidates(root)[0]).to.deep.equal({ path: join(installed, 'seekafka.node') });
  });

  it('does not load a binary of another version of the package', () => {
    const name = `@seekafka/${platformTag()}`;
    put(join(root, 'package.json'), JSON.stringify({ name: 'seekafka', optionalDependencies: { [name]: '1.2.3' } }));
    put(join(root, 'node_modules', name, 'package.json'), '{ "version": "1.2.2" }');
    put(join(root, 'node_modules', name, 'seekafka.node'));
    expect(failure().message).to.include('it is of version 1.2.2, and this package needs 1.2.3');
  });

  /** What is said when opening the one file that is there fails so. */
  function refused(message: string, code?: string, from: string | undefined = root): string {
    const file = join(root, 'addon.node');
    put(file);
    const open = () => {
      throw Object.assign(new Error(message), { code });
    };
    try {
      loadAddonFrom([{ path: file }], { root: from }, open);
    } catch (error) {
      return (error as AddonLoadError).message;
    }
    throw new Error('it was loaded');
  }

  it('says that a newer C library is needed where the dynamic loader says so', () => {
    expect(refused("version `GLIBC_2.99' not found")).to.include('newer C library').and.include('npx @seekafka/source');
  });

  it('blames the runtime, not the file, when OpenSSL functions are missing in it', () => {
    expect(refused('undefined symbol: SSL_CTX_new')).to.include('an official build of Node.js');
  });

  it('says which option allows addons where they are not allowed', () => {
    expect(refused('Cannot load native addon', 'ERR_DLOPEN_DISABLED')).to.include('--allow-addons');
  });

  it('says in a bundle how to leave the package out of it, or where to put the addon', () => {
    const loads = () => loadAddonFrom(addonCandidates(undefined, undefined, { from: [root] }), { root: undefined });
    expect(loads).to.throw(AddonLoadError, join(root, 'seekafka.node'));
    expect(loads).to.throw(AddonLoadError, /external.*beside the bundle.*SEEKAFKA_ADDON/);
  });

  it('warns about a broken file when a later one works, so that nobody wonders which was loaded', async () => {
    const broken = join(root, 'broken.node');
    const works = join(root, 'works.node');
    put(broken);
    put(works);
    const open = (path: string) => {
      if (path === broken) throw new Error('broken');
      return { loaded: true };
    };
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    expect(loadAddonFrom([{ path: broken }, { path: works }], { root }, open)).to.deep.equal({ loaded: true });
    expect((await warned).message)
      .to.include(works)
      .and.to.include(broken);
  });

  it('opens a file once in an environment, however many copies of the package do', () => {
    expect(loadAddon()).to.equal(loadAddon());
  });

  it('and the programs that build packages agree on the name of this platform', async () => {
    const scripts = await import('../../scripts/source-package.mjs');
    expect(scripts.platformTag()).to.equal(platformTag());
  });

  it('finds the package root when run from the source', () => {
    expect(existsSync(join(packageRoot(), 'binding', 'load.ts'))).to.equal(true);
  });
});
