// The package.json of what is published. That of the repository serves those who work on it.

import fs from 'node:fs';
import path from 'node:path';
import { packageName } from './targets.mjs';
import { root } from './toolchain.mjs';

export function repositoryManifest() {
  return JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
}

/**
 * Without scripts (package managers warn about them, or ask), without what only the repository needs.
 * @param {Record<string, unknown>} manifest the repository's
 * @param {readonly import('./targets.mjs').Target[]} targets whose packages are to be installed where they fit
 */
export function publishedManifest(manifest, targets = []) {
  const { scripts: _, devDependencies: __, exports, files, ...rest } = manifest;
  const published = Object.entries(exports).map(([name, entry]) => {
    if (typeof entry === 'string') return [name, entry];
    const { 'seekafka-source': ___, ...conditions } = entry;
    return [name, conditions];
  });
  return {
    ...rest,
    exports: Object.fromEntries(published),
    files,
    ...(targets.length > 0 && {
      optionalDependencies: Object.fromEntries(targets.map((target) => [packageName(target), manifest.version])),
    }),
  };
}

/** @param {import('./targets.mjs').Target} target */
export function platformManifest(target, { version, license, engines, repository }) {
  return {
    name: packageName(target),
    version,
    description: `The native addon of seekafka for ${target.name}. Install seekafka, which brings it.`,
    license,
    ...(repository && { repository }),
    main: 'seekafka.node',
    files: ['seekafka.node', 'NOTICES.md'],
    engines,
    os: [target.os],
    cpu: [target.cpu],
    ...(target.libc && { libc: [target.libc] }),
    // yarn's Plug'n'Play keeps packages in archives, from where no addon can be loaded.
    preferUnplugged: true,
  };
}
