// A pipeline by transactions whose process is killed at random, again and again, under a storm: its output has no gap and nothing twice, and
// after each kill it goes on soon.

import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { awake } from '../helpers/wait.js';
import { Storm } from './blows.js';
import { type Findings, check } from './checker.js';
import { History, readHistory } from './history.js';
import type { Harbour } from './voyage.js';
import { Witness, again } from './witness.js';
import { OUT_PARTITIONS, PLAIN_PARTITIONS, TX_PARTITIONS, World, pause } from './world.js';
import { writePlain } from './writers.js';

const WORKER = path.join(import.meta.dirname, 'pipeline-worker.mjs');
/** The longest time that a pipeline may rest between two commits. (As a process that lives through it counts.) */
export const REST_MS = 40_000;

export interface KilledOutcome {
  readonly findings: Findings;
  readonly kills: number;
  readonly commits: number;
  readonly sent: number;
  readonly longestRestMs: number;
  readonly blows: Readonly<Record<string, number>>;
}

export async function killPipeline(
  harbour: Harbour,
  { seed, kills, file }: { seed: number; kills: number; file: string },
): Promise<KilledOutcome> {
  const topics = await harbour.createTopics();
  const history = new History(file);
  const brokers = { CLIENT: harbour.brokers('CLIENT'), LOGIN: harbour.brokers('LOGIN') };
  const world = new World(history, seed, topics, brokers);
  const { cluster, proxies } = harbour;
  const storm = new Storm(world, { nodes: cluster.nodes, controller: () => cluster.controller(), proxies });
  await using witness = new Witness(cluster.direct);
  history.write({
    k: 'meta',
    seed,
    topics: {
      [topics.plain]: { partitions: PLAIN_PARTITIONS, transactional: false },
      [topics.tx]: { partitions: TX_PARTITIONS, transactional: true },
      [topics.out]: { partitions: OUT_PARTITIONS, transactional: true },
    },
  });
  const group = `pipeline-${topics.out}`;
  const lives = new Lives(world, { GROUP: group, INPUT: topics.plain, OUTPUT: topics.out });
  const random = world.random('kills');
  const writing = writePlain(world, 'writer-1', false);
  try {
    storm.start();
    for (let i = 0; i < kills; i++) {
      lives.begin();
      // Mostly in the middle of its work, now and then while it starts.
      if (random.chance(0.8)) await lives.progress();
      await pause(random.integer(0, 5000));
      history.storm('kill pipeline', `${i + 1}`);
      await lives.kill();
    }
    lives.begin();
    await lives.progress();
    await storm.stop();
    history.write({ k: 'calm', t: history.now });
    world.busy = false;
    await writing;
    lives.resting = false; // soon nothing is left to do
    const until = awake() + world.patienceMs;
    const drained = history.call(group, 'drain', { places: [topics.plain] }, async () => {
      for (;;) {
        const committed = new Map(await again(() => witness.committed(group, [topics.plain])));
        const ends = await again(() => witness.ends(topics.plain));
        if (ends.every(([place, end]) => end === 0 || committed.get(place) === end)) return;
        if (awake() > until)
          throw new Error(`not at the end: ${JSON.stringify([...committed])} of ${JSON.stringify(ends)}`);
        await pause(200);
      }
    });
    await drained.catch(() => undefined);
    await lives.kill();
    await again(() => witness.tell(history, Object.values(topics)));
  } finally {
    world.busy = false;
    await lives.kill();
    await Promise.allSettled([storm.stop(), world.patiently(writing)]);
    history.close();
  }
  const findings = check(readHistory(file));
  const { longestRestMs, commits } = lives;
  if (longestRestMs > REST_MS) findings.add('stuck', `the pipeline rested for ${longestRestMs} ms`);
  return { findings, kills, commits, sent: history.counts.sent, longestRestMs, blows: storm.counts };
}

/** One process after the other. */
class Lives {
  #child: ChildProcess | null = null;
  #ended: Promise<unknown> = Promise.resolve();
  #lastProgress = awake();
  #waiting: (() => void)[] = [];
  commits = 0;
  longestRestMs = 0;
  /** Whether a rest counts. */
  resting = true;

  constructor(
    readonly world: World,
    readonly env: Record<string, string>,
  ) {}

  begin(): void {
    const child = spawn(process.execPath, [WORKER], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...this.env, BROKERS: this.world.brokers.CLIENT, OUT_PARTITIONS: String(OUT_PARTITIONS) },
    });
    this.#child = child;
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#said(line);
    });
    this.#ended = new Promise((resolve) => child.once('close', resolve));
  }

  #said(line: string): void {
    if (!line.startsWith('committed')) return this.world.history.note('pipeline', 'error', line);
    if (this.resting) this.longestRestMs = Math.max(this.longestRestMs, Math.round(awake() - this.#lastProgress));
    this.#lastProgress = awake();
    this.commits++;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves with the next commit, or after a rest that is too long anyway. */
  async progress(): Promise<void> {
    const begun = awake();
    let came = false;
    this.#waiting.push(() => (came = true));
    while (!came && awake() - begun < 3 * REST_MS) await pause(20);
    this.longestRestMs = Math.max(this.longestRestMs, Math.round(awake() - this.#lastProgress));
  }

  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }
}
