import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { littleMemory } from '../helpers/little-memory.js';
import { Program } from '../helpers/program.js';

// The short form of `npm run fuzz`, which tries another seed each time and finds more: here the same calls are made in every
// run, so that a failure is of the change that was made. In a process of its own, whose end is one of the things that may
// go wrong.

const SECONDS = 12;
const SEED = 3;
const root = path.join(import.meta.dirname, '..', '..');

describe('the border under hostile values', () => {
  it('holds: nothing dies, nothing hangs, every error names its argument, and the clients still work', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/hostile/fuzz.ts'], {
      cwd: root,
      env: { FUZZ_SEED: `${SEED}`, ...process.env, FUZZ_SECONDS: `${SECONDS}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    const guard = setTimeout(() => child.kill('SIGKILL'), 100_000);
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
      child.on('close', (...end) => resolve(end)),
    );
    clearTimeout(guard);
    expect({ code, signal }, output.slice(0, 20_000)).to.deep.equal({ code: 0, signal: null });
    expect(Number(/^(\d+) calls$/m.exec(output)?.[1]), 'calls').to.be.greaterThan(200);
  });

  // What it has found, each for itself.
  const found: Readonly<Record<string, string>> = {
    'a mock topic of 2147483647 partitions': `
      const mock = await MockCluster.start();
      try { mock.createTopic('t', 2147483647, 1); } catch (error) { console.log(error.name, error.message.split(':')[0]); }`,
    'a mock topic of 1000000000 replicas': `
      const mock = await MockCluster.start();
      try { mock.createTopic('t', 1, 1_000_000_000); } catch (error) { console.log(error.name, error.message.split(':')[0]); }`,
  };
  const answers = ['RangeError partitions', 'RangeError replicationFactor'];
  Object.entries(found).forEach(([what, source], i) => {
    it(`is a RangeError, and not the end of the process: ${what}`, async () => {
      await using program = new Program(
        `import { MockCluster } from 'seekafka';${source}\nprocess.exit(0);`,
        {},
        {
          before: littleMemory(6_000_000),
        },
      );
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal }, stdout + stderr).to.deep.equal({ code: 0, signal: null });
      expect(stdout.trim()).to.match(new RegExp(`^(${answers[i]}|KafkaError .*)$`));
    });
  });

  it('is not the end of the process: a member of the mock cluster that joins again by another connection', async () => {
    // As a client does whose connection was lost while it waited for the group. Two JoinGroup requests (11, version 2)
    // of one member; the answer of the first is still owed when the second comes.
    await using program = new Program(`
      import net from 'node:net';
      import { once } from 'node:events';
      import { MockCluster, Producer } from 'seekafka';
      import { setTimeout as sleep } from 'node:timers/promises';
      const mock = await MockCluster.start();
      mock.createTopic('t', 1);
      mock.setGroupInitialRebalanceDelay(1000);
      const string = (text) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);
      const int32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeInt32BE(value); return bytes; };
      const request = Buffer.concat([
        Buffer.from([0, 11, 0, 2]), int32(1), string('raw'), string('g'), int32(6000), int32(6000), string('the-member'),
        string('consumer'), int32(1), string('range'), int32(0),
      ]);
      const [host, port] = mock.bootstrapServers.split(':');
      const sockets = [];
      for (let i = 0; i < 3; i++) {
        const socket = net.connect(Number(port), host);
        await once(socket, 'connect');
        sockets.push(socket);
        socket.write(Buffer.concat([int32(request.length), request]));
        await sleep(100);
      }
      await sleep(1500);
      for (const socket of sockets) socket.destroy();
      await new Producer({ 'bootstrap.servers': mock.bootstrapServers }).send({ topic: 't', value: 'x' });
      console.log('lives');
      process.exit(0);`);
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stdout }, stderr).to.deep.equal({ code: 0, signal: null, stdout: 'lives\n' });
  });

  it('is not the end of the process: members of the mock cluster that subscribe again while they join', async () => {
    await using program = new Program(`
      import { Consumer, MockCluster } from 'seekafka';
      import { setTimeout as sleep } from 'node:timers/promises';
      const mock = await MockCluster.start();
      mock.createTopic('t', 2);
      mock.createTopic('u', 2);
      const config = { 'bootstrap.servers': mock.bootstrapServers, 'group.id': 'g', 'session.timeout.ms': 6000, 'heartbeat.interval.ms': 200, 'socket.timeout.ms': 2000 };
      const consumers = [1, 2, 3].map(() => new Consumer(config));
      for (let i = 0; i < 400; i++) {
        await Promise.all(consumers.map((consumer) => consumer.subscribe(i % 2 ? 't' : ['t', 'u'])));
        await sleep(i % 20);
      }
      console.log('lives');
      process.exit(0);`);
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stdout }, stderr).to.deep.equal({ code: 0, signal: null, stdout: 'lives\n' });
  });
  for (const [what, call] of Object.entries({
    'Producer.send of a revoked proxy': `new Producer(servers).send(revoked())`,
    'Producer.send of a revoked proxy of an array': `new Producer(servers).send(revoked([]))`,
    'Transaction.send of a revoked proxy': `
      (async () => {
        const mock = await MockCluster.start();
        const producer = new Producer({ 'bootstrap.servers': mock.bootstrapServers, 'transactional.id': 'x' });
        await producer.transaction(async (tx) => {
          let promise;
          try { promise = tx.send(revoked()); } catch { console.log('threw'); throw new Error('sync'); }
          await promise;
        });
      })()`,
    'Producer.send with headers whose memory is gone': `
      new Producer(servers).send({ topic: 't', value: 'v', headers: gone() }).catch((error) => {
        if (!error.message.startsWith('message.headers: ')) console.log(error.message);
        throw error;
      })`,
    'Consumer.commit of a revoked proxy': `new Consumer({ ...servers, 'group.id': 'g' }).commit(revoked())`,
    'Consumer.seek of a revoked proxy': `new Consumer(servers).seek(revoked())`,
    'Admin.createTopics of a revoked proxy': `new Admin(servers).createTopics(revoked())`,
  })) {
    it(`rejects, and never throws: ${what}`, async () => {
      await using program = new Program(`
        import { Admin, Consumer, MockCluster, Producer } from 'seekafka';
        const servers = { 'bootstrap.servers': '127.0.0.1:1' };
        const revoked = (target = {}) => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy; };
        const gone = () => { const bytes = new Uint8Array(4); structuredClone(bytes, { transfer: [bytes.buffer] }); return bytes; };
        let promise;
        try { promise = ${call}; } catch { console.log('threw'); }
        await promise?.catch((error) => console.log('rejected', error.name));
        process.exit(0);`);
      expect((await program.ended).stdout).to.equal('rejected TypeError\n');
    });
  }

  it('tells of a long name in a short message', async () => {
    await using program = new Program(`
      import { Admin, Consumer, Producer } from 'seekafka';
      const long = 'x'.repeat(1_000_000);
      const servers = { 'bootstrap.servers': '127.0.0.1:1' };
      const lengths = [];
      const note = (error) => lengths.push(error.message.length);
      for (const make of [Consumer, Producer, Admin]) try { new make({ ...servers, [long]: 1 }); } catch (error) { note(error); }
      for (const make of [Consumer, Producer]) try { new make({ ...servers, 'client.id': { [long]: 1 } }); } catch (error) { note(error); }
      for (const make of [Consumer, Producer]) try { new make(servers, { [long]: 1 }); } catch (error) { note(error); }
      const [consumer, producer, admin] = [new Consumer({ ...servers, 'group.id': 'g' }), new Producer(servers), new Admin(servers)];
      await consumer.seek({ topic: 't', partition: 0, offset: 0 }, { [long]: 1 }).catch(note);
      await consumer.subscribe('t', { [long]: 1 }).catch(note);
      await consumer.committed([{ topic: long, partition: -1 }]).catch(note);
      await consumer.committed([{ topic: long, partition: 0 }, { topic: long, partition: 0 }]).catch(note);
      await consumer.subscribe([long, long]).catch(note);
      await producer.send({ topic: 't', value: 'v', headers: { [long]: 1 } }).catch(note);
      await producer.send({ topic: long, value: 'v', partition: -1 }).catch(note);
      await admin.createTopics([{ topic: 't', [long]: 1 }]).catch(note);
      await admin.createTopics([{ topic: 't', config: { [long]: null } }]).catch(note);
      await admin.listTopics({ [long]: 1 }).catch(note);
      console.log(lengths.length, Math.max(...lengths));
      process.exit(0);`);
    const { stdout, stderr } = await program.ended;
    const [count, longest] = stdout.trim().split(' ').map(Number);
    expect(count, stderr).to.be.at.least(16);
    expect(longest).to.be.lessThan(2000);
  });
});
