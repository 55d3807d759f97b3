// Builds the addon of a platform as it is published: by zig, with OpenSSL and zlib linked in.

import { createRequire } from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import { ensureDependencies, say } from '../deps.mjs';
import { ensureOpenssl } from './openssl.mjs';
import { buildEnvironment, ensureTools, jobs, root, runOrFail, work, zigVersion } from './toolchain.mjs';

const require = createRequire(import.meta.url);

/**
 * @param {import('./targets.mjs').Target} target
 * @param {{ clean: boolean }} options may what an earlier run has compiled be used?
 * @returns {Promise<string>} the path of the addon
 */
export async function buildAddon(target, { clean }) {
  const openssl = ensureOpenssl(target);
  const tools = ensureTools(target);
  const environment = buildEnvironment(tools);
  const shared = {
    CMAKE_TOOLCHAIN_FILE: path.join(root, 'cmake', 'zig.cmake'),
    ZIG_TOOLS: tools,
    TARGET_SYSTEM: target.system,
    TARGET_PROCESSOR: target.processor,
    RELEASE: 'ON',
  };
  const dependencies = await ensureDependencies({
    release: {
      name: target.name,
      identity: JSON.stringify([target.zig, zigVersion, path.basename(openssl), readCmake('zig.cmake')]),
      headers: path.join(openssl, 'include'),
      defines: shared,
      environment,
    },
  });

  const tree = path.join(work, 'build', `addon-${target.name}`);
  say(`building the addon for ${target.name} ...`);
  const settings = {
    ...shared,
    CMAKE_BUILD_TYPE: 'Release',
    CMAKE_LIBRARY_OUTPUT_DIRECTORY: path.join(tree, 'out'),
    CMAKE_JS_INC: [
      require('node-api-headers').include_dir,
      path.dirname(require.resolve('node-addon-api/package.json')),
    ].join(';'),
    DEPENDENCIES_PREFIX: dependencies,
    OPENSSL_PREFIX: openssl,
    ...(target.os === 'win32' && { NODE_LIBRARY: importLibrary(tools, environment) }),
  };
  const defines = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  const within = { cwd: root, env: environment };
  const made = path.join(tree, 'defines');
  if (clean || !fs.existsSync(made) || fs.readFileSync(made, 'utf8') !== defines.join('\n')) {
    fs.rmSync(tree, { recursive: true, force: true });
    fs.mkdirSync(tree, { recursive: true });
    fs.writeFileSync(made, defines.join('\n'));
  }
  runOrFail('cmake', ['-S', root, '-B', tree, ...defines], `configuring the addon for ${target.name}`, within);
  runOrFail('cmake', ['--build', tree, '--parallel', jobs()], `building the addon for ${target.name}`, within);
  return path.join(tree, 'out', 'seekafka.node');
}

/** An import library of node.exe, of Node-API alone. */
function importLibrary(tools, environment) {
  const { v9 } = require('node-api-headers').symbols;
  const definitions = path.join(tools, 'node.def');
  const names = [...v9.js_native_api_symbols, ...v9.node_api_symbols];
  fs.writeFileSync(definitions, `LIBRARY node.exe\nEXPORTS\n${names.map((name) => `  ${name}\n`).join('')}`);
  const library = path.join(tools, 'libnode.a');
  const args = ['-m', 'i386:x86-64', '-d', definitions, '-l', library];
  runOrFail('dlltool', args, 'making an import library of node.exe', { env: environment });
  return library;
}

function readCmake(name) {
  return fs.readFileSync(path.join(root, 'cmake', name), 'utf8');
}
