// Finds the native addon and opens it, or fails with one error that names every place tried and the way out.

import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve, toNamespacedPath } from 'node:path';
import { type Failure, type Surroundings, explain, notInstalled, notThere, isBroken } from './load-advice.js';
import { platformTag, realProcess } from './platform.js';

export { platformTag };

/** A file that may be the addon. */
export interface AddonCandidate {
  /** Its path; or the name of the package that would hold it, where that is not installed. */
  readonly path: string;
  /** The user asked for this very file: when it cannot be loaded, nothing else is tried. */
  readonly required?: boolean;
  /** Why it cannot be it, as far as is known without opening it. */
  readonly unfit?: string;
}

/** No candidate could be loaded. The message names each of them, why it failed, and the way out on this machine. */
export class AddonLoadError extends Error {
  readonly code = 'ERR_SEEKAFKA_ADDON';
  override readonly name = 'AddonLoadError';
}

/** Loads the native addon of this package. */
export function loadAddon(): unknown {
  const root = findPackageRoot();
  return loadAddonFrom(addonCandidates(root, process.env['SEEKAFKA_ADDON']), { root });
}

/** The directory of package.json, whether this runs from dist/ or from its source. */
export function packageRoot(): string {
  const root = findPackageRoot();
  if (root === undefined) throw new Error('seekafka: there is no package.json of seekafka above this file');
  return root;
}

/** Undefined inside a user's bundle. */
function findPackageRoot(): string | undefined {
  for (let directory = import.meta.dirname as string | undefined; directory; directory = dirname(directory)) {
    if (manifestOf(directory)?.name === 'seekafka') return directory;
    if (dirname(directory) === directory) break;
  }
  return undefined;
}

interface Manifest {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly optionalDependencies?: Record<string, string>;
}

export function manifestOf(directory: string): Manifest | undefined {
  const file = join(directory, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : undefined;
}

/**
 * Where packages are looked up from: this file; inside a bundle that an ES module is, whose files do not know their
 * directory, the program.
 */
function starts(): { from: string[] } {
  const program = process.argv[1] === undefined ? [] : [dirname(resolve(process.argv[1]))];
  const here = import.meta.dirname as string | undefined;
  return { from: [...new Set(here === undefined ? program : [here, ...program])] };
}

/**
 * Where the addon may be, in the order in which it is looked for. `override` is the SEEKAFKA_ADDON of the environment;
 * `root` is undefined inside a bundle, where the addon may lie beside it.
 */
export function addonCandidates(root: string | undefined, override?: string, { from } = starts()): AddonCandidate[] {
  if (override) return [{ path: resolve(override), required: true }];
  const tag = platformTag();
  const paths =
    root === undefined
      ? from.map((directory) => join(directory, 'seekafka.node'))
      : [
          join(root, 'prebuilds', tag, 'seekafka.node'),
          join(root, 'build', 'cmake', 'Release', 'seekafka.node'),
          join(root, 'build', 'Release', 'seekafka.node'),
        ];
  const lookedUpFrom = root === undefined ? from : [root, ...from];
  const manifest = root === undefined ? undefined : manifestOf(root);
  return [platformPackage(`@seekafka/${tag}`, lookedUpFrom, manifest), ...paths.map((path) => ({ path }))];
}

/** The addon in the package of this platform, which optionalDependencies name. */
function platformPackage(name: string, from: readonly string[], manifest: Manifest | undefined): AddonCandidate {
  for (const directory of from) {
    const file = resolvePackage(directory, name);
    if (file === undefined) continue;
    const path = join(dirname(file), 'seekafka.node');
    const { version } = manifestOf(dirname(file)) ?? {};
    // In a checkout no version is asked for.
    const wanted = manifest?.optionalDependencies?.[name];
    if (wanted === undefined || wanted === version) return { path };
    return { path, unfit: `it is of version ${String(version)}, and this package needs ${wanted}` };
  }
  return { path: name, unfit: notInstalled };
}

function resolvePackage(from: string, name: string): string | undefined {
  try {
    return createRequire(join(from, 'seekafka.js')).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

/** Loads the first candidate that is there and works; a file that is there and does not work is never passed over in silence. */
export function loadAddonFrom(
  candidates: readonly AddonCandidate[],
  surroundings: Surroundings,
  open: (path: string) => unknown = openAddon,
): unknown {
  const failures: Failure[] = [];
  for (const { path, required = false, unfit } of candidates) {
    if (unfit !== undefined) {
      failures.push({ path, required, reason: unfit });
    } else if (existsSync(path)) {
      try {
        const addon = open(path);
        for (const { path: broken, reason } of failures.filter(isBroken)) {
          process.emitWarning(`seekafka loaded ${path}, because ${broken} cannot be loaded: ${reason}`);
        }
        return addon;
      } catch (error) {
        const { message, code } = error as NodeJS.ErrnoException;
        failures.push({ path, required, reason: String(message ?? error), code });
      }
    } else {
      failures.push({ path, required, reason: notThere });
    }
    if (required) break;
  }
  throw new AddonLoadError(explain(failures, surroundings));
}

const opened = Symbol.for('seekafka.addons');

/**
 * Opens an addon once in an environment (the main thread, a worker), however many copies of this package there are: a test
 * runner loads modules anew for each file, with a `process` of its own, and a listener of ours for each would pile up. So
 * what was opened stands on the real `process`.
 */
function openAddon(path: string): unknown {
  const addons = ((realProcess() as { [opened]?: Map<string, unknown> })[opened] ??= new Map<string, unknown>());
  const file = realpathSync(path);
  let addon = addons.get(file);
  if (addon === undefined) {
    // Not by require(): a bundler would take it for a file of its own to follow, and some have no loader for it.
    const module = { exports: {} };
    process.dlopen(module, toNamespacedPath(file));
    addon = module.exports;
    addons.set(file, addon);
  }
  return addon;
}
