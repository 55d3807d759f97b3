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
    ...(target.os === 'win32' && { NODE_API_FUNCTIONS: listOfNodeApi(tools) }),
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

/** What src-native/windows_node_api.cc includes. */
function listOfNodeApi(tools) {
  const { v9 } = require('node-api-headers').symbols;
  const names = [...v9.js_native_api_symbols, ...v9.node_api_symbols];
  const directory = path.join(tools, 'include');
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'node_api_functions.h'), names.map((name) => `NODE_API(${name})\n`).join(''));
  return directory;
}

function readCmake(name) {
  return fs.readFileSync(path.join(root, 'cmake', name), 'utf8');
}
