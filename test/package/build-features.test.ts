import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAddon, packageRoot } from '../../binding/load.js';

const root = packageRoot();

describe('the librdkafka inside the addon', () => {
  const addon = loadAddon() as { version(): string; features(): string };
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    seekafka: { librdkafka: string; features: string[] };
  };

  it('is the version that package.json claims and cmake/pins.json pins, not one the system had around', () => {
    const pins = JSON.parse(readFileSync(join(root, 'cmake', 'pins.json'), 'utf8')) as {
      librdkafka: { version: string };
    };
    expect(addon.version()).to.equal(manifest.seekafka.librdkafka);
    expect(addon.version()).to.equal(pins.librdkafka.version);
  });

  it('has each feature that package.json claims and no other, so that no build drops TLS or a codec unnoticed', () => {
    expect(addon.features().split(',').sort()).to.deep.equal([...manifest.seekafka.features].sort());
  });
});
