import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { Producer } from 'seekafka';
import { type RealKafka, describeOnKafka } from '../helpers/clusters.js';
import type { Protocol } from '../helpers/member.js';
import { committedOf, range } from '../helpers/numbered.js';
import { Program } from '../helpers/program.js';
import { uniqueGroup } from '../helpers/unique.js';

// A process that works by process() is killed again and again, in the middle of what it does. What is committed was done, the
// order of each key is kept by each of them, nothing is skipped, and what is handled again was in work: of each partition it
// lies between what was committed and the first message that was not done, plus what may be taken behind that (`maxPending`).
// KILLS=100 kills it as often, with partitions assigned by hand and as a member of a group of each of the three protocols;
// PROTOCOLS=range,consumer chooses among those.

const KILLS = Number(process.env.KILLS ?? 8);
const protocols = ['range', 'cooperative-sticky', 'consumer'] as const;
const PARTITIONS = 3;
const KEYS = 7;
const EACH = 150 * (KILLS + 1);
/** So many messages of a partition are taken at most that are not committable. */
const TAKEN = 40;

const worker = `
  import { openSync, writeSync } from 'node:fs';
  import { Consumer } from 'seekafka';
  const { BROKERS, GROUP, TOPIC, PARTITIONS, TAKEN, PROTOCOL, LOG } = process.env;
  // What it says counts, so it goes into a file: of a pipe that is full, a process that is killed takes the rest with it.
  const log = openSync(LOG, 'w');
  const say = (...words) => {
    writeSync(log, words.join(' ') + '\\n');
    console.log(...words);
  };
  const quick = { 'session.timeout.ms': 1000, 'heartbeat.interval.ms': 100 };
  const consumer = new Consumer({
    'bootstrap.servers': BROKERS, 'group.id': GROUP, 'auto.offset.reset': 'earliest', 'auto.commit.interval.ms': 10,
    ...(PROTOCOL === 'consumer' ? { 'group.protocol': 'consumer' } : {}),
    ...(PROTOCOL === 'range' || PROTOCOL === 'cooperative-sticky' ? { 'partition.assignment.strategy': PROTOCOL, ...quick } : {}),
  });
  for (const event of ['assigned', 'revoked', 'lost']) {
    consumer.on(event, (rows) => rows.forEach(({ partition }) => say('moved', partition, 0)));
  }
  const all = Array.from({ length: Number(PARTITIONS) }, (_, partition) => ({ topic: TOPIC, partition }));
  await (PROTOCOL ? consumer.subscribe(TOPIC) : consumer.assign(all));
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort());
  await consumer.process(
    async ({ partition, offset, key }, { attempt }) => {
      say('begun', partition, offset, String(key), attempt);
      if (offset % 31 === 7 && attempt === 1) throw new Error('once more');
      if (offset % 3) await new Promise((resolve) => setTimeout(resolve, (offset * 7) % 11));
      say('done', partition, offset);
    },
    {
      concurrency: 6, orderBy: 'key', maxPending: TAKEN * PARTITIONS, retry: { attempts: 3, backoffMs: 4 },
      signal: stop.signal,
    },
  );
  await consumer.close();
  console.log('closed');
`;

/** What the processes have said, one after the other. */
class Judge {
  readonly done = range(0, PARTITIONS).map(() => new Set<number>());
  readonly counts = { again: 0, mostAgain: 0, aheadOfTheFirst: 0 };
  /** How far the processes have come, until the first message that was not done. */
  #cameTo: readonly number[] = this.done.map(() => 0);

  read(stdout: string, committed: readonly number[]): void {
    const before = this.done.map((done) => new Set(done));
    const last = new Map<string, number>();
    const begun = this.done.map(() => new Set<number>());
    const doneHere = this.done.map(() => new Set<number>());
    for (const [, what, p, o, key, attempt] of stdout.matchAll(/^(begun|done|moved) (\d+) (\d+)(?: (\S+) (\d+))?$/gm)) {
      const [partition, offset] = [Number(p), Number(o)];
      if (what === 'moved') {
        // A member whose heartbeats come late on a busy machine is thrown out: it begins again at what is committed.
        for (const lane of last.keys()) if (lane.startsWith(`${partition} `)) last.delete(lane);
        continue;
      }
      if (what === 'done') {
        this.done[partition]!.add(offset);
        doneHere[partition]!.add(offset);
        continue;
      }
      begun[partition]!.add(offset);
      const lane = `${partition} ${key}`;
      const previous = last.get(lane) ?? -1;
      if (attempt === '1') expect(offset, lane).to.be.above(previous);
      else expect(offset, lane).to.equal(last.get(lane) ?? offset);
      last.set(lane, offset);
    }
    let again = 0;
    this.#cameTo = doneHere.map((done, p) => {
      const first = Math.min(...begun[p]!);
      if (first === Infinity) return this.#cameTo[p]!;
      const skipped = range(0, first).filter((offset) => !before[p]!.has(offset));
      expect(skipped, `of ${p}, which it begins at ${first}`).to.deep.equal([]);
      const twice = [...begun[p]!].filter((offset) => before[p]!.has(offset));
      expect(Math.max(-1, ...twice), `of ${p}, handled again`).to.be.below(this.#cameTo[p]! + TAKEN);
      again += twice.length;
      let cameTo = first;
      while (done.has(cameTo)) cameTo++;
      const ahead = Math.max(...begun[p]!) - cameTo;
      this.counts.aheadOfTheFirst = Math.max(this.counts.aheadOfTheFirst, ahead);
      expect(ahead, `of ${p}, taken ahead`).to.be.below(TAKEN);
      return Math.max(cameTo, this.#cameTo[p]!);
    });
    this.counts.again += again;
    this.counts.mostAgain = Math.max(this.counts.mostAgain, again);
    for (const [p, offset] of committed.entries()) {
      const missing = range(0, Math.max(0, offset)).filter((o) => !this.done[p]!.has(o));
      expect(missing, `committed of ${p} at ${offset} and not done`).to.deep.equal([]);
    }
  }
}

async function killAgainAndAgain(cluster: RealKafka, protocol: Protocol | undefined, folder: string): Promise<void> {
  const topic = await cluster.createTopic(PARTITIONS);
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  await producer.send(
    range(0, PARTITIONS * EACH).map((i) => ({ topic, partition: i % PARTITIONS, key: `k${i % KEYS}`, value: 'v' })),
  );
  const group = uniqueGroup();
  if (protocol === 'consumer') {
    // The broker says how long it waits for a member that is dead; by default 45 s.
    await cluster.admin.alterConfigs([{ type: 'group', name: group, set: { 'consumer.session.timeout.ms': '1000' } }]);
  }
  const env = {
    ...{ BROKERS: cluster.bootstrapServers, GROUP: group, TOPIC: topic, PARTITIONS: String(PARTITIONS) },
    ...{ TAKEN: String(TAKEN), PROTOCOL: protocol ?? '', LOG: path.join(folder, 'log') },
  };
  const judge = new Judge();
  const committed = () => Promise.all(judge.done.map((_, p) => committedOf(cluster, group, topic, p)));
  for (let kill = 1; kill <= KILLS; kill++) {
    await using program = new Program(worker, env);
    // Of any partition: one of them may be at its end by now.
    for (let i = 0; i <= (kill * 13) % 60; i++) await program.line('done ');
    const target = 20 + ((kill * 37) % 100);
    while (program.lines.length < target && program.running) await new Promise((resolve) => setTimeout(resolve, 1));
    program.kill('SIGKILL');
    await program.ended;
    judge.read(await readFile(env.LOG, 'utf8'), await committed());
  }
  await using program = new Program(worker, env, { limitMs: 60_000 + KILLS * 3000 });
  const isDone = () => {
    const here = new Set(program.lines.filter((line) => line.startsWith('done')));
    return judge.done.every((done, p) => range(0, EACH).every((o) => done.has(o) || here.has(`done ${p} ${o}`)));
  };
  while (program.running && !isDone()) await new Promise((resolve) => setTimeout(resolve, 20));
  program.kill('SIGTERM');
  const { code, stdout, stderr } = await program.ended;
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  expect(stdout).to.include('closed');
  judge.read(await readFile(env.LOG, 'utf8'), await committed());
  expect(judge.done.map(({ size }) => size)).to.deep.equal(judge.done.map(() => EACH));
  expect(await committed()).to.deep.equal(judge.done.map(() => EACH));
  const { again, mostAgain, aheadOfTheFirst } = judge.counts;
  if (!process.env.KILLS) return;
  console.log(
    `    ${KILLS} kills, ${PARTITIONS * EACH} messages, ${again} handled again (at most ${mostAgain} after a kill), at most ` +
      `${aheadOfTheFirst} begun ahead of the first that was not done, 0 skipped`,
  );
}

describeOnKafka('process, of a process that is killed', (cluster) => {
  let folder: string | undefined;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'seekafka-killed-'));
  });
  after(() => folder && rm(folder, { recursive: true, force: true }));

  const chosen = process.env.PROTOCOLS?.split(',') ?? (process.env.KILLS ? ['', ...protocols] : ['']);
  for (const protocol of [undefined, ...protocols].filter((each) => chosen.includes(each ?? ''))) {
    it(`commits nothing that was not done, keeps the order of each key, and skips nothing (${protocol ?? 'assigned by hand'})`, async function () {
      this.timeout(20_000 + KILLS * 15_000);
      await killAgainAndAgain(cluster(), protocol, folder!);
    });
  }
});
