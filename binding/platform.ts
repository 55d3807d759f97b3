// What this process runs on, in the words that the names of the binary packages use.

import { existsSync } from 'node:fs';
import { runInThisContext } from 'node:vm';

/** `linux-x64-gnu`, `linux-arm64-musl`, `darwin-arm64`: the end of the name of the package with the addon for this process. */
export function platformTag(): string {
  const family = libc();
  return [process.platform, process.arch, ...(family ? [family.startsWith('musl') ? 'musl' : 'gnu'] : [])].join('-');
}

/** `glibc 2.36` or `musl`; empty where there is no choice. */
export function libc(): string {
  if (process.platform !== 'linux') return '';
  const version = glibcVersion();
  if (version !== undefined) return version ? `glibc ${version}` : 'musl';
  return ['/etc/alpine-release', `/lib/ld-musl-${machine()}.so.1`].some(existsSync) ? 'musl' : 'glibc';
}

/** What the process's own report says; empty where it runs on another library, undefined where there is no report. */
function glibcVersion(): string | undefined {
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean }) | undefined;
  if (typeof report?.getReport !== 'function') return undefined;
  const before = report.excludeNetwork;
  report.excludeNetwork = true; // its list of network interfaces can take seconds to resolve
  try {
    const { header } = report.getReport() as unknown as { header?: { glibcVersionRuntime?: string } };
    return header && (header.glibcVersionRuntime ?? '');
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}

function machine(): string {
  return { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
}

export interface Runtime {
  readonly name: 'Node.js' | 'Electron' | 'Bun' | 'Deno';
  readonly version: string;
  /** The command that adds a package from the npm registry. */
  readonly add: string;
}

export function runtime(): Runtime {
  const { electron, bun, deno, node } = process.versions as Record<string, string | undefined>;
  if (electron) return { name: 'Electron', version: electron, add: 'npm install ' };
  if (bun) return { name: 'Bun', version: bun, add: 'bun add ' };
  if (deno) return { name: 'Deno', version: deno, add: 'deno add npm:' };
  return { name: 'Node.js', version: node ?? '', add: 'npm install ' };
}

/** The one of the environment, also where a test runner (jest) gives each test file another. */
export function realProcess(): NodeJS.Process {
  return (runInThisContext('globalThis.process') as NodeJS.Process | undefined) ?? process;
}
