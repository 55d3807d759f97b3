import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { describeKafka } from '../helpers/kafka.js';

// The long soak is a command (npm run soak); its short form keeps that command alive: three protocols, members that come
// and go, seeks all the time, a log whose start moves, and every message checked to be the next of its partition.

const root = path.join(import.meta.dirname, '..', '..');

describeKafka('a short soak', (bootstrapServers) => {
  it('delivers the next message of each partition every time, and ends', async function () {
    this.timeout(240_000);
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/soak/soak.ts', '--minutes', '0.3'], {
      cwd: root,
      env: { ...process.env, KAFKA_BROKERS: bootstrapServers() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    const limit = setTimeout(() => child.kill('SIGKILL'), 200_000);
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (...ending) => resolve(ending));
    }).finally(() => clearTimeout(limit));
    expect({ code, signal }, output).to.deep.equal({ code: 0, signal: null });
    expect(output).to.include('every message was the next of its partition');
    const [, seeks] = /"seeks":(\d+)/.exec(output.slice(output.lastIndexOf('after '))) ?? [];
    expect(Number(seeks), output).to.be.greaterThan(20);
  });
});
