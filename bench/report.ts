// From results to tables, verdicts on the targets, charts, and the page.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isNodePeer, isPeer, titleOf } from './clients.js';
import { type Bound, type Column, type Experiment, type Result, type Target, experiments } from './experiments.js';
import { barChart } from './chart.js';
import { median } from './statistics.mjs';

export interface Outcome {
  name: string;
  date: string;
  rounds: number;
  /** By the entry's title, a result a round. */
  results: Record<string, Result[]>;
  failures: Record<string, string>;
}

export interface Run {
  node: string;
  machine: string;
  kafka: string;
  /** Clients that could not be installed, and why. */
  missing: Record<string, string>;
  /** By client: its version and settings. */
  settings: Record<string, unknown>;
  outcomes: Outcome[];
}

const folder = path.join(import.meta.dirname, 'results');

const format = (n: number, digits = 0) =>
  n.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A figure of an entry in each round. */
function figures({ topic }: Experiment, outcome: Outcome, title: string, column: Column): number[] {
  return (outcome.results[title] ?? []).map((result) => column.of(result, topic));
}

function spread(numbers: readonly number[], digits?: number): string {
  const known = numbers.filter((n) => Number.isFinite(n));
  if (known.length === 0) return '';
  const middle = format(median(known), digits);
  if (known.length === 1) return middle;
  return `${middle} (${format(Math.min(...known), digits)} to ${format(Math.max(...known), digits)})`;
}

export function tableOf(experiment: Experiment, outcome: Outcome): string {
  const { columns, entries } = experiment;
  const lines = [
    `| client | ${columns.map(({ title }) => title).join(' | ')} |`,
    `|${'---|'.repeat(columns.length + 1)}`,
  ];
  for (const title of entries.map(titleOf)) {
    const failure = outcome.failures[title];
    if (failure)
      lines.push(`| ${title} | failed: ${failure.replaceAll(/[|\n]/g, ' ')} |${' |'.repeat(columns.length - 1)}`);
    else if (outcome.results[title]) {
      const cells = columns.map((column) => spread(figures(experiment, outcome, title, column), column.digits));
      lines.push(`| ${title} | ${cells.join(' | ')} |`);
    }
  }
  return lines.join('\n');
}

/** Each target with what was reached. Ratios are taken within each round. */
export function judge(experiment: Experiment, outcome: Outcome): { text: string; verdict: string }[] {
  return experiment.targets.map((target) => ({ text: target.text, verdict: verdictOf(experiment, outcome, target) }));
}

function verdictOf(experiment: Experiment, outcome: Outcome, target: Target | Bound): string {
  const column = experiment.columns.find(({ title }) => title === target.column)!;
  const ours = figures(experiment, outcome, target.ours, column);
  if (ours.length === 0) return 'not measured';
  if ('atMost' in target) {
    const met = median(ours) <= target.atMost;
    return `${met ? 'met' : 'MISSED'}: ${spread(ours, 2)}`;
  }
  const higherIsBetter = column.title.startsWith('messages/s');
  const rival = rivalOf(experiment, outcome, target, column, higherIsBetter);
  if (!rival) return 'not measured';
  const theirs = figures(experiment, outcome, rival, column);
  const ratios = ours
    .slice(0, theirs.length)
    .map((figure, round) => (higherIsBetter ? figure / theirs[round]! : theirs[round]! / figure));
  const met = median(ratios) >= target.reach;
  return `${met ? 'met' : 'MISSED'}: ${spread(ratios, 2)} x ${rival}`;
}

function rivalOf(
  { entries, topic }: Experiment,
  outcome: Outcome,
  { against }: Target,
  column: Column,
  higherIsBetter: boolean,
): string | undefined {
  const measured = entries.filter((entry) => outcome.results[titleOf(entry)]?.length);
  if (!against.startsWith('best')) return measured.map(titleOf).find((title) => title === against);
  const rivals = measured.filter(against === 'best peer' ? isPeer : isNodePeer).map(titleOf);
  const figure = (title: string) => median(outcome.results[title]!.map((result) => column.of(result, topic)));
  const sorted = rivals
    .filter((title) => Number.isFinite(figure(title)))
    .sort((a, b) => (higherIsBetter ? figure(b) - figure(a) : figure(a) - figure(b)));
  return sorted[0];
}

/** Keeps what was measured before, replaces what is measured now, and writes the page anew. */
export async function save(run: Run): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, 'results.json');
  let runs: Record<string, Run> = {};
  try {
    runs = JSON.parse(await readFile(file, 'utf8')) as Record<string, Run>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = `Node.js ${run.node.split('.')[0]}`;
  const before = runs[key]?.outcomes.filter(({ name }) => !run.outcomes.some((outcome) => outcome.name === name)) ?? [];
  runs[key] = { ...run, outcomes: [...before, ...run.outcomes] };
  await writeFile(file, `${JSON.stringify(runs, null, 1)}\n`);
  await writePage(runs);
}

async function writePage(runs: Record<string, Run>): Promise<void> {
  const lines = [
    '# Benchmark results',
    '',
    '<!-- Written by `npm run bench`; results.json holds every figure. -->',
    '',
    'Median of the rounds, with the least and the largest; ratios are taken within each round. How it is measured, and',
    'what it does not say: [bench/README.md](../README.md).',
    '',
  ];
  for (const [key, { node, machine, kafka, missing }] of Object.entries(runs)) {
    lines.push(`- **${key}** (${node}): ${machine}; ${kafka}.`);
    for (const [client, reason] of Object.entries(missing)) lines.push(`  ${client} is not measured: ${reason}.`);
  }
  lines.push('', '## Targets', '', `| what | target | ${Object.keys(runs).join(' | ')} |`);
  lines.push(`|---|---|${'---|'.repeat(Object.keys(runs).length)}`);
  for (const experiment of experiments) {
    experiment.targets.forEach(({ text }, i) => {
      const verdicts = Object.values(runs).map(({ outcomes }) => {
        const outcome = outcomes.find(({ name }) => name === experiment.name);
        return outcome ? judge(experiment, outcome)[i]!.verdict : '';
      });
      lines.push(`| ${experiment.title} | ${text} | ${verdicts.join(' | ')} |`);
    });
  }
  for (const experiment of experiments) {
    const measured = Object.entries(runs).flatMap(([key, { outcomes }]) =>
      outcomes.filter(({ name }) => name === experiment.name).map((outcome) => ({ key, outcome })),
    );
    if (measured.length === 0) continue;
    const { partitions, messages, bytes, compression } = experiment.topic;
    const what = messages
      ? `${format(messages)} messages of ${format(bytes)} bytes in ${partitions} partition${partitions > 1 ? 's' : ''}, ${compression ?? 'not compressed'}.`
      : '';
    lines.push('', `## ${experiment.title}`, '', `${experiment.text} ${what}`.trim());
    for (const { key, outcome } of measured) {
      lines.push('', `### ${key}, ${outcome.date}, ${outcome.rounds} round${outcome.rounds > 1 ? 's' : ''}`, '');
      const svg = await chartOf(experiment, outcome, key);
      if (svg) lines.push(`![${experiment.title}, ${key}](${svg})`, '');
      lines.push(tableOf(experiment, outcome));
    }
  }
  lines.push('', '## Versions and settings', '', 'What is not named is the default of the client.', '');
  for (const [key, { settings }] of Object.entries(runs)) {
    lines.push(
      `### ${key}`,
      '',
      '```',
      ...Object.entries(settings).map(([c, s]) => `${c}: ${JSON.stringify(s)}`),
      '```',
      '',
    );
  }
  await writeFile(path.join(folder, 'README.md'), `${lines.join('\n').trimEnd()}\n`);
}

async function chartOf(experiment: Experiment, outcome: Outcome, key: string): Promise<string | undefined> {
  const [column] = experiment.columns;
  const bars = experiment.entries
    .map(titleOf)
    .map((label) => ({ label, values: figures(experiment, outcome, label, column!) }))
    .filter(({ values }) => values.length > 0 && values.every((value) => Number.isFinite(value)));
  if (bars.length < 2) return undefined;
  const file = `${experiment.name}-${key.replaceAll(/\W+/g, '-').toLowerCase()}.svg`;
  const title = `${column!.title} (${experiment.better === 'more' ? 'more' : 'less'} is better)`;
  const rows = bars.map(({ label, values }) => ({
    label,
    value: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    text: format(median(values), column!.digits),
    ours: label.startsWith('seekafka'),
  }));
  await writeFile(path.join(folder, file), barChart(title, rows));
  return file;
}
