// Measures this package beside other clients on a real Kafka, and writes results/README.md:
//
//   npm run bench                                     everything, with the Node.js that runs it; starts a local Kafka
//   npm run bench -- --node 24                        the same with Node.js 24
//   npm run bench -- --only consume-100B,latency      some of it; what was measured before stays in the results
//   npm run bench -- --rounds 3                       more rounds, or fewer
//   npm run bench -- --clients seekafka,kafkajs       some of the clients
//   npm run bench -- --dry                            tell the results, and leave the page as it is
//   npm run bench -- --base <another built checkout>  seekafka of that checkout beside, as "before"; leaves the page too
//   KAFKA_BROKERS=host:port npm run bench             on that Kafka; its topics are deleted at the end
//
// README.md beside this file says what is measured and how.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { startKafka } from '../scripts/kafka.mjs';
import { type Site, runTrial, titleOf } from './clients.js';
import { type Entry, type Experiment, type Result, experiments, withBase } from './experiments.js';
import { installSite } from './site.js';
import { type Outcome, type Run, judge, save, tableOf } from './report.js';
import { Topics } from './topics.js';

const { values: options } = parseArgs({
  options: {
    node: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    clients: { type: 'string' },
    dry: { type: 'boolean', default: false },
    base: { type: 'string' },
  },
});
const takesPart = ({ client }: Entry) => !options.clients || options.clients.split(',').includes(client);
const chosen = experiments
  .filter(({ name }) => !options.only || options.only.split(',').some((n) => name.startsWith(n)))
  .map((experiment) => ({ ...experiment, entries: experiment.entries.filter(takesPart) }))
  .map((experiment) => (options.base ? withBase(experiment, path.resolve(options.base)) : experiment));
if (chosen.length === 0) throw new Error(`--only: expected some of ${experiments.map(({ name }) => name).join(', ')}`);

const { site, missing, settings } = await installSite(options.node, console.log, (client) =>
  chosen.some(({ entries }) => entries.some((entry) => entry.client === client)),
);
const local = process.env['KAFKA_BROKERS'] ? undefined : await startKafka({ log: console.log });
const servers = process.env['KAFKA_BROKERS'] ?? local!.bootstrapServers;
const topics = new Topics(servers);
try {
  const run: Run = {
    node: execFileSync(site.node, ['--version'], { encoding: 'utf8' }).trim().slice(1),
    machine: `${os.cpus().length} x ${os.cpus()[0]!.model}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()}`,
    kafka: local ? 'Apache Kafka on the same machine, one node' : 'a Kafka that was there',
    missing,
    settings,
    outcomes: [],
  };
  console.log(
    `${run.machine}; Node.js ${run.node}; load ${os
      .loadavg()
      .map((n) => n.toFixed(2))
      .join(' ')}`,
  );
  for (const [client, ofClient] of Object.entries(settings)) console.log(`${client}: ${JSON.stringify(ofClient)}`);
  for (const [client, reason] of Object.entries(missing)) console.log(`${client} is not measured: ${reason}`);
  for (const experiment of chosen) {
    const outcome = await measure(experiment, site, servers);
    run.outcomes.push(outcome);
    console.log(`\n${tableOf(experiment, outcome)}\n`);
    for (const { text, verdict } of judge(experiment, outcome)) console.log(`${verdict}  ${text}`);
    if (!options.dry && !options.base) await save(run);
  }
} finally {
  await topics.close();
  await local?.stop();
}

/** In turns, each round beginning with another one, so that what the machine does besides hits all alike. */
async function measure(experiment: Experiment, at: Site, brokers: string): Promise<Outcome> {
  const { entries } = experiment;
  const rounds = Number(options.rounds ?? experiment.rounds);
  const results = new Map<string, Result[]>(entries.map((entry) => [titleOf(entry), []]));
  const failures: Record<string, string> = {};
  console.log(`\n${experiment.name}: ${experiment.title}`);
  for (let round = experiment.warmUp ? 0 : 1; round <= rounds; round++) {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(round + i) % entries.length]!;
      const title = titleOf(entry);
      if (failures[title]) continue;
      try {
        const result = await trial(experiment, entry, at, brokers);
        if (round > 0) results.get(title)!.push(result);
        const [column] = experiment.columns;
        const figure = column!.of(result, experiment.topic).toLocaleString('en-US', { maximumFractionDigits: 2 });
        console.log(`round ${round}  ${title.padEnd(22)} ${figure.padStart(12)} ${column!.title}`);
      } catch (error) {
        failures[title] = (error as Error).message;
        console.log(`round ${round}  ${title.padEnd(22)} FAILED: ${failures[title]}`);
      }
    }
  }
  return {
    name: experiment.name,
    date: new Date().toISOString().slice(0, 10),
    rounds,
    results: Object.fromEntries(results),
    failures,
  };
}

async function trial(experiment: Experiment, entry: Entry, at: Site, brokers: string): Promise<Result> {
  const { task, topic: spec, job } = experiment;
  const writes = task === 'produce' || task === 'latency';
  const topic = writes ? await topics.create(spec.partitions) : await topics.filled(spec);
  try {
    const result = await runTrial(at, entry, task, {
      servers: brokers,
      topic,
      group: `seekafka-bench-${randomBytes(4).toString('hex')}`,
      total: spec.messages,
      bytes: spec.bytes,
      partitions: spec.partitions,
      ...job,
      ...moments(experiment),
    });
    await check(experiment, entry, topic, result);
    return result;
  } finally {
    if (writes) await topics.remove(topic);
  }
}

/** How long to wait before each seek: at random, and the same for all clients. */
function moments({ task, job }: Experiment): Record<string, number[]> {
  const times = Number(job?.['times'] ?? 0);
  let state = 42;
  const random = (below: number) => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) % below;
  if (task === 'seek') return { idleMs: Array.from({ length: times }, () => 100 + random(900)) };
  if (task === 'busy-seek') return { betweenMs: Array.from({ length: times }, () => 10 + random(50)) };
  return {};
}

/** A wrong count or sum is a failure, not a figure. */
async function check({ task, topic: spec }: Experiment, entry: Entry, topic: string, result: Result): Promise<void> {
  const sumOf = (count: number) => (count * (count - 1)) / 2;
  if (task === 'consume' && (result['count'] !== spec.messages || result['sum'] !== sumOf(spec.messages))) {
    throw new Error(`${Number(result['count'])} messages with sum ${Number(result['sum'])}, of ${spec.messages}`);
  }
  if (task !== 'produce') return;
  const { count, sum } = await topics.tally(topic, spec.partitions);
  const right = entry.client === 'rdkafka_performance' || sum === sumOf(count);
  if (count !== result['sent'] || !right) throw new Error(`the topic has ${count} messages with sum ${sum}`);
}
