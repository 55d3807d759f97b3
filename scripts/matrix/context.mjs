// What the cells of the matrix work with: the packages of a release, or those of this checkout, in a registry of our own.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { platformTag } from '../source-package.mjs';
import { strip } from '../strip.mjs';
import { packMain, packPlatform, packSource } from '../release/packages.mjs';
import { repositoryManifest } from '../release/manifest.mjs';
import { packageName, targetOf, targets } from '../release/targets.mjs';
import { startRegistry } from './registry.mjs';
import { execute, root } from './tools.mjs';

/**
 * @param {{ release?: string }} [options] the directory of a release; without it this checkout is packed: its own addon in place of
 *   the published one, and it needs the OpenSSL of Node.js
 */
export async function createContext({ release } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seekafka-matrix-'));
  const target = targetOf(platformTag());
  if (target === undefined) throw new Error(`there is no target ${platformTag()}`);
  const tarballs = release ? packagesOf(release) : packCheckout(folder, target);
  const registry = await startRegistry(path.join(folder, 'registry'), tarballs);
  const { version } = repositoryManifest();
  let projects = 0;
  const installed = new Map();

  return {
    release: release !== undefined,
    folder,
    target,
    version,
    registry: registry.url,
    tarballs,

    /** The tarball of @seekafka/source. */
    source() {
      const name = `seekafka-source-${version}.tgz`;
      return release ? path.join(release, name) : packSource(path.join(folder, 'packages')).tarball;
    },

    /** An empty project. */
    project(name, files = {}) {
      const directory = path.join(folder, `${++projects}-${name}`);
      fs.mkdirSync(directory, { recursive: true });
      const all = { 'package.json': JSON.stringify({ name: 'project', version: '1.0.0', private: true }), ...files };
      for (const [file, text] of Object.entries(all)) {
        fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
        fs.writeFileSync(path.join(directory, file), text);
      }
      return directory;
    },

    /** The settings that lead each package manager to our registry, and to nothing of the user's. */
    environment() {
      const caches = path.join(folder, 'caches');
      return {
        npm_config_registry: registry.url,
        npm_config_userconfig: path.join(folder, 'no-npmrc'),
        npm_config_cache: path.join(caches, 'npm'),
        npm_config_store_dir: path.join(caches, 'pnpm'),
        XDG_CACHE_HOME: path.join(caches, 'xdg'),
        XDG_DATA_HOME: path.join(caches, 'data'),
        YARN_CACHE_FOLDER: path.join(caches, 'yarn'),
        YARN_NPM_REGISTRY_SERVER: registry.url.replace(/\/$/, ''),
        YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
        YARN_ENABLE_TELEMETRY: '0',
        YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
        YARN_NPM_MINIMAL_AGE_GATE: '0',
        YARN_ENABLE_GLOBAL_CACHE: 'false',
        BUN_INSTALL_CACHE_DIR: path.join(caches, 'bun'),
        DENO_DIR: path.join(caches, 'deno'),
        NPM_CONFIG_REGISTRY: registry.url,
        COREPACK_ENABLE_STRICT: '0',
        CI: '',
      };
    },

    /** A project with seekafka in it, installed by npm; further files are put into a copy of it. */
    installed(name, files = {}) {
      if (!installed.has('npm')) {
        const first = this.project('installed');
        const npm = process.env.npm_execpath?.endsWith('.js') ? [process.execPath, process.env.npm_execpath] : ['npm'];
        execute(npm[0], [...npm.slice(1), 'install', 'seekafka', '--no-audit', '--no-fund'], {
          cwd: first,
          env: this.environment(),
        });
        installed.set('npm', first);
      }
      const directory = this.project(name, files);
      fs.cpSync(path.join(installed.get('npm'), 'node_modules'), path.join(directory, 'node_modules'), {
        recursive: true,
      });
      return directory;
    },

    async close() {
      await registry.close();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function packagesOf(release) {
  const names = fs.readdirSync(release).filter((name) => name.endsWith('.tgz') && !name.includes('-source-'));
  return names.map((name) => path.join(release, name));
}

/** This platform's package holds the checkout's addon; those of the others a file that is none, to see that they are left alone. */
function packCheckout(folder, own) {
  const addon = path.join(root, 'build', 'cmake', 'Release', 'seekafka.node');
  if (!fs.existsSync(addon) || !fs.existsSync(path.join(root, 'dist', 'lib', 'index.mjs'))) {
    throw new Error('build first: npm run build');
  }
  const out = path.join(folder, 'packages');
  const stripped = path.join(folder, 'seekafka.node');
  strip(addon, stripped);
  const other = path.join(folder, 'other.node');
  fs.writeFileSync(other, 'not for this platform');
  const published = targets.filter((target) => target.published || target === own);
  return [
    packMain(published, out),
    ...published.map((target) => packPlatform(target, target === own ? stripped : other, out)),
  ].map(({ tarball }) => tarball);
}

/** The directory of this platform's binary in a project. */
export function binary(context, project) {
  return path.join(project, 'node_modules', '@seekafka', context.target.name);
}

/** The names of the binary packages below a directory. */
export function binaryPackages(directory) {
  const found = spawnSync('find', ['-L', directory, '-name', 'seekafka.node', '-not', '-path', '*/registry/*'], {
    encoding: 'utf8',
  });
  const names = found.stdout
    .split('\n')
    .filter(Boolean)
    .map((file) => path.basename(path.dirname(file)));
  return [...new Set(names)].sort();
}

export { packageName };
