// Other Debians, each in a directory of its own (debootstrap, chroot): their own Node.js, and older C libraries.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { debianMirror } from '../release/smoke.mjs';
import { smokeFiles } from './runtimes.mjs';
import { execute, root, tool } from './tools.mjs';

const cell = (name, suite, packages, node) => ({
  section: 'runtimes',
  name,
  quick: false,
  run(context) {
    if (!context.release) return 'not run: it is the published binary that has to load there';
    if (process.getuid?.() !== 0) return 'not run: chroot needs root';
    if (spawnSync('debootstrap', ['--version']).error) return 'not run: there is no debootstrap';
    const system = debian(suite, packages);
    const cwd = context.installed('debian', smokeFiles());
    const inside = path.join(system, 'smoke');
    fs.rmSync(inside, { recursive: true, force: true });
    fs.cpSync(cwd, inside, { recursive: true });
    fs.writeFileSync(path.join(system, 'etc', 'hosts'), '127.0.0.1 localhost\n');
    if (node) fs.copyFileSync(path.join(tool(node), 'bin', 'node'), path.join(system, 'usr', 'bin', 'node'));
    const { output } = execute('chroot', [system, 'sh', '-c', 'cd /smoke && node --version && exec node smoke.mjs'], {
      cwd: '/',
    });
    const last = /^smoke: (\d+) passed, 0 failed$/m.exec(output);
    if (!last) throw new Error(output);
    return `${output.split('\n')[0]}: ${last[1]} of ${last[1]} checks`;
  },
});

function debian(suite, packages) {
  const directory = path.join(root, '.deps', 'matrix', `debian-${suite}`);
  const mark = path.join(directory, 'complete');
  if (!fs.existsSync(mark)) {
    process.stderr.write(`matrix: making a Debian ${suite} ...\n`);
    fs.rmSync(directory, { recursive: true, force: true });
    const args = ['--variant=minbase', `--include=${packages.join(',')}`, suite, directory, debianMirror()];
    execute('debootstrap', args, { cwd: '/', minutes: 9 });
    fs.writeFileSync(mark, '');
  }
  return directory;
}

export const debians = [
  cell("Debian 13's own nodejs, with the system's OpenSSL", 'trixie', ['nodejs', 'openssl']),
  cell("Debian sid's own nodejs, with the system's OpenSSL", 'sid', ['nodejs', 'openssl']),
  cell('Debian 11 (glibc 2.31), Node.js 20', 'bullseye', ['openssl', 'libatomic1', 'libstdc++6'], 'node20'),
];
