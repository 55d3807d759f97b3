// Bundlers: seekafka external, and bundled whole with the addon beside the bundle.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { PRINTED, commonJs, esModule } from './programs.mjs';
import { execute, tool } from './tools.mjs';

const node = process.execPath;
const cell = (name, quick, run) => ({ section: 'bundlers', name, quick, run });

/** Runs a bundle where the package is installed, or away from it with the addon beside. */
function runs(context, project, file, { external }) {
  if (external) return prints(context, project, file);
  const alone = context.project('alone');
  for (const name of fs.readdirSync(path.join(project, 'out')))
    fs.cpSync(path.join(project, 'out', name), path.join(alone, name), { recursive: true });
  const bundle = path.join(alone, path.basename(file));
  const { output } = execute(node, [bundle], { cwd: '/', fails: true });
  if (!/is part of a bundle\. Tell the bundler that seekafka is external/.test(output))
    throw new Error(`the error says no way out:\n${output}`);
  const addon = path.join(project, 'node_modules', '@seekafka', context.target.name, 'seekafka.node');
  prints(context, '/', bundle, { SEEKAFKA_ADDON: addon });
  fs.copyFileSync(addon, path.join(alone, 'seekafka.node'));
  prints(context, '/', bundle);
  return undefined;
}

function prints(context, cwd, file, env = {}) {
  const { stdout } = execute(node, [file], { cwd, env });
  if (stdout.trim() !== PRINTED) throw new Error(`the bundle printed ${stdout}`);
}

/** For bundlers that compare the whole name: a second entry of the package, bundled, would be a second copy of it. */
const externals = [/^seekafka\b/];
const entries = { esm: { 'a.mjs': esModule }, cjs: { 'a.cjs': commonJs } };

function esbuild(format, external) {
  return async (context) => {
    const project = context.installed(`esbuild-${format}`, entries[format]);
    const { build } = await import('esbuild');
    const [entry] = Object.keys(entries[format]);
    const outfile = path.join(project, 'out', entry);
    await build({
      entryPoints: [path.join(project, entry)],
      absWorkingDir: project,
      bundle: true,
      platform: 'node',
      format,
      outfile,
      external: external ? ['seekafka'] : [],
      logLevel: 'silent',
    });
    return runs(context, project, path.join('out', entry), { external });
  };
}

function webpack(format, external) {
  return async (context) => {
    const project = context.installed(`webpack-${format}`, entries[format]);
    const [entry] = Object.keys(entries[format]);
    const pack = createRequire(path.join(tool('webpack'), 'package.json'))(tool('webpack'));
    const output = {
      path: path.join(project, 'out'),
      filename: entry,
      ...(format === 'esm' && { module: true, library: { type: 'module' } }),
    };
    const config = {
      mode: 'production',
      devtool: false,
      target: 'node20',
      context: project,
      entry: `./${entry}`,
      output,
      ...(external && { externals, externalsType: format === 'esm' ? 'module' : 'commonjs' }),
      experiments: { outputModule: format === 'esm' },
    };
    const stats = await new Promise((resolve, reject) =>
      pack(config, (error, done) => (error ? reject(error) : resolve(done))),
    );
    const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
    if (errors.length + warnings.length > 0)
      throw new Error([...errors, ...warnings].map(({ message }) => message).join('\n'));
    return runs(context, project, path.join('out', entry), { external });
  };
}

function rollup(external) {
  return async (context) => {
    const project = context.installed('rollup', entries.esm);
    const kit = createRequire(path.join(tool('rollup-kit'), 'x.js'));
    const load = (name) => import(pathToFileURL(kit.resolve(name)).href);
    const { nodeResolve } = await load('@rollup/plugin-node-resolve');
    const { default: commonjs } = await load('@rollup/plugin-commonjs');
    const { rollup: roll } = await import('rollup');
    const plugins = [nodeResolve({ preferBuiltins: true }), commonjs()];
    const bundle = await roll({
      input: path.join(project, 'a.mjs'),
      plugins,
      external: external ? externals : [],
      onwarn: ({ message }) => {
        throw new Error(message);
      },
    });
    await bundle.write({ file: path.join(project, 'out', 'a.mjs'), format: 'es' });
    return runs(context, project, path.join('out', 'a.mjs'), { external });
  };
}

function viteSsr(external) {
  return async (context) => {
    const project = context.installed('vite', entries.esm);
    const config = `export default { logLevel: 'warn', build: { ssr: 'a.mjs', outDir: 'out', rollupOptions: { output: { entryFileNames: 'a.mjs' } } }, ssr: { ${external ? "external: ['seekafka']" : 'noExternal: true'} } };`;
    fs.writeFileSync(path.join(project, 'vite.config.mjs'), config);
    execute(node, [path.join(tool('vite'), 'bin', 'vite.js'), 'build'], { cwd: project });
    return runs(context, project, path.join('out', 'a.mjs'), { external });
  };
}

const both = (name, quick, make) => [
  cell(`${name}, external`, quick, make(true)),
  cell(`${name}, bundled whole`, quick, make(false)),
];

export const bundlers = [
  ...both('esbuild to ESM', true, (external) => esbuild('esm', external)),
  ...both('esbuild to CommonJS', true, (external) => esbuild('cjs', external)),
  ...both('webpack 5 to CommonJS', true, (external) => webpack('cjs', external)),
  ...both('webpack 5 to ESM', false, (external) => webpack('esm', external)),
  ...both('rollup', false, rollup),
  ...both('vite SSR', false, viteSsr),
];
