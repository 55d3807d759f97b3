#!/usr/bin/env node
/**
 * Makes a release: the packages of all published platforms, checked, with what belongs to them, in .deps/release/out/<version>.
 * It publishes nothing.
 *
 *   npm run release                              everything; refuses where a target, a tool or a check is missing
 *   npm run release -- --trial                   the same, but what a release waits for (a dated section of the changelog, say) is told
 *                                                and does not refuse; no release
 *   npm run release -- --target=linux-x64-gnu    one platform (may be given more than once); no release, for trying
 *   npm run release -- --no-smoke                without running the smoke test on each platform
 *   npm run release -- --check-openssl           only: is there a newer OpenSSL than the pinned one?
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { BuildError, runMain, say } from './deps.mjs';
import { buildAddon } from './release/addon.mjs';
import { checkBinary } from './release/check-binary.mjs';
import { repositoryManifest } from './release/manifest.mjs';
import { billOfMaterials, writeNotices } from './release/notices.mjs';
import { packMain, packPlatform, packSource } from './release/packages.mjs';
import { smokeOn } from './release/smoke.mjs';
import { opensslIsBehind, opensslVersion } from './release/sources.mjs';
import { targetOf, targets } from './release/targets.mjs';
import { root, work } from './release/toolchain.mjs';

await runMain(async () => {
  const options = parse(process.argv.slice(2));
  if (options.checkOpenssl) {
    const outdated = outdatedOpenssl();
    if (outdated) throw new BuildError(`${outdated}.`);
    return say(`OpenSSL ${opensslVersion} is the newest that the crate registry has`);
  }
  const { version } = repositoryManifest();
  if (options.full) {
    const waitsFor = [changedFiles(), outdatedOpenssl(), undatedChangelog(version), missingAddresses()].filter(Boolean);
    const list = waitsFor.map((each) => `\n  ${each}`).join('');
    if (waitsFor.length > 0 && !options.trial) {
      throw new BuildError(`a release waits for this (--trial makes a trial without it):${list}`);
    }
    if (waitsFor.length > 0) say(`a trial; a release waits for this:${list}`);
  }
  const out = path.join(work, 'out', version);
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  if (!(await writeNotices())) {
    const what = 'NOTICES.md was out of date and has been written anew';
    if (options.full && !options.trial) throw new BuildError(`${what}: commit it, and run this again.`);
    say(what);
  }
  build('--ts');

  const addons = new Map();
  for (const target of options.targets)
    addons.set(target, await buildAddon(target, { clean: options.full && !options.trial }));
  const checks = options.targets.map((target) => checkBinary(target, addons.get(target)));
  fs.writeFileSync(path.join(out, 'binary-checks.json'), `${JSON.stringify(checks, null, 2)}\n`);
  for (const { target, facts } of checks) say(`${target}: ${JSON.stringify(facts)}`);
  const problems = checks.flatMap(({ target, problems: found }) => found.map((problem) => `${target}: ${problem}`));
  if (problems.length > 0) throw new BuildError(`the binaries are not as they should be:\n  ${problems.join('\n  ')}`);

  const packed = [packMain(options.targets, out)];
  for (const target of options.targets) packed.push(packPlatform(target, addons.get(target), out));
  packed.push(packSource(out));
  const lists = packed.map(({ tarball, size, unpackedSize, files }) => {
    const head = `${path.basename(tarball)}: ${size} bytes, ${unpackedSize} unpacked`;
    return [head, ...files.map((file) => `  ${file}`), ''].join('\n');
  });
  fs.writeFileSync(path.join(out, 'files.txt'), lists.join('\n'));
  fs.writeFileSync(
    path.join(out, 'sbom.cdx.json'),
    `${JSON.stringify(await billOfMaterials(options.targets), null, 2)}\n`,
  );

  if (options.smoke) for (const target of options.targets.filter(canRun)) smokeOn(target, out);
  writeSums(out);
  const but = options.trial
    ? ', which are no release: it was a trial'
    : ', which are no release: it was not everything';
  say(`${path.relative(root, out)} holds ${packed.length} packages${options.full && !options.trial ? '' : but}`);
});

function parse(args) {
  const options = { targets: [], smoke: true, trial: false, checkOpenssl: false };
  for (const arg of args) {
    const name = arg.startsWith('--target=') ? arg.slice('--target='.length) : undefined;
    if (arg === '--no-smoke') options.smoke = false;
    else if (arg === '--trial') options.trial = true;
    else if (arg === '--check-openssl') options.checkOpenssl = true;
    else if (name !== undefined && targetOf(name)) options.targets.push(targetOf(name));
    else
      throw new BuildError(
        `scripts/release.mjs does not know ${arg}; targets are ${targets.map((each) => each.name).join(', ')}.`,
      );
  }
  const full = options.targets.length === 0 && options.smoke;
  if (options.targets.length === 0) options.targets = targets.filter(({ published }) => published);
  return { ...options, full };
}

function build(...args) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'scripts', 'build.mjs'), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) throw new BuildError('the build failed; what it said is above.');
}

function changedFiles() {
  const { status, stdout } = spawnSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  return status === 0 && stdout.trim() !== '' && `files are changed and not committed:\n${stdout.trimEnd()}`;
}

function outdatedOpenssl() {
  const behind = opensslIsBehind();
  return behind && `${behind}: raise it in cmake/release (cargo update), or say in DESIGN.md why not`;
}

/** Whether its smoke test runs here: that of Windows does in Wine, that of macOS nowhere but there. */
function canRun({ os }) {
  return os !== 'darwin' || os === process.platform;
}

function undatedChangelog(version) {
  const text = fs.readFileSync(path.join(root, 'CHANGELOG.md'), 'utf8');
  const dated = new RegExp(`^## ${version.replaceAll('.', '\\.')} \\(\\d{4}-\\d\\d-\\d\\d\\)$`, 'm').test(text);
  return !dated && `CHANGELOG.md has no dated section "## ${version} (YYYY-MM-DD)"`;
}

/** npm shows them to those who look at the package; nobody but the owner knows where the repository is. */
function missingAddresses() {
  const manifest = repositoryManifest();
  const missing = ['repository', 'homepage', 'bugs'].filter((name) => !manifest[name]);
  return missing.length > 0 && `package.json names no ${missing.join(', no ')}`;
}

function writeSums(out) {
  const names = fs.readdirSync(out).sort();
  const lines = names.map((name) => {
    const hash = createHash('sha256').update(fs.readFileSync(path.join(out, name)));
    return `${hash.digest('hex')}  ${name}\n`;
  });
  fs.writeFileSync(path.join(out, 'SHA256SUMS'), lines.join(''));
}
