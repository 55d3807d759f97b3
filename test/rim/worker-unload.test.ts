import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// A worker may be the only one that has loaded the package. With its end Node.js unloads the addon, and a thread of the
// addon's that is still at work then has no code to go on with. The brokers are a process of their own, which stands
// still (SIGSTOP), so that what was asked for gets no answer.

const program = `
  import { spawn } from 'node:child_process';
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  import { setTimeout as sleep } from 'node:timers/promises';
  const brokers = \`
    import { MockCluster, Producer } from 'seekafka';
    const cluster = await MockCluster.start({ brokers: 1 });
    cluster.createTopic('t', 1);
    const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    await producer.send(Array.from({ length: 10 }, (_, i) => ({ topic: 't', value: String(i) })));
    console.log(cluster.bootstrapServers);
    setInterval(() => {}, 1000);
  \`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', brokers], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill('SIGKILL'));
  const servers = String((await once(child.stdout, 'data'))[0]).trim();
  const source = \`
    import { parentPort, workerData } from 'node:worker_threads';
    import { Admin, Consumer, Producer } from 'seekafka';
    const { servers } = workerData;
    const config = {
      'bootstrap.servers': servers, 'group.id': 'g', 'auto.offset.reset': 'earliest', 'enable.auto.commit': false,
      'session.timeout.ms': 6000,
    };
    const clients = [];
    const told = (what) => parentPort.postMessage(what);
    const asked = new Promise((resolve) => parentPort.once('message', resolve));
    \${process.env.WORK}
  \`;
  for (let round = 0; round < Number(process.env.ROUNDS); round++) {
    const worker = new Worker(source, { eval: true, workerData: { servers } });
    worker.on('error', (error) => { console.log('worker error', error); });
    await once(worker, 'message');
    child.kill('SIGSTOP');
    worker.postMessage('go');
    await once(worker, 'message');
    await sleep(100 + round * 100);
    await worker.terminate();
    console.log('terminated');
    // As long as a thread that was left alone may go on: it was a second, and then the end of librdkafka's own waits.
    await sleep(1500);
    child.kill('SIGCONT');
    await sleep(1500);
  }
  console.log('lives');
  process.exit(0);
`;

const stages: Readonly<Record<string, string>> = {
  'a commit that has no answer': `
    const consumer = new Consumer(config);
    await consumer.subscribe('t');
    for await (const message of consumer) if (message.offset === 2) break;
    told('ready');
    await asked;
    consumer.commit([{ topic: 't', partition: 0, offset: 2 }]).catch(() => {});
    told('asked');`,
  'a close() that has no answer': `
    const consumer = new Consumer(config);
    await consumer.subscribe('t');
    for await (const message of consumer) if (message.offset === 2) break;
    told('ready');
    await asked;
    consumer.close({ timeoutMs: 100 });
    told('asked');`,
  'several consumers, producers and admin clients open, all waiting': `
    const consumers = [1, 2, 3].map((i) => new Consumer({ ...config, 'group.id': 'many' + i }));
    for (const consumer of consumers) await consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
    for (const consumer of consumers) for await (const message of consumer) if (message.offset === 2) break;
    const producers = [1, 2, 3].map(() => new Producer({ 'bootstrap.servers': servers }));
    for (const producer of producers) await producer.send({ topic: 't', value: 'x' });
    const admin = new Admin({ 'bootstrap.servers': servers });
    told('ready');
    await asked;
    for (const consumer of consumers) {
      consumer.commit([{ topic: 't', partition: 0, offset: 2 }]).catch(() => {});
      consumer.endOffsets().catch(() => {});
      consumer.seekToEnd().catch(() => {});
    }
    for (const producer of producers) producer.send({ topic: 't', value: 'x' }).catch(() => {});
    admin.listTopics().catch(() => {});
    told('asked');`,
  'a producer whose close() waits for deliveries': `
    const producer = new Producer({ 'bootstrap.servers': servers });
    await producer.send({ topic: 't', value: 'x' });
    told('ready');
    await asked;
    producer.send({ topic: 't', value: 'x' }).catch(() => {});
    producer.close({ timeoutMs: 60_000 });
    told('asked');`,
  'a consumer that has just been closed': `
    const consumer = new Consumer(config);
    await consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
    for await (const message of consumer) if (message.offset === 2) break;
    told('ready');
    await asked;
    consumer.commit([{ topic: 't', partition: 0, offset: 2 }]).catch(() => {});
    await consumer.close({ timeoutMs: 100 });
    told('asked');`,
};

describe('a worker that alone has loaded the package', () => {
  for (const [what, work] of Object.entries(stages)) {
    it(`is terminated with ${what}: the process lives on`, async () => {
      const rounds = what.includes('commit') ? 3 : 2;
      await using run = new Program(program, { WORK: work, ROUNDS: `${rounds}` });
      const { code, signal, stdout, stderr } = await run.ended;
      expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
      expect(run.lines).to.deep.equal([...Array.from({ length: rounds }, () => 'terminated'), 'lives']);
    });

    it(`is terminated with ${what}, while another worker loads it anew: the process lives on`, async () => {
      // Loaded again it lies elsewhere, or in the same place with other contents.
      const again = program.replace(
        "console.log('terminated');",
        `console.log('terminated');
         child.kill('SIGCONT');
         const next = new Worker(\`
           import { workerData } from 'node:worker_threads';
           import { Producer } from 'seekafka';
           const producer = new Producer({ 'bootstrap.servers': workerData.servers });
           await producer.send({ topic: 't', value: 'x' });
           await producer.close();
         \`, { eval: true, workerData: { servers } });
         console.log('exit', (await once(next, 'exit'))[0]);`,
      );
      await using run = new Program(again, { WORK: work, ROUNDS: '1' });
      const { code, signal, stdout, stderr } = await run.ended;
      expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
      expect(run.lines).to.deep.equal(['terminated', 'exit 0', 'lives']);
    });
  }
});
