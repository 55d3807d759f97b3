// lib/ and binding/ become the package's JavaScript and its declarations, in dist/lib:
//
//   seekafka.js  all of the code, one CommonJS module
//   index.js, index.mjs       a CommonJS and an ES module that hand out what seekafka.js exports: one copy of all state
//   index.d.ts, index.d.mts   the declarations, rolled up into one file, and the same for the ES module
//
// An ES module's import of a CommonJS one makes Node.js look for its exports, letter by letter, before it is run: for all of the
// code that took half of the import's time and 8 MB (Node.js 20). So index.js is small, and what it requires is not looked at.
//
// dist/package.json says that the .js files are CommonJS, whatever the package itself is.

import fs from 'node:fs';
import path from 'node:path';

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
  const names = await bundle(root, path.join(lib, 'seekafka.js'));
  const handOut = names.map((name) => `exports.${name} = all.${name};\n`).join('');
  fs.writeFileSync(path.join(lib, 'index.js'), `'use strict';\nconst all = require('./seekafka.js');\n${handOut}`);
  await rollUp(path.join(declarations, 'lib', 'index.d.ts'), path.join(lib, 'index.d.ts'));
  fs.writeFileSync(path.join(lib, 'index.mjs'), `export { ${names.join(', ')} } from './index.js';\n`);
  fs.writeFileSync(path.join(lib, 'index.d.mts'), "export * from './index.js';\n");
}

/** @returns {Promise<string[]>} the names that the module exports */
async function bundle(root, outfile) {
  const { build } = await import('esbuild');
  const entry = path.join(root, 'lib', 'index.ts');
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    external: ['node:*'],
    outfile,
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  // One module instead of 35: half the time to import it, and 5 MB less of resident memory (Node.js 20).
  await build({
    entryPoints: [entry],
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
  return output.exports.sort();
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
  const roll = await rollup({ input, plugins: [dts()], external: /^node:/ });
  await roll.write({ file, format: 'es' });
  await roll.close();
}
