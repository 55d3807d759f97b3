import { expect } from 'chai';
import type { MockCluster } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';

// A consumer ends in the middle of a seek, at each stage of it: closed, aborted, collected, its worker terminated, its
// process exited. Every promise settles, or the process ends; nothing crashes. Each in a process of its own, which would
// be ended by a signal if native code went wrong.

/** Each begins a seek on `consumer`; `moment()` resolves when it is in the middle of it. */
const stages = {
  'waits for an assignment': {
    roundTripMs: 0,
    begin: `consumer.seekToBeginning(undefined, { signal })`,
    assigned: false,
    moment: `sleep(20)`,
  },
  'looks up': {
    roundTripMs: 100,
    begin: `consumer.seekToEnd(undefined, { signal })`,
    assigned: true,
    moment: `sleep(30)`,
  },
  'asks what is committed': {
    roundTripMs: 100,
    begin: `consumer.seekToCommitted(undefined, { signal })`,
    assigned: true,
    moment: `sleep(30)`,
  },
  'is in native code': {
    roundTripMs: 0,
    begin: `consumer.seek([0, 1].map((partition) => ({ topic: TOPIC, partition, offset: 3 })), { signal })`,
    assigned: true,
    moment: `undefined`,
  },
} as const;

const endings = {
  closed: `await consumer.close({ timeoutMs: 500 }); await settled; console.log(outcome);`,
  'closed twice at once': `await Promise.all([consumer.close({ timeoutMs: 500 }), consumer.close()]); await settled; console.log(outcome);`,
  aborted: `controller.abort(); await settled; console.log(outcome); await consumer.close({ timeoutMs: 500 });`,
  'aborted and closed': `controller.abort(); const end = consumer.close({ timeoutMs: 500 }); await settled; console.log(outcome); await end;`,
  'left by process.exit()': `console.log('gone'); process.exit(0);`,
} as const;

const prelude = `
  import { Consumer } from 'seekafka';
  import { setTimeout as sleep } from 'node:timers/promises';
  const { BROKERS, TOPIC, GROUP } = process.env;
  const controller = new AbortController();
  const { signal } = controller;
  const make = () => new Consumer({ 'bootstrap.servers': BROKERS, 'group.id': GROUP, 'auto.offset.reset': 'earliest' });
`;

const start = ({ begin, assigned, moment }: (typeof stages)[keyof typeof stages]) => `
  ${
    assigned
      ? `await consumer.assign([0, 1].map((partition) => ({ topic: TOPIC, partition })));
         let read = 0;
         for await (const _ of consumer) if (++read === 5) break;`
      : ''
  }
  let outcome = 'pending';
  const settled = ${begin}.then(() => (outcome = 'resolved'), (error) => (outcome = error.name === 'AbortError' ? error.name : error.code));
  await ${moment};
`;

describe('a seek in the middle of which its consumer ends', () => {
  let cluster: { readonly bootstrapServers: string; readonly mock: MockCluster; close(): Promise<void> };
  let topic: string;

  before('cluster', async () => {
    const started = await mockCluster();
    cluster = started;
    topic = await started.createTopic(2);
    await fill(started, topic, { partitions: 2, count: 20 });
  });
  after('end of it', () => cluster.close());
  afterEach(() => cluster.mock.setRoundTripTime(1, 0));

  const run = (source: string) =>
    new Program(source, { BROKERS: cluster.bootstrapServers, TOPIC: topic, GROUP: uniqueGroup(), NODE_OPTIONS: '' });

  for (const [stage, parts] of Object.entries(stages)) {
    for (const [ending, end] of Object.entries(endings)) {
      it(`while it ${stage}: ${ending}`, async () => {
        cluster.mock.setRoundTripTime(1, parts.roundTripMs);
        await using program = run(`${prelude} const consumer = make(); ${start(parts)} ${end}`);
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal }, stderr).to.deep.equal({ code: 0, signal: null });
        const allowed = ending.startsWith('left')
          ? ['gone']
          : [ending.startsWith('aborted') ? 'AbortError' : 'ERR__DESTROY', ...(parts.roundTripMs ? [] : ['resolved'])];
        expect(stdout.trim()).to.be.oneOf(allowed);
      });
    }

    it(`while it ${stage}: its worker terminated, and the next one works`, async () => {
      cluster.mock.setRoundTripTime(1, parts.roundTripMs);
      const inWorker = `${prelude} import { parentPort } from 'node:worker_threads';
        const consumer = make(); ${start(parts)} parentPort.postMessage('begun'); setInterval(() => {}, 1000);`;
      await using program = run(
        `
        import { Worker } from 'node:worker_threads';
        import { once } from 'node:events';
        for (let i = 0; i < 2; i++) {
          const worker = new Worker(process.env.WORKER, { eval: true });
          await once(worker, 'message');
          await worker.terminate();
        }
        console.log('terminated');`.replace('process.env.WORKER', JSON.stringify(commonJs(inWorker))),
      );
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stdout: stdout.trim() }, stderr).to.deep.equal({
        code: 0,
        signal: null,
        stdout: 'terminated',
      });
    });

    it(`while it ${stage}: nobody refers to it any more, and the collector comes`, async () => {
      cluster.mock.setRoundTripTime(1, parts.roundTripMs);
      await using program = run(`${prelude}
        import v8 from 'node:v8';
        import vm from 'node:vm';
        v8.setFlagsFromString('--expose-gc');
        const gc = vm.runInNewContext('gc');
        const leave = async () => { const consumer = make(); ${start(parts)} };
        for (let i = 0; i < 2; i++) {
          await leave();
          for (let j = 0; j < 5; j++) { gc(); await sleep(10); }
        }
        console.log('collected');
        process.exit(0);`);
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stdout: stdout.trim() }, stderr).to.deep.equal({
        code: 0,
        signal: null,
        stdout: 'collected',
      });
    });
  }
});

/** A worker from text is CommonJS. */
function commonJs(source: string): string {
  const imports = /import (.*?) from '(.*?)';/g;
  const required = source.replace(imports, (_, names: string, from: string) => {
    return `const ${names.replace(' as ', ': ')} = await import('${from}');`;
  });
  return `(async () => { ${required} })();`;
}
