import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { MockCluster } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';

// A process that forgets to close its clients ends when it is told to, at each stage of their lives; and lives on as long
// as something of them is waited for.

/** From the word to end until the end. Joining threads takes milliseconds; a broker that is waited for takes far longer. */
const END_MS = 4000;

const stages: Readonly<Record<string, { readonly source: string; readonly waits: boolean }>> = {
  'a consumer that is just constructed': { source: `new Consumer(config);`, waits: false },
  'a consumer that has subscribed': {
    source: `
      const consumer = new Consumer(config);
      const assigned = new Promise((resolve) => consumer.once('assigned', resolve));
      await consumer.subscribe(TOPIC);
      const timer = setInterval(() => {}, 50);
      await assigned;
      clearInterval(timer);`,
    waits: false,
  },
  'a consumer that has been read and sought': {
    source: `
      const consumer = new Consumer(config);
      await consumer.subscribe(TOPIC);
      for await (const message of consumer) if (message.offset === 5) break;
      await consumer.seekToBeginning();
      await consumer.commit();`,
    waits: false,
  },
  'a consumer whose loop waits for messages': {
    source: `
      const consumer = new Consumer(config);
      await consumer.subscribe(TOPIC);
      const at10 = new Promise((resolve) => {
        (async () => { for await (const message of consumer) if (message.offset === 9) resolve(); })();
      });
      await at10;`,
    waits: true,
  },
  'a seek that waits for an assignment': {
    source: `new Consumer(config).seekToBeginning().catch((error) => console.log('rejected', error.code));`,
    waits: true,
  },
  'a seek that waits for a look-up': {
    source: `
      const consumer = new Consumer(config);
      await consumer.assign([{ topic: TOPIC, partition: 0, offset: 0 }]);
      for await (const message of consumer) if (message.offset === 5) break;
      void consumer.seekToEnd();`,
    waits: false,
  },
  'an unsubscribe() that waits for a listener': {
    source: `
      const consumer = new Consumer(config);
      const revoked = new Promise((resolve) => {
        void consumer.subscribe(TOPIC, { onRevoked: () => (resolve(), new Promise(() => {})) });
      });
      for await (const message of consumer) break;
      void consumer.unsubscribe();
      await revoked;`,
    waits: true,
  },
  'a producer that is just constructed': { source: `new Producer(servers);`, waits: false },
  'a producer with messages on their way': {
    source: `
      const producer = new Producer({ ...servers, 'linger.ms': 60_000 });
      void producer.send({ topic: TOPIC, partition: 0, value: 'x' }).catch(() => {});`,
    waits: true,
  },
  'an admin client': { source: `new Admin(servers);`, waits: false },
  'messages that are kept, in memory of the addon': {
    source: `
      const mock = await MockCluster.start();
      mock.createTopic('large');
      const own = { 'bootstrap.servers': mock.bootstrapServers };
      await new Producer(own).send({ topic: 'large', value: 'x'.repeat(100_000) });
      const consumer = new Consumer({ ...config, ...own });
      await consumer.subscribe('large');
      for await (const message of consumer) {
        globalThis.kept = message;
        break;
      }`,
    waits: false,
  },
  'a mock cluster and its clients': {
    source: `
      const mock = await MockCluster.start();
      mock.createTopic('own');
      const own = { 'bootstrap.servers': mock.bootstrapServers };
      await new Producer(own).send({ topic: 'own', value: 'x' });
      const consumer = new Consumer({ ...config, ...own });
      await consumer.subscribe('own');
      for await (const message of consumer) break;`,
    waits: false,
  },
};

const prelude = `
  import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
  const { BROKERS, TOPIC, GROUP } = process.env;
  const servers = { 'bootstrap.servers': BROKERS };
  const config = { ...servers, 'group.id': GROUP, 'auto.offset.reset': 'earliest' };
`;

describe('a process that forgets close()', () => {
  let cluster: { readonly bootstrapServers: string; readonly mock: MockCluster; close(): Promise<void> };
  let topic: string;
  before(async () => {
    const started = await mockCluster();
    cluster = started;
    topic = await started.createTopic();
    await fill(started, topic, { count: 10 });
  });
  after(() => cluster.close());

  const run = (source: string) =>
    new Program(prelude + source, { BROKERS: cluster.bootstrapServers, TOPIC: topic, GROUP: uniqueGroup() });

  for (const [stage, { source, waits }] of Object.entries(stages)) {
    it(`ends by process.exit() with ${stage}`, async () => {
      await using program = run(`${source}\nconsole.log('ready');\nprocess.exit(3);`);
      await program.line('ready');
      const since = program.age;
      const { code, signal, stderr } = await program.ended;
      expect({ code, signal, stderr }).to.deep.equal({ code: 3, signal: null, stderr: '' });
      expect(program.age - since).to.be.lessThan(END_MS);
    });

    it(`ends by SIGTERM with ${stage}`, async () => {
      await using program = run(`${source}\nconsole.log('ready');\nsetInterval(() => {}, 1000);`);
      await program.line('ready');
      const since = program.age;
      program.kill('SIGTERM');
      const { code, signal, stderr } = await program.ended;
      expect({ code, signal, stderr }).to.deep.equal({ code: null, signal: 'SIGTERM', stderr: '' });
      expect(program.age - since).to.be.lessThan(END_MS);
    });

    if (!waits) {
      it(`ends by itself with ${stage}`, async () => {
        await using program = run(`${source}\nconsole.log('ready');`);
        await program.line('ready');
        const since = program.age;
        const { code, signal, stderr } = await program.ended;
        expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
        expect(program.age - since).to.be.lessThan(END_MS);
      });
    } else {
      it(`does not end in the middle of its work with ${stage}`, async () => {
        await using program = run(`${source}\nconsole.log('ready');`);
        await program.line('ready');
        // As long as an unreferenced handle would have taken to end the process, and more.
        await sleep(1000);
        expect(program.running).to.equal(true);
        program.kill('SIGTERM');
        expect((await program.ended).signal).to.equal('SIGTERM');
      });
    }
  }

  for (const [where, source] of [
    ['a loop', `for await (const message of consumer) if (message.offset === 5) act();`],
    ['a batch loop', `for await (const batch of consumer.batches()) act();`],
  ] as const) {
    it(`ends by process.exit() from inside of ${where}`, async () => {
      await using program = run(`
        const act = () => process.exit(4);
        const consumer = new Consumer(config);
        await consumer.subscribe(TOPIC);
        ${source}`);
      expect((await program.ended).code).to.equal(4);
      expect(program.age).to.be.lessThan(10_000);
    });
  }

  for (const [where, source] of [
    [
      'an event that comes from native code',
      `consumer.on('statistics', () => process.exit(4)); await consumer.subscribe(TOPIC);`,
    ],
    ['onAssigned', `await consumer.subscribe(TOPIC, { onAssigned: () => process.exit(4) });`],
    [
      'onRevoked',
      `await consumer.subscribe(TOPIC, { onRevoked: () => process.exit(4) });
       for await (const message of consumer) break;
       await consumer.unsubscribe();`,
    ],
  ] as const) {
    it(`ends by process.exit() from inside of ${where}`, async () => {
      await using program = run(`
        const consumer = new Consumer({ ...config, 'statistics.interval.ms': 20 });
        setInterval(() => {}, 1000);
        ${source}`);
      expect((await program.ended).code).to.equal(4);
    });
  }

  it('ends by process.exit() at any moment, with the code that was given', async () => {
    // A crash at exit shows in some of the runs: the moment is that in which a thread is at work.
    const moments = Array.from({ length: 24 }, (_, i) => i * 5);
    const endings = [];
    while (moments.length) {
      endings.push(
        ...(await Promise.all(
          moments.splice(0, 3).map(async (ms) => {
            await using program = run(`
              const consumer = new Consumer({ ...config, 'statistics.interval.ms': 1 });
              await consumer.subscribe(TOPIC);
              const producer = new Producer(servers);
              for (let i = 0; i < 100; i++) void producer.send({ topic: TOPIC, value: 'x' });
              void consumer.seekToBeginning();
              setTimeout(() => process.exit(4), ${ms});`);
            const { code, signal, stderr } = await program.ended;
            return { code, signal, stderr };
          }),
        )),
      );
    }
    expect(endings).to.deep.equal(endings.map(() => ({ code: 4, signal: null, stderr: '' })));
  });

  it('ends by an uncaught exception from inside of a loop, with its stack and no more', async () => {
    await using program = run(`
      const consumer = new Consumer(config);
      await consumer.subscribe(TOPIC);
      for await (const message of consumer) if (message.offset === 5) throw new Error('a bug of the user');`);
    const { code, signal, stderr } = await program.ended;
    expect({ code, signal }).to.deep.equal({ code: 1, signal: null });
    expect(stderr).to.include('a bug of the user');
  });

  it('ends by itself when the work of its producer is done, and not before', async () => {
    await using program = run(`
      const producer = new Producer({ ...servers, 'linger.ms': 300 });
      producer.send({ topic: TOPIC, partition: 0, value: 'x' }).then(() => console.log('stored'));`);
    const { code, stdout, stderr } = await program.ended;
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: 'stored\n', stderr: '' });
  });

  it('ends by itself when its seek was withdrawn', async () => {
    await using program = run(`
      new Consumer(config).seekToEnd(undefined, { timeoutMs: 300 }).catch((error) => console.log(error.code));`);
    const { code, stdout } = await program.ended;
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'ERR__TIMED_OUT\n' });
  });
});
