// What it costs to be watched: the same task without and with OpenTelemetry, in turns, a process each; with --base also another
// build of this package, of a commit before. It starts a local Kafka.
//
//   node --import tsx bench/observe.mjs [--rounds 5] [--base <directory of another checkout, built>]
//
// Told is the median of the ratios of each round, by wall clock and by CPU time of the client's process.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startKafka } from '../scripts/kafka.mjs';
import { Topics } from './topics.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, base: { type: 'string' } },
});
const here = import.meta.dirname;
const variants = [
  ...(options.base ? [['base', path.join(options.base, 'bench')]] : []),
  ['nobody listens', here],
  ['traced', here, 'seekafka-traced'],
];
const read = { partitions: 4, messages: 2_000_000, bytes: 100 };

const kafka = await startKafka({ log: console.log });
const servers = kafka.bootstrapServers;
const topics = new Topics(servers);
try {
  const topic = await topics.filled(read);
  const reads = (way) => async (round, name) => ({
    task: 'consume',
    job: { servers, topic, way, total: read.messages, group: `${way}-${round}-${name}` },
    ms: 'readMs',
  });
  const tasks = {
    'consume by batches': reads('consumeBatches'),
    'consume one by one': reads('consumeMessages'),
    'produce arrays of 500': async () => ({
      task: 'produce',
      job: {
        ...{ servers, topic: await topics.create(4), total: 1_000_000, bytes: 100 },
        ...{ way: 'sendArray', perCall: 500, inFlight: 20, lingerMs: 5 },
      },
      ms: 'sendMs',
    }),
  };
  for (const [title, taskOf] of Object.entries(tasks)) {
    const seen = Object.fromEntries(variants.map(([name]) => [name, []]));
    for (let round = 0; round < Number(options.rounds); round++) {
      // Each round in another order, or the first would always have the cooler machine.
      const order = variants.map((_, i) => variants[(i + round) % variants.length]);
      for (const [name, home, driver = 'seekafka'] of order) {
        const { task, job, ms } = await taskOf(round, name.replaceAll(' ', '-'));
        const args = [
          path.join(home, 'trial.mjs'),
          path.join(home, 'drivers', `${driver}.mjs`),
          task,
          JSON.stringify(job),
        ];
        const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 120_000 });
        const result = JSON.parse(stdout.trim().split('\n').at(-1));
        seen[name].push({ wall: result[ms], cpu: result.cpuMs });
      }
    }
    const [[reference]] = variants;
    for (const [name] of variants) {
      const ratio = (what) => median(seen[name].map((each, i) => each[what] / seen[reference][i][what]));
      const walls = seen[name].map(({ wall }) => Math.round(wall));
      console.log(
        `${title}: ${name}: wall ${ratio('wall').toFixed(3)}, CPU ${ratio('cpu').toFixed(3)} of ${reference}; ms ${walls}`,
      );
    }
  }
} finally {
  await topics.close();
  await kafka.stop();
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
