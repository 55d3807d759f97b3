import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file that may be the addon. */
export interface AddonCandidate {
  readonly path: string;
  /** The user asked for this very file: when it cannot be loaded, nothing else is tried. */
  readonly required?: boolean;
}

/** What went wrong with one candidate. */
interface Failure {
  readonly path: string;
  readonly reason: string;
}

/** No candidate could be loaded. The message names each of them, why it failed, and the way out on this machine. */
export class AddonLoadError extends Error {
  readonly code = 'ERR_SEEKAFKA_ADDON';
  override readonly name = 'AddonLoadError';
}

const requireAddon = createRequire(import.meta.url);

/** Loads the native addon of this package. */
export function loadAddon(): unknown {
  const root = packageRoot();
  return loadAddonFrom(addonCandidates(root, process.env['SEEKAFKA_ADDON']), root);
}

/** `linux-x64`, `linux-arm64-musl`, `darwin-arm64`: the directory below prebuilds/ that fits this process. */
export function platformTag(): string {
  return `${process.platform}-${process.arch}${libc().startsWith('musl') ? '-musl' : ''}`;
}

/** The directory of package.json, whether this runs from dist/ or from its source. */
export function packageRoot(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let directory = start; ; directory = dirname(directory)) {
    const manifest = join(directory, 'package.json');
    if (
      existsSync(manifest) &&
      (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name === 'seekafka'
    ) {
      return directory;
    }
    if (dirname(directory) === directory) {
      throw new Error(`seekafka: there is no package.json of seekafka above ${start}`);
    }
  }
}

/** Where the addon may be, in the order in which it is looked for. `override` is the SEEKAFKA_ADDON of the environment. */
export function addonCandidates(root: string, override?: string): AddonCandidate[] {
  if (override) return [{ path: resolve(override), required: true }];
  return [
    join(root, 'prebuilds', platformTag(), 'seekafka.node'),
    join(root, 'build', 'cmake', 'Release', 'seekafka.node'),
    join(root, 'build', 'Release', 'seekafka.node'),
  ].map((path) => ({ path }));
}

/** Loads the first candidate that is there and works; a file that is there and does not work is never passed over in silence. */
export function loadAddonFrom(candidates: readonly AddonCandidate[], root: string): unknown {
  const failures: Failure[] = [];
  for (const { path, required } of candidates) {
    if (existsSync(path)) {
      try {
        const addon: unknown = requireAddon(path);
        for (const { path: broken, reason } of failures.filter(isBroken)) {
          process.emitWarning(`seekafka loaded ${path}, because ${broken} cannot be loaded: ${reason}`);
        }
        return addon;
      } catch (error) {
        failures.push({ path, reason: error instanceof Error ? error.message : String(error) });
      }
    } else {
      failures.push({ path, reason: notThere });
    }
    if (required) break;
  }
  const tried = failures.map(({ path, reason }) => `  ${path}: ${reason}`);
  const required = candidates.some((candidate) => candidate.required);
  throw new AddonLoadError(
    [
      `seekafka cannot load its native addon on ${platformTag()} (${libc() || process.platform}, ${runtime()}). Tried:`,
      ...tried,
      wayOut(failures.filter(isBroken), root, required),
    ].join('\n'),
  );
}

const notThere = 'no such file';

function isBroken(failure: Failure): boolean {
  return failure.reason !== notThere;
}

function wayOut(broken: readonly Failure[], root: string, required: boolean): string {
  const reasons = broken.map(({ reason }) => reason).join('\n');
  if (
    /undefined symbol: \w*(SSL|EVP|X509|BIO|OPENSSL|CRYPTO|inflate|deflate|crc32)|symbol not found.*(SSL|EVP|X509)/i.test(
      reasons,
    )
  ) {
    return 'This runtime lacks functions of OpenSSL or zlib that every official Node.js executable offers: run it with Node.js.';
  }
  if (required) {
    return 'The environment variable SEEKAFKA_ADDON names that file: point it at an addon of this platform, or unset it.';
  }
  if (existsSync(join(root, 'CMakeLists.txt'))) return `Build it: run \`npm run build\` in ${root}.`;
  const prebuilds = join(root, 'prebuilds');
  const carried = existsSync(prebuilds) ? readdirSync(prebuilds).sort() : [];
  if (broken.length === 0 && carried.length > 0 && !carried.includes(platformTag())) {
    return (
      `This copy of the package is for ${carried.join(', ')}. Was node_modules copied from another machine? Install it ` +
      `on this one; if there is no binary for ${platformTag()}, ${buildElsewhere}.`
    );
  }
  if (/GLIBC|GLIBCXX|CXXABI|__\w+_chk/.test(reasons)) {
    return `The binary needs a newer C library than this system has: upgrade the system, or ${buildElsewhere}.`;
  }
  return `Reinstall the package (\`npm install --force seekafka\`), or ${buildElsewhere}.`;
}

const buildElsewhere =
  "build it on this machine from seekafka's repository (`npm install` there) and point SEEKAFKA_ADDON at build/cmake/Release/seekafka.node";

function runtime(): string {
  const { electron, bun, node } = process.versions;
  if (electron) return `Electron ${electron}`;
  if (bun) return `Bun ${bun}`;
  return `Node.js ${node}`;
}

/** `glibc 2.36` or `musl`; empty where there is no choice. */
function libc(): string {
  if (process.platform !== 'linux') return '';
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // its list of network interfaces can take seconds to resolve
  const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  if (before !== undefined) report.excludeNetwork = before;
  return header.glibcVersionRuntime ? `glibc ${header.glibcVersionRuntime}` : 'musl';
}
