import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

// What users get: the tarball, installed into an empty project outside the repository.

const root = path.join(import.meta.dirname, '..', '..');

/** Ten lines as in the README. `header` loads the package, as an ES module or by require. */
const program = (header: string) => `
${header}
async function main() {
  const cluster = await MockCluster.start();
  cluster.createTopic('topic', 1);
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer(config);
  await producer.send(['a', 'b', 'c'].map((value) => ({ topic: 'topic', partition: 0, value })));
  const consumer = new Consumer({ ...config, 'group.id': 'group', 'auto.offset.reset': 'earliest' });
  await consumer.subscribe('topic');
  const seen = [];
  for await (const message of consumer) {
    seen.push(message.offset + message.value.toString());
    if (seen.length === 3) await consumer.seek({ topic: 'topic', partition: 0, offset: 1 });
    if (seen.length === 5) break;
  }
  console.log(seen.join(' '));
  await Promise.all([consumer.close(), producer.close()]);
  await cluster.close();
}
main();
`;

describe('the tarball', () => {
  let folder: string;
  let tarball: string;
  let manifest: Record<string, unknown>;
  let files: string[];

  before('npm pack, npm install', async function () {
    this.timeout(300_000);
    folder = await mkdtemp(path.join(os.tmpdir(), 'seekafka-package-'));
    await npm(root, 'pack', '--pack-destination', folder);
    const packed = (await readdir(folder)).filter((file) => file.endsWith('.tgz'));
    expect(packed).to.have.length(1);
    tarball = path.join(folder, packed[0]!);

    const project = path.join(folder, 'project');
    await mkdir(project);
    await writeFile(path.join(project, 'package.json'), '{ "name": "project", "private": true }');
    await npm(project, 'install', tarball, '--no-audit', '--no-fund', '--ignore-scripts');

    const installed = path.join(project, 'node_modules', 'seekafka');
    manifest = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8')) as typeof manifest;
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(installed, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'));
  });

  after('remove it', () => rm(folder, { recursive: true, force: true }));

  it('runs nothing when it is installed, and gives package managers nothing to warn of', () => {
    expect(manifest).not.to.have.any.keys('scripts', 'devDependencies', 'dependencies');
    // npm would run node-gyp for it.
    expect(files).not.to.include('binding.gyp');
    expect(manifest['gypfile']).to.equal(false);
  });

  it('leaves the package.json of the checkout as it was', async () => {
    const own = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as typeof manifest;
    expect(own).to.include.keys('scripts', 'devDependencies');
  });

  it('holds what is needed and no more', () => {
    const doors = Object.keys(manifest['exports'] as object).filter((key) => key !== './package.json');
    expect(doors).to.include('.');
    const entries = doors.flatMap((key) =>
      ['js', 'mjs', 'd.ts', 'd.mts'].map((kind) => `${key === '.' ? 'index' : key.slice('./'.length)}.${kind}`),
    );
    const code = [...entries, 'seekafka.js'].map((name) => `dist/lib/${name}`);
    expect(files).to.include.members(['package.json', 'README.md', 'LICENSE', 'NOTICES.md', ...code]);
    expect(files.filter((file) => file.endsWith('.node'))).not.to.deep.equal([]);
    const needless = /^(test|src-native|bench|examples|scripts|cmake|lib|binding|\.)|tsbuildinfo|(?<!\.d)\.m?ts$/;
    expect(files.filter((file) => needless.test(file))).to.deep.equal([]);
    expect(files.length).to.be.below(entries.length + 12);
  });

  it('lets Node.js look through a few lines, and not all code, when an ES module imports it', async () => {
    const entry = await readFile(path.join(root, 'dist', 'lib', 'index.js'), 'utf8');
    expect(entry.length).to.be.below(1000);
  });

  it('has a manifest that publint finds right', async () => {
    const buffer = await readFile(tarball);
    const { messages, pkg } = await publint({ pack: { tarball: Uint8Array.from(buffer).buffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
  });

  it('has types that resolve as its code does (attw)', async function () {
    const attw = path.join(root, 'node_modules', '@arethetypeswrong', 'cli', 'dist', 'index.js');
    await run(root, process.execPath, attw, tarball, '--no-color', '--no-emoji');
  });

  it('works as an ES module', async () => {
    const source = program("import { Consumer, MockCluster, Producer } from 'seekafka';");
    expect(await runProgram('program.mjs', source)).to.equal('0a 1b 2c 1b 2c\n');
  });

  // It is bundled, and a bundler may rename what it joins.
  it('has classes that bear the names they are exported by', async () => {
    const source = `import * as seekafka from 'seekafka';
      for (const [name, value] of Object.entries(seekafka)) {
        if (typeof value === 'function' && value.name !== name) console.log(name, 'is', value.name);
      }`;
    expect(await runProgram('names.mjs', source)).to.equal('');
  });

  it('works by require', async () => {
    const source = program("const { Consumer, MockCluster, Producer } = require('seekafka');");
    expect(await runProgram('program.cjs', source)).to.equal('0a 1b 2c 1b 2c\n');
  });

  async function runProgram(name: string, source: string): Promise<string> {
    const project = path.join(folder, 'project');
    await writeFile(path.join(project, name), source);
    const { stdout, stderr } = await run(project, process.execPath, name);
    expect(stderr).to.equal('');
    return stdout;
  }
});

/** npm, by the npm that runs these tests if one does. */
function npm(cwd: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('.js') ? run(cwd, process.execPath, cli, ...args) : run(cwd, 'npm', ...args);
}

function run(cwd: string, command: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
  // What `npm test` tells its own scripts is not meant for another npm.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)/.test(name)),
  );
  return promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 }).catch(
    (error: Error & { stdout?: string }) => {
      // The message has what the command wrote to stderr; some of them explain themselves on stdout.
      error.message += `\n${error.stdout}`;
      throw error;
    },
  );
}
