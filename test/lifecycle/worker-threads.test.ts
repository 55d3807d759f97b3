import { expect } from 'chai';
import type { MockCluster } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';

// State belongs to one environment: several of them in one process work side by side, and end without the others. In
// processes of their own, because what goes wrong here ends the process.

/** Runs in each worker. `work` is an async function (seekafka, workerData, tell) => ... */
const start = `
  import { Worker } from 'node:worker_threads';
  import { setTimeout as sleep } from 'node:timers/promises';
  import { once } from 'node:events';
  const { BROKERS, TOPIC } = process.env;
  const begin = (work, data = {}) => {
    // The flag of the process, --input-type=module, holds for this too.
    const source = \`
      import { parentPort, workerData } from 'node:worker_threads';
      import * as seekafka from 'seekafka';
      const work = \${work};
      await work(seekafka, workerData, (what) => parentPort.postMessage(what));
    \`;
    const worker = new Worker(source, { eval: true, workerData: { brokers: BROKERS, topic: TOPIC, ...data } });
    worker.on('error', (error) => { console.error(error); process.exitCode = 1; });
    return worker;
  };
`;

describe('worker threads', () => {
  let cluster: { readonly bootstrapServers: string; readonly mock: MockCluster; close(): Promise<void> };
  let topic: string;
  before(async () => {
    const started = await mockCluster();
    cluster = started;
    topic = await started.createTopic();
    await fill(started, topic, { count: 200 });
  });
  after(() => cluster.close());

  const run = async (source: string) => {
    await using program = new Program(start + source, { BROKERS: cluster.bootstrapServers, TOPIC: topic });
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
    return stdout.trim().split('\n');
  };

  it('seek at the same time, each its own consumer, beside one of the main thread', async () => {
    const work = `async ({ Consumer }, { brokers, topic, name }, tell) => {
      const consumer = new Consumer({
        'bootstrap.servers': brokers, 'group.id': 'seeks-' + name, 'auto.offset.reset': 'earliest',
      });
      await consumer.assign([{ topic, partition: 0 }]);
      for (let i = 0; i < 60; i++) {
        const target = (i * 37) % 190;
        await consumer.seek({ topic, partition: 0, offset: target });
        let expected = target;
        for await (const message of consumer) {
          if (message.offset !== expected) throw new Error(name + ': ' + message.offset + ' instead of ' + expected);
          if (++expected === target + 5) break;
        }
      }
      await consumer.close();
      tell(name + ' done');
    }`;
    const lines = await run(`
      const work = ${work};
      const workers = ['first', 'second'].map((name) => begin(String(work), { name }));
      const told = workers.map((worker) => once(worker, 'message').then(([what]) => console.log(what)));
      await work(await import('seekafka'), { brokers: BROKERS, topic: TOPIC, name: 'main' }, console.log);
      await Promise.all(told);
    `);
    expect(lines.sort()).to.deep.equal(['first done', 'main done', 'second done']);
  });

  const stages: Readonly<Record<string, string>> = {
    'while a seek waits for an assignment': `async ({ Consumer }, { brokers }, tell) => {
      const consumer = new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'g' });
      consumer.seekToBeginning();
      tell('ready');
    }`,
    'while it iterates': `async ({ Consumer }, { brokers, topic }, tell) => {
      const consumer = new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'g', 'auto.offset.reset': 'earliest' });
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      for await (const message of consumer) if (message.offset === 3) tell('ready');
    }`,
    'while it seeks to and fro': `async ({ Consumer }, { brokers, topic }, tell) => {
      const consumer = new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'g', 'auto.offset.reset': 'earliest' });
      await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      (async () => { for await (const message of consumer); })();
      for (let i = 0; ; i++) {
        await (i % 2 ? consumer.seekToBeginning() : consumer.seekToEnd());
        if (i === 3) tell('ready');
      }
    }`,
    'while it produces': `async ({ Producer }, { brokers, topic }, tell) => {
      const producer = new Producer({ 'bootstrap.servers': brokers, 'linger.ms': 50 });
      for (let i = 0; ; i++) {
        await Promise.all(Array.from({ length: 50 }, () => producer.send({ topic: topic + '-more', value: 'x' })));
        if (i === 0) tell('ready');
      }
    }`,
    'while it closes': `async ({ Consumer, Producer }, { brokers, topic }, tell) => {
      const consumer = new Consumer({
        // Its own group: a member that does not leave would hold the next one up for its session.
        'bootstrap.servers': brokers, 'group.id': 'closes' + Math.random(), 'auto.offset.reset': 'earliest',
      });
      await consumer.subscribe(topic);
      for await (const message of consumer) break;
      consumer.close();
      new Producer({ 'bootstrap.servers': brokers }).close();
      tell('ready');
    }`,
    // What native code throws at that moment has nowhere to go, and ended the process.
    'while clients come and go': `async ({ Consumer, Producer }, { brokers, topic }, tell) => {
      const round = async () => {
        const producer = new Producer({ 'bootstrap.servers': brokers });
        await producer.send({ topic: topic + '-more', value: 'x' });
        producer.close();
        new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'comes' + Math.random() }).close();
      };
      await round();
      tell('ready');
      for (;;) await Promise.all([round(), round(), round()]);
    }`,
    'when it has only made its clients': `async ({ Admin, Consumer, MockCluster, Producer }, { brokers }, tell) => {
      globalThis.kept = [
        new Consumer({ 'bootstrap.servers': brokers }), new Producer({ 'bootstrap.servers': brokers }),
        new Admin({ 'bootstrap.servers': brokers }), await MockCluster.start(),
      ];
      tell('ready');
      setInterval(() => {}, 1000);
    }`,
  };

  for (const [when, work] of Object.entries(stages)) {
    it(`are terminated ${when}, again and again, and the process lives on`, async () => {
      const lines = await run(`
        const { Consumer } = await import('seekafka');
        for (let i = 0; i < 8; i++) {
          const worker = begin(${JSON.stringify(work)});
          await once(worker, 'message');
          await sleep(i * 3);
          await worker.terminate();
        }
        const consumer = new Consumer({
          'bootstrap.servers': BROKERS, 'group.id': 'after', 'auto.offset.reset': 'earliest',
        });
        await consumer.assign([{ topic: TOPIC, partition: 0 }]);
        for await (const message of consumer) if (message.offset === 199) break;
        await consumer.close();
        console.log('lives');
      `);
      expect(lines).to.deep.equal(['lives']);
    });
  }

  it('that end by themselves without close() end the thread, and not the process', async () => {
    const lines = await run(`
      const worker = begin(\`async ({ Consumer }, { brokers, topic }, tell) => {
        const consumer = new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'g', 'auto.offset.reset': 'earliest' });
        await consumer.assign([{ topic, partition: 0 }]);
        for await (const message of consumer) if (message.offset === 9) break;
        tell('read');
      }\`);
      worker.on('message', (what) => console.log(what));
      const [code] = await once(worker, 'exit');
      console.log('exit ' + code);
    `);
    expect(lines).to.deep.equal(['read', 'exit 0']);
  });

  it('that call process.exit() end their thread with its code, and not the process', async () => {
    const lines = await run(`
      const worker = begin(\`async ({ Consumer }, { brokers, topic }, tell) => {
        const consumer = new Consumer({ 'bootstrap.servers': brokers, 'group.id': 'g', 'auto.offset.reset': 'earliest' });
        await consumer.assign([{ topic, partition: 0 }]);
        for await (const message of consumer) process.exit(7);
      }\`);
      const [code] = await once(worker, 'exit');
      console.log('exit ' + code);
    `);
    expect(lines).to.deep.equal(['exit 7']);
  });

  it('do not keep process.exit() of the main thread from ending all of it', async () => {
    await using program = new Program(
      `${start}
      const worker = begin(${JSON.stringify(stages['while it iterates'])});
      await once(worker, 'message');
      process.exit(5);`,
      { BROKERS: cluster.bootstrapServers, TOPIC: topic },
    );
    const { code, signal, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 5, signal: null, stderr: '' });
  });
});
