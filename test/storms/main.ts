// Storms: `npm run storms`. See CONTRIBUTING.md.

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { check, summary } from './checker.js';
import { readHistory } from './history.js';
import { killPipeline } from './killed-pipeline.js';
import { Harbour, type Outcome, sail } from './voyage.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '120' },
    out: { type: 'string', default: 'build/storms' },
    check: { type: 'string' },
    calm: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    plant: { type: 'string' },
    pipeline: { type: 'boolean', default: false },
    kills: { type: 'string', default: '50' },
  },
});

function tell(name: string, { findings, counts, blows, longest }: Outcome): void {
  const { calls, failed, messages, sent } = counts;
  console.log(
    `${name}: ${sent} messages sent, ${messages} delivered, ${calls} calls (${failed} failed), ` +
      `longest ${longest.name} ${Math.round(longest.ms)} ms, blows ${JSON.stringify(blows)}`,
  );
  if (findings.excused.length) console.log(`excused: ${summary(findings.excused)}`);
  console.log(
    `${findings.anomalies.length} anomalies${findings.anomalies.length ? `\n${summary(findings.anomalies)}` : ''}`,
  );
}

async function storms(): Promise<boolean> {
  const first = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  mkdirSync(values.out, { recursive: true });
  let good = true;
  await using harbour = await Harbour.open();
  for (let i = 0; i < Number(values.runs); i++) {
    const seed = first + i;
    const file = path.join(values.out, `history-${seed}.jsonl`);
    const outcome = await sail(harbour, { seed, seconds: Number(values.seconds), file, storm: !values.calm });
    tell(`seed ${seed}, ${file}`, outcome);
    good &&= outcome.findings.anomalies.length === 0;
  }
  return good;
}

async function pipeline(): Promise<boolean> {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  mkdirSync(values.out, { recursive: true });
  const file = path.join(values.out, `pipeline-${seed}.jsonl`);
  await using harbour = await Harbour.open();
  const outcome = await killPipeline(harbour, { seed, kills: Number(values.kills), file });
  const { findings, kills, commits, sent, longestRestMs, blows } = outcome;
  console.log(
    `seed ${seed}, ${file}: ${kills} kills, ${sent} messages, ${commits} commits, longest rest ${longestRestMs} ms, ` +
      `blows ${JSON.stringify(blows)}`,
  );
  console.log(
    `${findings.anomalies.length} anomalies${findings.anomalies.length ? `\n${summary(findings.anomalies)}` : ''}`,
  );
  return findings.anomalies.length === 0;
}

/** Each bug that is planted has to be found, in calm water and by what it is known to show; without one nothing may be found. */
async function planted(): Promise<boolean> {
  const { PLANTS } = await import('./planted.js');
  const seed = Number(values.seed ?? 1);
  const chosen = PLANTS.filter(({ name }) => name.includes(values.plant ?? ''));
  mkdirSync(values.out, { recursive: true });
  let good = true;
  await using harbour = await Harbour.open();
  for (const [i, plant] of [{ name: 'none', shownBy: [], plant: () => () => undefined }, ...chosen].entries()) {
    const file = path.join(values.out, `planted-${i}.jsonl`);
    const digOut = plant.plant();
    const options = { seed, seconds: Number(values.seconds), file, storm: false };
    const { findings, counts } = await sail(harbour, i === 0 ? options : { ...options, planted: plant.name }).finally(
      digOut,
    );
    const kinds = [...new Set(findings.anomalies.map(({ kind }) => kind))];
    const found = plant.shownBy.some((kind) => kinds.includes(kind));
    const right = plant.name === 'none' ? kinds.length === 0 : found;
    good &&= right;
    console.log(
      `${right ? 'ok   ' : 'WRONG'} ${plant.name}: ${kinds.join(', ') || 'nothing found'} (${counts.messages} messages, ${file})`,
    );
    if (!right) console.log(summary(findings.anomalies));
  }
  return good;
}

function again(file: string): boolean {
  const { anomalies, excused } = check(readHistory(file));
  if (excused.length) console.log(`excused: ${summary(excused)}`);
  console.log(`${anomalies.length} anomalies${anomalies.length ? `\n${summary(anomalies)}` : ''}`);
  return anomalies.length === 0;
}

function work(): Promise<boolean> | boolean {
  if (values.check !== undefined) return again(values.check);
  if (values.planted) return planted();
  return values.pipeline ? pipeline() : storms();
}

process.exitCode = (await work()) ? 0 : 1;
setTimeout(() => {
  console.error(`Something keeps the process alive: ${process.getActiveResourcesInfo().join()}`);
  process.exit(1);
}, 20_000).unref();
