import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { committedOf, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// S11: a crash redelivers and never skips. The crash is a process that is killed in the middle of its work; who comes
// after it starts where the group has committed.

const worker = `
  import { Consumer } from 'seekafka';
  import { setTimeout as sleep } from 'node:timers/promises';
  const { BROKERS, GROUP, TOPIC, REWIND_AT, REWIND_TO, BATCH } = process.env;
  const consumer = new Consumer({
    'bootstrap.servers': BROKERS, 'group.id': GROUP, 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': 40,
  });
  await consumer.assign([{ topic: TOPIC, partition: 0 }]);
  let rewound = false;
  const work = async (messages) => {
    for (const { offset } of messages) {
      await sleep(5);
      console.log('done ' + offset);
      if (!rewound && offset === Number(REWIND_AT)) {
        rewound = true;
        await consumer.seek({ topic: TOPIC, partition: 0, offset: Number(REWIND_TO) });
        console.log('rewound');
      }
    }
  };
  if (BATCH) for await (const batch of consumer.batches({ maxMessages: 7 })) await work(batch);
  else for await (const message of consumer) await work([message]);
`;

/** At 5 ms each far more than the worker gets done before it is killed. */
const MESSAGES = 600;

describeOnBoth('S11: a crash', (cluster) => {
  for (const kind of ['messages', 'batches']) {
    it(`redelivers what was in work and skips nothing, of ${kind}`, async () => {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: MESSAGES });
      const group = uniqueGroup();
      const env = { BROKERS: cluster().bootstrapServers, GROUP: group, TOPIC: topic };
      const done: number[] = [];
      // Two crashes, each after a commit and some work, then the rest in peace.
      for (let crash = 1; crash <= 2; crash++) {
        const before = await committedOf(cluster(), group, topic);
        await using program = new Program(worker, { ...env, ...(kind === 'batches' && { BATCH: '1' }) });
        await program.line(`done ${(done.at(-1) ?? 0) + 12}`);
        await eventually(async () => expect(await committedOf(cluster(), group, topic)).to.be.above(before));
        program.kill('SIGKILL');
        const { stdout } = await program.ended;
        const offsets = [...stdout.matchAll(/^done (\d+)$/gm)].map(([, offset]) => Number(offset));
        expect(offsets).to.deep.equal(range(offsets[0]!, offsets.at(-1)! + 1));
        // It began no later than where the one before it had come to.
        expect(offsets[0]!).to.be.at.most(done.length ? done.at(-1)! + 1 : 0);
        const committed = await committedOf(cluster(), group, topic);
        expect(committed).to.be.within(1, offsets.at(-1)! + 1);
        done.push(...offsets);
      }
      const committed = await committedOf(cluster(), group, topic);
      await using consumer = consumerOn(cluster(), { 'group.id': group });
      await consumer.assign([{ topic, partition: 0 }]);
      done.push(...(await takeSequences(consumer, MESSAGES - committed)));
      expect([...new Set(done)].sort((a, b) => a - b)).to.deep.equal(range(0, MESSAGES));
    });
  }

  it('in a replay goes on in the replay, and not where the group had been before it', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 60 });
    const group = uniqueGroup();
    const env = { BROKERS: cluster().bootstrapServers, GROUP: group, TOPIC: topic, REWIND_AT: '40', REWIND_TO: '5' };
    await using program = new Program(worker, env);
    await program.line('rewound');
    // Replayed long enough for the timer to have committed, and nowhere near of where it had been.
    const replayed = () => program.lines.slice(program.lines.indexOf('rewound') + 1);
    await eventually(() => replayed().length >= 20, { intervalMs: 2, what: 'twenty replayed messages' });
    program.kill('SIGKILL');
    await program.ended;
    const last = Number(replayed().at(-1)!.split(' ')[1]);
    const committed = await committedOf(cluster(), group, topic);
    expect(committed).to.be.within(6, last + 1);
    await using consumer = consumerOn(cluster(), { 'group.id': group });
    await consumer.assign([{ topic, partition: 0 }]);
    expect(await takeSequences(consumer, 3)).to.deep.equal(range(committed, committed + 3));
  });
});
