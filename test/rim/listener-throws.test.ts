import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// What a user's listener throws is an uncaught exception, with that very error, as from any event emitter. It must not
// cut a protocol step: the group goes on. In processes of their own, which catch what is uncaught and tell of it.

const prelude = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { Consumer, KafkaError, MockCluster, Producer } from 'seekafka';
  const { EVENT, HOW } = process.env;
  const uncaught = [];
  process.on('uncaughtException', (error) => uncaught.push(error));
  process.on('unhandledRejection', (error) => { console.log('unhandledRejection', error); process.exit(3); });
  const until = async (what, condition, ms = 25_000) => {
    let left = ms; // of time that the process lives through
    for (let last = performance.now(); left > 0; ) {
      if (await condition()) return;
      await sleep(20);
      const now = performance.now();
      left -= Math.min(now - last, 250);
      last = now;
    }
    console.log('never: ' + what);
    console.log('uncaught: ' + uncaught.map((e) => e?.message).join());
    process.exit(4);
  };
  const cluster = await MockCluster.start();
  cluster.createTopic('t', 2);
  const servers = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer(servers);
  const produce = (count) => producer.send(Array.from({ length: count }, (_, i) => ({ topic: 't', partition: i % 2, value: String(i) })));
  await produce(20);
  const config = {
    ...servers, 'group.id': 'g', 'auto.offset.reset': 'earliest', 'session.timeout.ms': 2000, 'heartbeat.interval.ms': 100,
    'statistics.interval.ms': 50, 'auto.commit.interval.ms': 0, 'partition.assignment.strategy': process.env.STRATEGY ?? 'range',
    'reconnect.backoff.max.ms': 200, 'topic.metadata.refresh.interval.ms': 1000,
  };
  const thrown = [];
  const evil = () => { const error = new Error('of the listener ' + thrown.length); thrown.push(error); throw error; };
  const read = (consumer) => {
    const state = { count: 0, ended: null };
    (async () => { for await (const _ of consumer) state.count++; })().then(
      () => (state.ended = 'ended'), (error) => (state.ended = error));
    return state;
  };
`;

/** Each makes consumer \`one\` emit its event while a rebalance is on its way, or as near to one as that can be. */
const provoke: Readonly<Record<string, string>> = {
  // A commit that the group refuses, as it is revoked.
  error: `for (let i = 0; i < 20; i++) cluster.pushRequestError(1, 8, 22);`,
  log: '',
  statistics: '',
  assigned: '',
  revoked: '',
};

describe('an event listener that throws', () => {
  for (const event of Object.keys(provoke)) {
    for (const strategy of ['range', 'cooperative-sticky']) {
      it(`is an uncaught exception, and the group goes on: '${event}', ${strategy}`, async () => {
        await using program = new Program(
          `${prelude}
           const one = new Consumer({ ...config, ...(EVENT === 'log' ? { debug: 'cgrp' } : {}) });
           one.on(EVENT, evil);
           if (EVENT !== 'error') one.on('error', () => {});
           const first = read(one);
           await one.subscribe('t');
           await until('all messages come', () => first.count === 20);
           ${provoke[event]}
           const two = new Consumer(config);
           two.on('error', () => {});
           const second = read(two);
           await two.subscribe('t');
           await until('the rebalance is complete', () => one.assignment.length === 1 && two.assignment.length === 1);
           const before = first.count, other = second.count;
           await produce(20);
           await until('messages flow to both', () => first.count >= before + 10 && second.count >= other + 10);
           await two.close();
           await until('the other one\\'s partition comes back', () => one.assignment.length === 2);
           const at = first.count;
           await produce(20);
           await until('messages flow to the one that is left', () => first.count >= at + 20);
           console.log('loop', first.ended);
           console.log('thrown', thrown.length > 0);
           await until('what was thrown is seen', () => thrown.every((error) => uncaught.includes(error)));
           console.log('others', uncaught.filter((error) => !thrown.includes(error)).length);
           await one.close();
           await producer.close();
           console.log('closed', first.ended);
           process.exit(0);`,
          { EVENT: event, STRATEGY: strategy },
        );
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
        expect(program.lines).to.deep.equal(['loop null', 'thrown true', 'others 0', 'closed ended']);
      });
    }
  }

  it("is an uncaught exception, and the group goes on: 'lost'", async () => {
    await using program = new Program(
      `${prelude}
       const one = new Consumer({ ...config, 'max.poll.interval.ms': 2000 });
       one.on('lost', evil);
       one.on('error', () => {});
       await one.subscribe('t');
       const iterator = one[Symbol.asyncIterator]();
       await iterator.next();
       await until('it is lost', () => thrown.length > 0); // no message is asked for
       const first = { count: 0 };
       (async () => { for (;;) { const step = await iterator.next(); if (step.done) return; first.count++; } })();
       await until('the partitions come back', () => one.assignment.length === 2);
       const at = first.count;
       await produce(20);
       await until('messages flow', () => first.count >= at + 20);
       await until('what was thrown is seen', () => thrown.every((error) => uncaught.includes(error)));
       console.log('others', uncaught.filter((error) => !thrown.includes(error)).length);
       await one.close();
       process.exit(0);`,
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(program.lines).to.deep.equal(['others 0']);
  });

  it("is an uncaught exception, and delivery goes on where the reset says: 'offsetReset'", async () => {
    await using program = new Program(
      `${prelude}
       const one = new Consumer(config);
       one.on('offsetReset', evil);
       one.on('error', () => {});
       const first = read(one);
       await one.subscribe('t');
       await until('all messages come', () => first.count === 20);
       const at = first.count;
       await one.seek({ topic: 't', partition: 0, offset: 1_000_000 });
       await until('the reset is told', () => thrown.length === 1);
       await until('delivery goes on', () => first.count >= at + 10);
       await until('what was thrown is seen', () => thrown.every((error) => uncaught.includes(error)));
       console.log('others', uncaught.filter((error) => !thrown.includes(error)).length, first.ended);
       await one.close();
       process.exit(0);`,
    );
    const { code, signal, stdout, stderr } = await program.ended;
    expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
    expect(program.lines).to.deep.equal(['others 0 null']);
  });

  for (const event of ['error', 'log', 'statistics']) {
    it(`takes no outcome of a producer's with it: '${event}'`, async () => {
      await using program = new Program(
        `${prelude}
         const sender = new Producer({ ...servers, 'statistics.interval.ms': 10, debug: 'msg,broker' });
         sender.on(EVENT, evil);
         if (EVENT !== 'error') sender.on('error', () => {});
         for (let i = 0; i < 20; i++) {
           const sent = [1, 2, 3].map(() => sender.send({ topic: 't', partition: 0, value: 'x' }));
           if (EVENT === 'error' && i === 10) { cluster.brokerDown(1); await sleep(300); cluster.brokerUp(1); }
           await Promise.all(sent);
         }
         await until('it was thrown', () => thrown.length > 0);
         await until('what was thrown is seen', () => thrown.every((error) => uncaught.includes(error)));
         console.log('others', uncaught.filter((error) => !thrown.includes(error)).length);
         await sender.close({ timeoutMs: 3000 });
         process.exit(0);`,
        { EVENT: event },
      );
      const { code, signal, stdout, stderr } = await program.ended;
      expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
      expect(program.lines).to.deep.equal(['others 0']);
    });
  }
});

describe('a rebalance listener that throws', () => {
  for (const name of ['onAssigned', 'onRevoked'] as const) {
    for (const how of ['at once', 'as a rejection', 'undefined'] as const) {
      it(`ends the loop with what it threw, and the rebalance is completed: ${name}, ${how}`, async () => {
        await using program = new Program(
          `${prelude}
           const mark = HOW === 'undefined' ? undefined : new Error('of the listener');
           let throws = true;
           const listener = { ${name}: HOW === 'as a rejection' ? async () => { await sleep(20); if (throws) throw mark; } : () => { if (throws) throw mark; } };
           const one = new Consumer(config);
           one.on('error', () => {});
           let count = 0, failure = 'none';
           const loop = async () => { for await (const _ of one) count++; };
           const first = loop().catch((error) => { failure = error; });
           await one.subscribe('t', listener);
           const two = new Consumer(config);
           two.on('error', () => {});
           const second = read(two);
           if (${name === 'onRevoked'}) await until('it has all', () => one.assignment.length === 2);
           await two.subscribe('t');
           await until('the loop ends', () => failure !== 'none');
           console.log('the same', failure === mark);
           throws = false;
           const again = loop();
           again.catch((error) => console.log('again', error));
           await until('the rebalance is complete', () => one.assignment.length === 1 && two.assignment.length === 1);
           const before = count, other = second.count;
           await produce(20);
           await until('messages flow', () => count >= before + 10 && second.count >= other + 10);
           await one.close(); await two.close(); await again;
           console.log('uncaught', uncaught.length);
           process.exit(0);`,
          { HOW: how },
        );
        const { code, signal, stdout, stderr } = await program.ended;
        expect({ code, signal, stderr }, stdout).to.deep.equal({ code: 0, signal: null, stderr: '' });
        expect(program.lines).to.deep.equal(['the same true', 'uncaught 0']);
      });
    }
  }
});
