// A registry of our own (verdaccio) that holds the packed packages and nothing else, without a way out of this machine.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { npmInstall, npmRun } from './tools.mjs';

/**
 * @param {string} folder for what it stores
 * @param {readonly string[]} tarballs to publish
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function startRegistry(folder, tarballs) {
  const program = npmInstall('registry', { verdaccio: '6.8.0' }, { 'node-fetch': '2.7.0' });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  fs.mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'config.yaml');
  const rule = '  "%":\n    access: $all\n    publish: $all\n';
  const text = `storage: ./storage\nauth: {}\npackages:\n${rule.replace('%', '@*/*')}${rule.replace('%', '**')}max_body_size: 100mb\nlog: { type: file, path: ${path.join(folder, 'log')}, level: warn }\n`;
  fs.writeFileSync(config, text);
  const cli = path.join(program, 'verdaccio', 'bin', 'verdaccio');
  const child = spawn(process.execPath, [cli, '--config', config, '--listen', url], { stdio: 'ignore' });
  const closed = new Promise((resolve) => child.on('close', resolve));
  await answers(url, child);
  const npmrc = path.join(folder, 'npmrc');
  fs.writeFileSync(npmrc, `registry=${url}\n//127.0.0.1:${port}/:_authToken=none\n`);
  for (const tarball of tarballs) {
    npmRun(['publish', tarball, `--userconfig=${npmrc}`, '--loglevel=error', '--ignore-scripts'], folder);
  }
  return {
    url,
    async close() {
      child.kill();
      await closed;
    },
  };
}

async function answers(url, child) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`verdaccio ended with ${child.exitCode}`);
    const ok = await fetch(`${url}-/ping`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
