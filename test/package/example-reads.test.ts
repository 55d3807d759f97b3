import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { realKafka } from '../helpers/clusters.js';
import { describeKafka } from '../helpers/kafka.js';
import { fill } from '../helpers/numbered.js';
import { eventually } from '../helpers/wait.js';

// The examples of reads, as a person runs them: processes of their own, which have to end by themselves.

const root = path.join(import.meta.dirname, '..', '..');

function start(example: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const argv = ['--import', 'tsx', path.join('examples', `${example}.ts`), ...args];
  const child = spawn(process.execPath, argv, { cwd: root, env: { ...process.env, ...env } });
  const running = { stdout: '', stderr: '', code: undefined as number | string | null | undefined, child };
  child.stdout.on('data', (data) => (running.stdout += String(data)));
  child.stderr.on('data', (data) => (running.stderr += String(data)));
  child.on('close', (code, signal) => (running.code = signal ?? code));
  return running;
}

const ends = async (running: ReturnType<typeof start>) => {
  try {
    await eventually(() => running.code !== undefined, { timeoutMs: 30_000, what: 'the example ends' });
  } finally {
    if (running.code === undefined) running.child.kill('SIGKILL');
  }
  expect({ code: running.code, stderr: running.stderr }, running.stdout).to.deep.equal({ code: 0, stderr: '' });
};

/** Interrupts it as soon as a line has come. */
const interrupted = async (running: ReturnType<typeof start>, line: RegExp) => {
  try {
    await eventually(() => line.test(running.stdout), { timeoutMs: 30_000, what: `a line like ${String(line)}` });
    running.child.kill('SIGINT');
  } catch (error) {
    running.child.kill('SIGKILL');
    throw error;
  }
  await ends(running);
};

describe('the examples', () => {
  it('replay reads all that is there, with a bar, and ends', async () => {
    const running = start('replay', [], { KAFKA_BROKERS: '' });
    await ends(running);
    expect(running.stdout)
      .to.include('20000 messages, 0 offsets left')
      .and.include(`[${'#'.repeat(40)}]`);
    expect(running.stdout.split('\r').length, 'the bar moves').to.be.within(20, 50);
  });

  it('tail shows the last ones of each partition, goes on, and ends by Ctrl-C', async () => {
    const running = start('tail', [], { KAFKA_BROKERS: '' });
    await interrupted(running, /order 1002/);
    const first = running.stdout.split('\n').filter((line) => /order \d\d?$/.test(line));
    expect(first.map((line) => line.split(' ')[0]).sort()).to.deep.equal(
      [0, 1, 2].flatMap((p) => [7, 8, 9].map((offset) => `${p}/${offset}`)),
    );
    expect(running.stdout).to.match(/bye\n$/);
  });
});

describeKafka('the examples', () => {
  it('replay and tail read a topic of a real Kafka', async () => {
    const kafka = await realKafka();
    try {
      const topic = await kafka.createTopic(2);
      await fill(kafka, topic, { partitions: 2, count: 50 });
      const environment = { KAFKA_BROKERS: kafka.bootstrapServers };
      const replay = start('replay', [topic], environment);
      await ends(replay);
      expect(replay.stdout).to.include('100 messages, 0 offsets left');
      const tail = start('tail', [topic, '1'], environment);
      await interrupted(tail, /0\/49[^]*1\/49|1\/49[^]*0\/49/);
      expect(tail.stdout.trim().split('\n')).to.have.length(3);
    } finally {
      await kafka.close();
    }
  });
});
