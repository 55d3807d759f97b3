// lib/ and binding/ become the package's JavaScript and its declarations, in dist/lib:
//
//   seekafka.js  all of the code, one CommonJS module
//   index.js, index.mjs       a CommonJS and an ES module that hand out what seekafka.js exports: one copy of all state
//   index.d.ts, index.d.mts   the declarations, rolled up into one file, and the same for the ES module
//   table.*      the same for 'seekafka/table', and so for each other entry in package.json's exports
//
// An ES module's import of a CommonJS one makes Node.js look for its exports, letter by letter, before it is run: for all of the
// code that took half of the import's time and 8 MB (Node.js 20). So index.js is small, and what it requires is not looked at.
//
// dist/package.json says that the .js files are CommonJS, whatever the package itself is.

import fs from 'node:fs';
import path from 'node:path';
import { BuildError } from './deps.mjs';
import { packageEntries } from './entries.mjs';

const entries = packageEntries().map(({ name }) => name);

/**
 * @param {string} root of the repository
 * @param {string} declarations what tsc emitted
 * @param {string} dist
 */
export async function writeFacade(root, declarations, dist) {
  const lib = path.join(dist, 'lib');
  fs.rmSync(dist, { recursive: true, force: true });
  fs.mkdirSync(lib, { recursive: true });
  fs.writeFileSync(path.join(dist, 'package.json'), '{ "type": "commonjs" }\n');
  await bundle(root, path.join(lib, 'seekafka.js'));
  const taken = new Map();
  for (const entry of entries) {
    const names = await exportsOf(path.join(root, 'lib', `${entry}.ts`));
    // Of a name that two modules export, `export *` exports neither, without a word.
    for (const name of names) {
      if (taken.has(name)) throw new BuildError(`lib/${entry}.ts and lib/${taken.get(name)}.ts both export ${name}.`);
      taken.set(name, entry);
    }
    const handOut = names.map((name) => `exports.${name} = all.${name};\n`).join('');
    fs.writeFileSync(path.join(lib, `${entry}.js`), `'use strict';\nconst all = require('./seekafka.js');\n${handOut}`);
    await rollUp(path.join(declarations, 'lib', `${entry}.d.ts`), path.join(lib, `${entry}.d.ts`));
    fs.writeFileSync(path.join(lib, `${entry}.mjs`), `export { ${names.join(', ')} } from './${entry}.js';\n`);
    fs.writeFileSync(path.join(lib, `${entry}.d.mts`), `export * from './${entry}.js';\n`);
  }
}

/** @returns {Promise<string[]>} the names that a module exports */
async function exportsOf(entry) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['node:*'],
    outdir: path.dirname(entry),
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  return output.exports.sort();
}

async function bundle(root, outfile) {
  const { build } = await import('esbuild');
  const contents = entries.map((entry) => `export * from './lib/${entry}.ts';\n`).join('');
  // One module instead of 35: half the time to import it, and 5 MB less of resident memory (Node.js 20).
  await build({
    stdin: { contents, resolveDir: root, sourcefile: 'seekafka.ts', loader: 'ts' },
    outfile,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    // Where this file is. In a user's bundle that is an ES module, nothing tells that.
    define: { 'import.meta.dirname': 'seekafkaDirectory' },
    banner: { js: "'use strict';\nconst seekafkaDirectory = typeof __dirname === 'string' ? __dirname : undefined;" },
    plugins: [builtinModules],
    logLevel: 'warning',
  });
}

/** Without `require`: bundlers that make an ES module of this one leave it a `require` that throws. */
const builtinModules = {
  name: 'builtin-modules',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path: name }) => ({ path: name, namespace: 'builtin' }));
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path: name }) => ({
      contents: `module.exports = process.getBuiltinModule('${name}');`,
    }));
  },
};

async function rollUp(input, file) {
  const { rollup } = await import('rollup');
  const { dts } = await import('rollup-plugin-dts');
  // What another door takes from the rooms of lib is what index.d.ts declares: a class that is declared twice is two classes.
  const fromRooms = (id) => !input.endsWith('index.d.ts') && id.startsWith('../');
  const roll = await rollup({ input, plugins: [dts()], external: (id) => id.startsWith('node:') || fromRooms(id) });
  const paths = (id) => (id.startsWith('node:') ? id : './index.js');
  await roll.write({ file, format: 'es', paths });
  await roll.close();
}
