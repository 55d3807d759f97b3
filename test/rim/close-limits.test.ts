import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { skip } from '../helpers/groups.js';
import { Program } from '../helpers/program.js';

// close({ timeoutMs }) of every client, and process.exit(), end in their time, whoever does not answer: a broker, or the
// name server. In processes of their own, which measure only the time that they live through.

/** 1.5 s, and what a busy machine may take more. */
const LIMIT_MS = 1900;

const prelude = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
  let lived = 0, looked = performance.now();
  const awake = () => { const now = performance.now(); lived += Math.min(now - looked, 250); looked = now; return lived; };
  setInterval(awake, 20).unref();
  const closes = async (name, client) => {
    const since = awake();
    await client.close({ timeoutMs: 500 });
    console.log(name, Math.round(awake() - since));
  };
  process.on('unhandledRejection', (error) => { console.log('unhandledRejection', error); process.exit(3); });
  const quiet = (client) => client.on('error', () => {});
`;
const silent = `
  const mock = await MockCluster.start();
  mock.createTopic('t', 1);
  const servers = { 'bootstrap.servers': mock.bootstrapServers };
  const producer = quiet(new Producer(servers));
  await producer.send({ topic: 't', value: 'x' });
  const config = { ...servers, 'auto.offset.reset': 'earliest', 'session.timeout.ms': 6000 };
  const reads = async (consumer) => { for await (const _ of consumer) break; return consumer; };
  const [joined, byHand] = ['joined', 'byHand'].map((name) => quiet(new Consumer({ ...config, 'group.id': name })));
  await joined.subscribe('t');
  await reads(joined);
  await byHand.assign([{ topic: 't', partition: 0, offset: 0 }]);
  await reads(byHand);
  const admin = quiet(new Admin(servers));
  await admin.listTopics();
  await byHand.endOffsets();
`;
const ask = `
  producer.send({ topic: 't', value: 'x' }).catch(() => {});
  for (const consumer of [joined, byHand]) {
    consumer.commit([{ topic: 't', partition: 0, offset: 1 }]).catch(() => {});
    consumer.endOffsets([{ topic: 't', partition: 0 }]).catch(() => {});
    consumer.seekToEnd().catch(() => {});
  }
  admin.listTopics().catch(() => {});
  admin.describeTopics(['t']).catch(() => {});
`;

describe('close() with a limit', () => {
  const expectQuick = (lines: readonly string[], names: readonly string[]) => {
    expect(lines.map((line) => line.split(' ')[0])).to.have.members(names);
    for (const line of lines) expect(Number(line.split(' ')[1]), line).to.be.lessThan(LIMIT_MS);
  };

  for (const [how, fault] of [
    ['silent', 'mock.setRoundTripTime(1, 600_000);'],
    ['down', 'mock.brokerDown(1);'],
  ] as const) {
    for (const [what, before] of [
      ['with calls on their way', ask],
      ['with nothing on its way', ''],
    ] as const) {
      it(`is kept by every client, with brokers that are ${how}, ${what}`, async () => {
        await using program = new Program(
          `${prelude}${silent}${fault}${before}
           await sleep(200);
           await Promise.all([
             closes('joined', joined), closes('byHand', byHand), closes('producer', producer), closes('admin', admin),
           ]);
           await closes('mock', mock);
           process.exit(0);`,
        );
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
        expectQuick(program.lines, ['joined', 'byHand', 'producer', 'admin', 'mock']);
      });
    }

    it(`is kept by a mock cluster whose clients go on, with brokers that are ${how}`, async () => {
      await using program = new Program(
        `${prelude}${silent}${fault}${ask}
         await closes('mock', mock);
         process.exit(0);`,
      );
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
      expectQuick(program.lines, ['mock']);
    });
  }

  it('of a rebalance listener that waits for ever is kept, and nothing of it is unhandled', async () => {
    await using program = new Program(
      `${prelude}${silent}
       setInterval(() => {}, 1000);
       for (const name of ['onAssigned', 'onRevoked']) {
         for (const ms of [0, 5, 50]) {
           const consumer = quiet(new Consumer({ ...config, 'group.id': name + ms }));
           const entered = new Promise((resolve) => consumer.subscribe('t', { [name]: () => (resolve(), new Promise(() => {})) }));
           if (name === 'onRevoked') await reads(consumer);
           else await entered;
           await sleep(ms);
           await closes(name, consumer);
         }
       }
       // A listener that pauses and seeks, and a close() without patience in the middle of it.
       for (const ms of [0, 1, 2, 5, 10]) {
         const consumer = quiet(new Consumer({ ...config, 'group.id': 'paused' + ms }));
         let closing;
         await new Promise((resolve) => void consumer.subscribe('t', { async onAssigned(partitions) {
           consumer.pause(partitions);
           await consumer.seek({ ...partitions[0], offset: 0 });
           closing = consumer.close({ timeoutMs: 0 });
           resolve();
           await sleep(ms);
         } }));
         await closing;
       }
       await sleep(200);
       process.exit(0);`,
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(program.lines).to.have.length(6);
    for (const line of program.lines) expect(Number(line.split(' ')[1]), line).to.be.lessThan(LIMIT_MS);
  });
});

describe('process.exit()', () => {
  for (const [what, source] of [
    ['with 20 consumers whose broker is silent', ''],
    ['with 20 consumers, each with a look-up', 'consumer.endOffsets([{ topic: "t", partition: 0 }]).catch(() => {});'],
  ] as const) {
    it(`ends within a second in all, ${what}`, async () => {
      await using program = new Program(
        `${prelude}${silent}
         mock.setRoundTripTime(1, 600_000);
         for (let i = 0; i < 20; i++) {
           const consumer = quiet(new Consumer({ ...config, 'group.id': 'g' + i }));
           consumer.subscribe('t').catch(() => {});
           ${source}
         }
         await sleep(300);
         console.log('exit');
         process.exit(5);`,
      );
      await program.line('exit');
      const since = program.age;
      const { code, signal, stderr } = await program.ended;
      expect({ code, signal, stderr }).to.deep.equal({ code: 5, signal: null, stderr: '' });
      expect(program.age - since).to.be.lessThan(LIMIT_MS);
    });
  }
});

describe('a name server that does not answer', () => {
  let folder: string;
  let library: string;
  before('a library in front of getaddrinfo()', function () {
    if (process.platform !== 'linux') skip(this, 'LD_PRELOAD is of Linux');
    folder = mkdtempSync(path.join(os.tmpdir(), 'seekafka-dns-'));
    library = path.join(folder, 'slow-dns.so');
    const source = path.join(import.meta.dirname, 'slow-dns.c');
    const { status, stderr, error } = spawnSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl'], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: '' }, // a sanitizer would look at the compiler
    });
    if (error) skip(this, 'there is no C compiler');
    expect(status, stderr).to.equal(0);
  });
  after(() => {
    if (folder) rmSync(folder, { recursive: true });
  });

  const clients: Readonly<Record<string, string>> = {
    producer: `new Producer(servers)`,
    'producer-that-sends': `(() => { const p = new Producer(servers); p.send({ topic: 't', value: 'x' }).catch(() => {}); return p; })()`,
    consumer: `new Consumer(group)`,
    'consumer-that-joins': `(() => { const c = new Consumer(group); c.subscribe('t').catch(() => {}); return c; })()`,
    'consumer-that-looks-up': `(() => {
      const c = new Consumer(group);
      c.endOffsets([{ topic: 't', partition: 0 }]).catch(() => {});
      c.committed([{ topic: 't', partition: 0 }]).catch(() => {});
      return c;
    })()`,
    admin: `(() => { const a = new Admin(servers); a.listTopics().catch(() => {}); return a; })()`,
  };
  const slow = `
    ${prelude}
    const servers = { 'bootstrap.servers': 'slow.example:9092' };
    const group = { ...servers, 'group.id': 'g' };
  `;

  for (const [name, make] of Object.entries(clients)) {
    it(`is not waited for by close({ timeoutMs: 500 }): ${name}`, async () => {
      await using program = new Program(
        `${slow}
         const client = quiet(${make});
         await sleep(300);
         await closes('${name}', client);
         process.exit(0);`,
        { LD_PRELOAD: [process.env['LD_PRELOAD'], library].filter(Boolean).join(':') },
      );
      const line = await program.line(name);
      const since = program.age;
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
      expect(Number(line.split(' ')[1])).to.be.lessThan(LIMIT_MS);
      expect(program.age - since, 'the end of the process').to.be.lessThan(LIMIT_MS);
    });

    it(`is not waited for by process.exit(): ${name}`, async () => {
      await using program = new Program(
        `${slow}
         const clients = [1, 2, 3].map(() => quiet(${make}));
         await sleep(300);
         console.log('exit');
         process.exit(5);`,
        { LD_PRELOAD: [process.env['LD_PRELOAD'], library].filter(Boolean).join(':') },
      );
      await program.line('exit');
      const since = program.age;
      const { code, signal, stderr } = await program.ended;
      expect({ code, signal, stderr }).to.deep.equal({ code: 5, signal: null, stderr: '' });
      expect(program.age - since).to.be.lessThan(LIMIT_MS);
    });
  }
});
