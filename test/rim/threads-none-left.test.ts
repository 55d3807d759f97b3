import { expect } from 'chai';
import { skip } from '../helpers/groups.js';
import { Program } from '../helpers/program.js';

// Where a process can make no more threads, a client cannot be made: its constructor says so, and the process goes on.
// The limit counts the threads of a user, so the programs run as one that has no others; only root can begin them.

/** Of nobody else. A user needs no name. */
const UID = 47_113;

const attempts: Readonly<Record<string, string>> = {
  'new Consumer': `new Consumer({ ...servers, 'group.id': 'g' })`,
  'new Producer': `new Producer(servers)`,
  'new Admin': `new Admin(servers)`,
  'new Consumer and a look-up': `(() => {
    const consumer = new Consumer({ ...servers, 'group.id': 'g' });
    consumer.endOffsets([{ topic: 't', partition: 0 }]).catch((error) => { if (!(error instanceof Error)) throw error; });
    return consumer;
  })()`,
};

describe('a process that can make no more threads', () => {
  before('another user', function () {
    if (process.platform !== 'linux' || process.getuid?.() !== 0)
      skip(this, 'only root can run programs as other users');
  });

  for (const [attempt, source] of Object.entries(attempts)) {
    for (const limit of [26, 33, 34, 35, 36]) {
      it(`is told by an error, lives, and ends: ${attempt}, ${limit} threads`, async () => {
        await using program = new Program(
          `import { Admin, Consumer, Producer } from 'seekafka';
           const servers = { 'bootstrap.servers': '127.0.0.1:1' };
           process.on('unhandledRejection', (error) => console.log('unhandled', error));
           process.on('uncaughtException', (error) => console.log('uncaught', error));
           const made = [];
           try {
             for (let i = 0; i < 60; i++) {
               made.push(${source});
               made.at(-1).on('error', () => {});
             }
             console.log('no limit was met');
           } catch (error) {
             console.log('thrown', error instanceof Error, error.message);
           }
           await new Promise((resolve) => setTimeout(resolve, 100));
           await Promise.all(made.map((client) => client.close({ timeoutMs: 500 })));
           console.log('closed');
           // There is room again.
           const again = new Producer(servers);
           await again.close({ timeoutMs: 100 });
           console.log('again');
           process.exit(0);`,
          { UV_THREADPOOL_SIZE: '4' },
          { uid: UID, before: `ulimit -u ${limit}`, limitMs: 20_000 },
        );
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
        expect(program.lines[0]).to.match(/^thrown true ./);
        expect(program.lines.slice(1)).to.deep.equal(['closed', 'again']);
      });
    }
  }

  it("in a worker: the error is the worker's, and the process lives", async () => {
    await using program = new Program(
      `import { Worker } from 'node:worker_threads';
       import { once } from 'node:events';
       const worker = new Worker(\`
         import { parentPort } from 'node:worker_threads';
         import { Producer } from 'seekafka';
         const made = [];
         try {
           for (let i = 0; i < 60; i++) made.push(new Producer({ 'bootstrap.servers': '127.0.0.1:1' }));
         } catch (error) {
           parentPort.postMessage(error instanceof Error);
         }
         await Promise.all(made.map((client) => client.close({ timeoutMs: 500 })));
       \`, { eval: true });
       console.log('thrown', (await once(worker, 'message'))[0]);
       await once(worker, 'exit');
       console.log('lives');`,
      {},
      { uid: UID, before: 'ulimit -u 40', limitMs: 20_000 },
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
    expect(program.lines).to.deep.equal(['thrown true', 'lives']);
  });
});
