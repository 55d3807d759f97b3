// The entries of the package, as package.json's exports name them.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/**
 * @typedef {object} Entry
 * @property {string} specifier what users import: `seekafka`, `seekafka/table`
 * @property {string} name of its files in lib and dist/lib: `index`, `table`
 */

/** @returns {Entry[]} `seekafka` first */
export function packageEntries() {
  const { name: own, exports } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.entries(exports)
    .filter(([, to]) => typeof to !== 'string')
    .map(([key, to]) => ({
      specifier: path.posix.join(own, key),
      name: path.basename(to['seekafka-source'], '.ts'),
    }));
}
