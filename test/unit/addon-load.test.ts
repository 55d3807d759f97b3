import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddonLoadError, addonCandidates, loadAddonFrom, packageRoot, platformTag } from '../../binding/load.js';

describe('loading the addon', () => {
  let root: string;

  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'seekafka-load-')));
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
      loadAddonFrom(addonCandidates(root, override), root);
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
    const [, second] = addonCandidates(root);
    put(second!.path);
    expect(failure().message).to.match(
      /build\/cmake\/Release\/seekafka\.node: .*(invalid ELF|too short|not a mach-o)/i,
    );
  });

  it('does not load anything else when the file that SEEKAFKA_ADDON names is missing or corrupt', () => {
    for (const candidate of addonCandidates(root)) put(candidate.path);
    const named = join(root, 'mine.node');
    expect(failure(named).message).to.include(`${named}: no such file`).and.to.include('SEEKAFKA_ADDON');
    put(named);
    const { message } = failure(named);
    expect(message).to.include(`${named}: `).and.to.include('SEEKAFKA_ADDON').and.not.to.include('prebuilds');
  });

  it('offers the build in a checkout, and a reinstall where the package came for another platform', () => {
    put(join(root, 'prebuilds', 'sunos-sparc', 'seekafka.node'));
    expect(failure().message).to.include('for sunos-sparc').and.to.include('Install it on this one');
    put(join(root, 'CMakeLists.txt'));
    expect(failure().message).to.include(`npm run build\` in ${root}`);
  });

  it('says that a newer C library is needed where the dynamic loader says so', () => {
    const needy = join(root, 'needy.cjs');
    put(needy, `throw new Error("version \`GLIBC_2.99' not found")`);
    expect(() => loadAddonFrom([{ path: needy }], root)).to.throw(AddonLoadError, /newer C library/);
  });

  it('blames the runtime, not the file, when OpenSSL functions are missing in it', () => {
    const needy = join(root, 'needy.cjs');
    put(needy, `throw new Error('undefined symbol: SSL_CTX_new')`);
    expect(() => loadAddonFrom([{ path: needy }], root)).to.throw(AddonLoadError, /run it with Node\.js/);
  });

  it('warns about a broken file when a later one works, so that nobody wonders which was loaded', async () => {
    const broken = join(root, 'broken.node');
    const works = join(root, 'works.cjs');
    put(broken);
    put(works, 'module.exports = { loaded: true }');
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    expect(loadAddonFrom([{ path: broken }, { path: works }], root)).to.deep.equal({ loaded: true });
    expect((await warned).message)
      .to.include(works)
      .and.to.include(broken);
  });

  it('finds the package root when run from the source', () => {
    expect(existsSync(join(packageRoot(), 'binding', 'load.ts'))).to.equal(true);
  });
});
