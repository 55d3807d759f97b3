import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// The package may be evaluated again and again (test runners do that), and what it needs of the process may have been
// replaced after it was loaded (timers that stand still, as sinon's). And it may be dropped without close().

const work = `
  const work = async ({ Admin, Consumer, MockCluster, Producer }) => {
    const cluster = await MockCluster.start();
    cluster.createTopic('t', 1);
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const producer = new Producer({ ...servers, 'linger.ms': 5 });
    await producer.send([0, 1, 2, 3, 4].map((i) => ({ topic: 't', value: String(i) })));
    await producer.send({ topic: 't', value: '5' });
    await producer.flush();
    const consumer = new Consumer({ ...servers, 'group.id': 'g', 'auto.offset.reset': 'earliest', 'session.timeout.ms': 6000 });
    await consumer.subscribe('t');
    let seen = '';
    for await (const { value } of consumer) if ((seen += value).length === 6) break;
    await consumer.seek({ topic: 't', partition: 0, offset: 4 }, { timeoutMs: 10_000 });
    for await (const { value } of consumer) if ((seen += value).length === 8) break;
    await consumer.seekToEnd();
    await consumer.commit([{ topic: 't', partition: 0, offset: 3 }]);
    const [{ offset }] = await consumer.committed(undefined, { timeoutMs: 10_000 });
    const [{ lag }] = await consumer.lag();
    const admin = new Admin(servers);
    const topics = await admin.listTopics({ timeoutMs: 10_000 });
    await consumer.unsubscribe();
    await Promise.all([consumer.close(), producer.close(), admin.close()]);
    await cluster.close();
    return [seen, offset, lag, topics.includes('t')].join(' ');
  };
`;
const DONE = '01234545 3 0 true';

describe('copies of the package', () => {
  it('add no listeners to the process, one for each, and no warning', async () => {
    await using program = new Program(`
      ${work}
      process.on('warning', (warning) => console.log('warning', warning.name, warning.message));
      const url = import.meta.resolve('seekafka');
      const events = ['exit', 'beforeExit', 'uncaughtException', 'unhandledRejection', 'SIGTERM', 'SIGINT'];
      const before = events.map((event) => process.listenerCount(event));
      await import(url);
      const once = events.map((event) => process.listenerCount(event));
      const copies = [];
      for (let i = 0; i < 12; i++) copies.push(await import(url + '?n=' + i));
      await new Promise((resolve) => setTimeout(resolve, 50));
      const after = events.map((event) => process.listenerCount(event));
      console.log('first', once.map((count, i) => count - before[i]).every((more) => more <= 1));
      console.log('then', after.map((count, i) => count - once[i]).join());
      const outcomes = new Set(await Promise.all(copies.slice(0, 3).map(work)));
      console.log([...outcomes].join(' | '));
      process.exit(0);`);
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(program.lines).to.deep.equal(['first true', 'then 0,0,0,0,0,0', DONE]);
  });

  it('end with process.exit(), each with clients of its own that were not closed', async () => {
    await using program = new Program(`
      const url = import.meta.resolve('seekafka');
      for (let i = 0; i < 12; i++) {
        const { Consumer, MockCluster, Producer } = await import(url + '?n=' + i);
        const cluster = await MockCluster.start();
        cluster.createTopic('t', 1);
        const servers = { 'bootstrap.servers': cluster.bootstrapServers };
        await new Producer(servers).send({ topic: 't', value: 'x' });
        const consumer = new Consumer({ ...servers, 'auto.offset.reset': 'earliest' });
        await consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
        for await (const _ of consumer) break;
      }
      console.log('exit');
      process.exit(5);`);
    await program.line('exit');
    const since = program.age;
    const { code, signal, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 5, signal: null, stderr: '' });
    expect(program.age - since).to.be.lessThan(4000);
  });
});

describe('timers that are replaced after the package was loaded', () => {
  const replaced: Readonly<Record<string, string>> = {
    'setTimeout, setInterval and setImmediate':
      'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate',
    queueMicrotask: 'queueMicrotask',
    'performance.now and Date.now': 'performance.now Date.now',
    'process.nextTick': 'process.nextTick',
    'all of them':
      'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask performance.now Date.now process.nextTick',
  };
  for (const [what, names] of Object.entries(replaced)) {
    it(`hold nothing up: ${what}`, async () => {
      await using program = new Program(
        `${work}
         import * as seekafka from 'seekafka';
         // The process must live while nothing but the package keeps it; and must end where it hangs.
         const end = setTimeout(() => { console.log('hangs'); process.exit(4); }, 30_000);
         const real = { clearTimeout, log: console.log.bind(console), exit: process.exit.bind(process) };
         for (const name of process.env.NAMES.split(' ')) {
           const [key, object] = name.split('.').reverse();
           const of = object ? globalThis[object] : globalThis;
           const never = key === 'now' ? () => 1_700_000_000_000 : () => ({ ref() {}, unref() {}, hasRef: () => false, refresh() {}, close() {} });
           Object.defineProperty(of, key, { value: never, configurable: true, writable: true });
         }
         const outcome = await work(seekafka);
         real.log(outcome);
         real.exit(0);`,
        { NAMES: names },
      );
      const { code, stdout, stderr } = await program.ended;
      expect({ code, stdout }, stderr).to.deep.equal({ code: 0, stdout: `${DONE}\n` });
    });
  }
});

describe('a client that is dropped without close()', () => {
  for (const [kind, source] of [
    [
      'Consumer',
      `const consumer = new Consumer({ ...servers, 'group.id': 'g' + i, 'auto.offset.reset': 'earliest' });
       await consumer.assign([{ topic: 't', partition: 0, offset: 0 }]);
       for await (const _ of consumer) break;`,
    ],
    ['Consumer', `new Consumer({ ...servers, 'group.id': 'h' + i });`],
    ['Producer', `await new Producer(servers).send({ topic: 't', value: 'x' });`],
    ['Producer', `new Producer(servers);`],
    ['Admin', `await new Admin(servers).listTopics();`],
  ] as const) {
    it(`is told once by a process warning of its kind, and its threads end: ${kind}, ${source.split('\n')[0]!.slice(0, 40)}`, async () => {
      await using program = new Program(
        `import { readdirSync, readFileSync } from 'node:fs';
         import { setTimeout as sleep } from 'node:timers/promises';
         import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
         const cluster = await MockCluster.start();
         cluster.createTopic('t', 1);
         const servers = { 'bootstrap.servers': cluster.bootstrapServers };
         const first = new Producer(servers);
         await first.send({ topic: 't', value: 'x' });
         await first.close();
         const warnings = [];
         process.on('warning', (warning) => warnings.push(warning));
         const threads = () => readdirSync('/proc/self/task').filter((id) => {
           try { return readFileSync('/proc/self/task/' + id + '/comm', 'utf8').startsWith('rdk:'); } catch { return false; }
         }).length;
         const before = threads();
         for (let i = 0; i < 3; i++) await (async () => { ${source} })();
         let open = threads();
         for (let round = 0; round < 150 && (warnings.length === 0 || open > before); round++) {
           globalThis.gc();
           await sleep(100);
           open = threads();
         }
         await sleep(300);
         console.log('threads', open <= before);
         const ours = warnings.filter(({ code }) => String(code).startsWith('SEEKAFKA_'));
         console.log('warnings', ours.length, ours[0]?.message.includes('${kind}'), warnings.length - ours.length);
         process.exit(0);`,
        {},
        { nodeOptions: ['--expose-gc'] },
      );
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
      expect(program.lines).to.deep.equal(['threads true', 'warnings 1 true 0']);
    });
  }
});
