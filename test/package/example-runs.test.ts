import { execFile, spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { Consumer, KafkaError } from 'seekafka';
import { skip } from '../helpers/groups.js';
import { describeKafka } from '../helpers/kafka.js';
import { eventually } from '../helpers/wait.js';

// `npm start`, as a person runs it: a process of its own, which has to end by itself.

const root = path.join(import.meta.dirname, '..', '..');

interface Ended {
  /** A number, or the signal that ended it: SIGTERM where it hung. */
  code: number | string;
  stdout: string;
  stderr: string;
}

function start(environment: NodeJS.ProcessEnv, ...nodeOptions: string[]): Promise<Ended> {
  return run('main-job.ts', environment, nodeOptions);
}

function run(example: string, environment: NodeJS.ProcessEnv, nodeOptions: readonly string[] = []): Promise<Ended> {
  const env = { ...process.env, ...environment };
  const args = ['--import', 'tsx', ...nodeOptions, path.join('examples', example)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: root, env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.signal ?? error.code ?? 'unknown') : 0, stdout, stderr });
    });
  });
}

function expectTheWholeStory({ code, stdout, stderr }: Ended): void {
  expect({ code, stderr }, stdout).to.deep.equal({ code: 0, stderr: '' });
  expect(stdout).to.include('10,000 messages acknowledged');
  expect(stdout).to.include('10,000 messages read, in order, none twice');
  expect(stdout).to.include('10,000 messages read again, from the first to the last');
  expect(stdout).to.include('the next message of partition 0 is 1500');
  expect(stdout).to.include('100 messages read: the new ones, and nothing else');
  expect(stdout)
    .to.match(/All 10 promises kept, in [\d.]+ m?s\./)
    .and.not.include('✗');
}

describe('npm start', function () {
  it('does the main job on the mock cluster and ends by itself', async () => {
    const ended = await start({ KAFKA_BROKERS: '' });
    expectTheWholeStory(ended);
    expect(ended.stdout).to.include('a mock one, in this process');
  });

  it('writes no colour codes into a pipe', async () => {
    const { stdout } = await start({ KAFKA_BROKERS: '', NO_COLOR: undefined });
    expect(stdout).to.include('promises kept').and.not.include('\u001b');
  });

  it('paints on a terminal, unless NO_COLOR asks it not to', function () {
    // The script of util-linux; that of other systems takes other arguments.
    if (!/util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '')) {
      skip(this, 'there is no script command of util-linux, which lends a terminal');
    }
    // What decides about colours, and may be set where the tests run.
    const plain = { NO_COLOR: undefined, FORCE_COLOR: undefined, NODE_DISABLE_COLORS: undefined, CI: undefined };
    const onTerminal = (environment: NodeJS.ProcessEnv) => {
      const command = `"${process.execPath}" --import tsx examples/main-job.ts`;
      const env = { ...process.env, KAFKA_BROKERS: '', TERM: 'xterm', ...plain, ...environment };
      return spawnSync('script', ['-qec', command, '/dev/null'], { cwd: root, env, encoding: 'utf8' }).stdout;
    };
    expect(onTerminal({})).to.include('\u001b[32m✓');
    expect(onTerminal({ NO_COLOR: '1' }))
      .to.include('✓ 10,000 messages')
      .and.not.include('\u001b');
  });

  it('fails, and says where, when a seek does not do what is promised', async () => {
    const broken = path.join(root, 'test', 'helpers', 'seek-to-end-broken.ts');
    const { code, stdout } = await start({ KAFKA_BROKERS: '' }, '--import', broken);
    expect(code, stdout).to.equal(1);
    expect(stdout).to.include('✗ seekToEnd()').and.include('promises broken');
  });

  it('fails with one sentence, not a stack trace, where no Kafka answers', async () => {
    const { code, stdout, stderr } = await start({ KAFKA_BROKERS: '127.0.0.1:1' });
    expect({ code, stderr }).to.deep.equal({ code: 1, stderr: '' });
    expect(stdout).to.include('✗ createTopics failed: ').and.include('ERR__TIMED_OUT');
  });
});

/** What each of the smaller examples prints, but for what depends on the time. */
const printed = {
  'table.ts': ['at the start: 2 customers, ann: 200', 'bob: 50 -> nothing', 'bob is known: false'],
  'opentelemetry.ts': ['POST /orders', '  send orders', '    process orders', '      SELECT customer'],
  'order-service.ts': [
    'live: 200, ready: 200',
    '199 orders of 20 customers billed, 4 tried again, 1 refused, 200 committed',
  ],
  'retry-topics.ts': [
    'billed at once: 41, soon: 12, later: 6',
    'refused: order 33, by orders, soon, later: Error: the bank does not take order 33 of customer-6',
  ],
};

async function expectPrinted(example: keyof typeof printed, environment: NodeJS.ProcessEnv): Promise<void> {
  const { code, stdout, stderr } = await run(example, environment);
  expect({ code, stderr }, stdout).to.deep.equal({ code: 0, stderr: '' });
  expect(stdout.trimEnd().split('\n').sort()).to.deep.equal([...printed[example]].sort());
}

for (const example of Object.keys(printed) as (keyof typeof printed)[]) {
  describe(`examples/${example}`, () => {
    it('does on the mock cluster what it says, and ends by itself', () =>
      expectPrinted(example, { KAFKA_BROKERS: '' }));
  });
  describeKafka(`examples/${example}`, (bootstrapServers) => {
    it('does the same on a real Kafka', () => expectPrinted(example, { KAFKA_BROKERS: bootstrapServers() }));
  });
}

describeKafka('npm start', (bootstrapServers) => {
  it('does the main job on a real Kafka, and leaves no topic behind', async function () {
    const servers = bootstrapServers();
    const ended = await start({ KAFKA_BROKERS: servers });
    expectTheWholeStory(ended);
    const [topic] = /seekafka-main-job-\w+/.exec(ended.stdout) ?? [];
    expect(topic).not.to.equal(undefined);

    await using consumer = new Consumer({ 'bootstrap.servers': servers, 'socket.timeout.ms': 1000 });
    await eventually(
      async () => {
        const error: unknown = await consumer.endOffsets([{ topic: topic!, partition: 0 }]).catch((e: unknown) => e);
        // Which of the two depends on what the client knows of the topic.
        return error instanceof KafkaError && ['ERR__NOENT', 'ERR_UNKNOWN_TOPIC_OR_PART'].includes(error.code);
      },
      { what: `${topic} is deleted` },
    );
  });
});
