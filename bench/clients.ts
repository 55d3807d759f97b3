// How a trial of a client is started: a Node.js client through trial.mjs, the others as programs of their own.

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Entry, Result, Task } from './experiments.js';

const here = import.meta.dirname;
const TRIAL_TIMEOUT_MS = 120_000;

/** Where everything is that a trial needs. What is undefined could not be installed. */
export interface Site {
  node: string;
  /** The folder whose node_modules holds the peers. */
  peers: string;
  python: string | undefined;
  /** The program of limits/librdkafka.c. */
  librdkafka: string | undefined;
  rdkafkaPerformance: string | undefined;
}

export const nodePeers = ['kafkajs', 'platformatic', 'confluent', 'node-rdkafka'];
export const isNodePeer = ({ client }: Entry): boolean => nodePeers.includes(client);
export const isPeer = ({ client }: Entry): boolean => isNodePeer({ client }) || client === 'aiokafka';
export const titleOf = ({ client, note }: Entry): string => (note ? `${client} ${note}` : client);

/** Runs one trial. Throws what the client said when it failed. */
export async function runTrial(
  site: Site,
  entry: Entry,
  task: Task,
  job: Record<string, unknown> & { servers: string; topic: string },
): Promise<Result> {
  const [command, args, env] = commandOf(site, entry, task, job);
  try {
    const { stdout } = await promisify(execFile)(command, args, {
      timeout: TRIAL_TIMEOUT_MS + Number(job['minutes'] ?? 0) * 60_000,
      env: { ...process.env, ...env },
      maxBuffer: 64 * 2 ** 20,
    });
    return entry.client === 'rdkafka_performance'
      ? readPerformance(stdout)
      : (JSON.parse(stdout.trim().split('\n').at(-1)!) as Result);
  } catch (error) {
    const { killed, stderr = '', message } = error as Error & { killed?: boolean; stderr?: string };
    // The last line is the error's own, of trial.mjs as of Python and the C program; before it come logs and stacks.
    const reason = killed ? `no end after ${TRIAL_TIMEOUT_MS / 1000} s` : stderr.trim().split('\n').at(-1);
    throw new Error((reason || message).slice(0, 300));
  }
}

type Command = [command: string, args: string[], env?: Record<string, string>];

function commandOf(
  site: Site,
  { client, way, base }: Entry,
  task: Task,
  job: Record<string, unknown> & { servers: string; topic: string },
): Command {
  const needed = (file: string | undefined): string => {
    if (!file) throw new Error(`${client} is not installed`);
    return file;
  };
  switch (client) {
    case 'aiokafka':
      return [needed(site.python), ['-I', path.join(here, 'drivers', 'aiokafka.py'), task, JSON.stringify(job)]];
    case 'librdkafka':
      return [needed(site.librdkafka), [task, ...Object.entries(job).map(([key, value]) => `${key}=${String(value)}`)]];
    case 'rdkafka_performance':
      return [needed(site.rdkafkaPerformance), performanceArguments(job, way)];
    default: {
      const driver = path.join(base ? path.join(base, 'bench') : here, 'drivers', `${client}.mjs`);
      const args = [path.join(here, 'trial.mjs'), driver, task, JSON.stringify(way ? { ...job, way } : job)];
      return [site.node, args, { BENCH_PEERS: site.peers }];
    }
  }
}

/** Its payload and its partitions are its own choice, so only how many there are can be checked. */
function performanceArguments(
  job: Record<string, unknown> & { servers: string; topic: string },
  inFlight: string | undefined,
): string[] {
  const properties = [`linger.ms=${String(job['lingerMs'])}`, 'request.required.acks=-1'];
  if (inFlight) properties.push(`queue.buffering.max.messages=${inFlight}`);
  const counts = ['-c', String(job['total']), '-s', String(job['bytes'])];
  return [
    '-P',
    '-t',
    job.topic,
    '-b',
    job.servers,
    ...counts,
    '-a',
    '-1',
    ...properties.flatMap((p) => ['-X', p]),
    '-q',
  ];
}

/** Its last line: "% 500000 messages produced (50000000 bytes), 0 failed, 500000 delivered in 234ms: 2136752 msgs/s ..." */
function readPerformance(output: string): Result {
  const lines = output.match(/(\d+) messages produced.*?(\d+) delivered.*? in (\d+)ms/g) ?? [];
  const [, , delivered, ms] = /(\d+) messages produced.*?(\d+) delivered.*? in (\d+)ms/.exec(lines.at(-1) ?? '') ?? [];
  if (!delivered) throw new Error(`rdkafka_performance: no summary in its output: ${output.slice(-200)}`);
  return { sent: Number(delivered), sendMs: Number(ms) };
}
