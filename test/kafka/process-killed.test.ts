import { expect } from 'chai';
import { Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { committedOf, range } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';

// A process that works by process() is killed again and again, in the middle of what it does. What is committed was done, the
// order of each key is kept by each of them, and in the end nothing was skipped.
// KILLS=100 kills it as often.

const KILLS = Number(process.env.KILLS ?? 8);
const PARTITIONS = 3;
const KEYS = 7;
const EACH = 150 * (KILLS + 1);

const worker = `
  import { Consumer } from 'seekafka';
  const { BROKERS, GROUP, TOPIC, PARTITIONS } = process.env;
  const consumer = new Consumer({
    'bootstrap.servers': BROKERS, 'group.id': GROUP, 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': 10,
  });
  await consumer.assign(Array.from({ length: Number(PARTITIONS) }, (_, partition) => ({ topic: TOPIC, partition })));
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  await consumer.process(
    async ({ partition, offset, key }, { attempt }) => {
      console.log('begun', partition, offset, String(key), attempt);
      if (offset % 31 === 7 && attempt === 1) throw new Error('once more');
      if (offset % 3) await new Promise((resolve) => setTimeout(resolve, (offset * 7) % 11));
      console.log('done', partition, offset);
    },
    { concurrency: 6, orderBy: 'key', retry: { attempts: 3, backoffMs: 4 }, signal: stop.signal },
  );
  await consumer.close();
  console.log('closed');
`;

describeOnKafka('process, of a process that is killed', (cluster) => {
  it('commits nothing that was not done, keeps the order of each key, and skips nothing', async function () {
    this.timeout(20_000 + KILLS * 10_000);
    const topic = await cluster().createTopic(PARTITIONS);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    await producer.send(
      range(0, PARTITIONS * EACH).map((i) => ({ topic, partition: i % PARTITIONS, key: `k${i % KEYS}`, value: 'v' })),
    );
    const group = uniqueGroup();
    const env = { BROKERS: cluster().bootstrapServers, GROUP: group, TOPIC: topic, PARTITIONS: String(PARTITIONS) };
    const done = range(0, PARTITIONS).map(() => new Set<number>());
    const committed = () => Promise.all(done.map((_, p) => committedOf(cluster(), group, topic, p)));
    /** Reads what a process has said. */
    const judge = async (stdout: string, from: readonly number[]) => {
      const last = new Map<string, number>();
      const first = done.map(() => Infinity);
      for (const [, what, p, o, key, attempt] of stdout.matchAll(/^(begun|done) (\d+) (\d+)(?: (\S+) (\d+))?$/gm)) {
        const [partition, offset] = [Number(p), Number(o)];
        if (what === 'done') {
          done[partition]!.add(offset);
          continue;
        }
        first[partition] = Math.min(first[partition]!, offset);
        const lane = `${partition} ${key}`;
        const before = last.get(lane) ?? -1;
        if (attempt === '1') expect(offset, lane).to.be.above(before);
        else expect(offset, lane).to.equal(before);
        last.set(lane, offset);
      }
      for (const [p, offset] of (await committed()).entries()) {
        const missing = range(0, Math.max(0, offset)).filter((o) => !done[p]!.has(o));
        expect(missing, `committed of ${p} at ${offset} and not done`).to.deep.equal([]);
        expect(first[p], 'it begins where the group had come to').to.be.oneOf([Math.max(0, from[p]!), Infinity]);
      }
    };
    let redone = 0;
    for (let kill = 1; kill <= KILLS; kill++) {
      const from = await committed();
      await using program = new Program(worker, env);
      for (let i = 0; i <= (kill * 13) % 60; i++) await program.line(`done ${i % PARTITIONS}`);
      const target = 20 + ((kill * 37) % 100);
      while (program.lines.length < target && program.running) await new Promise((resolve) => setTimeout(resolve, 1));
      program.kill('SIGKILL');
      const { stdout } = await program.ended;
      redone += [...stdout.matchAll(/^begun (\d+) (\d+)/gm)].filter(([, p, o]) =>
        done[Number(p)]!.has(Number(o)),
      ).length;
      await judge(stdout, from);
    }
    const from = await committed();
    await using program = new Program(worker, env);
    const all = () => new Set([...program.lines.filter((line) => line.startsWith('done'))]).size;
    const left = done.reduce((sum, _, p) => sum + EACH - Math.max(0, from[p]!), 0);
    while (program.running && all() < left) await new Promise((resolve) => setTimeout(resolve, 5));
    program.kill('SIGTERM');
    const { code, stdout, stderr } = await program.ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.include('closed');
    await judge(stdout, from);
    expect(done.map(({ size }) => size)).to.deep.equal(done.map(() => EACH));
    expect(await committed()).to.deep.equal(done.map(() => EACH));
    if (process.env.KILLS) console.log(`${KILLS} kills, ${PARTITIONS * EACH} messages, ${redone} handled again`);
  });
});
