// Throughput of consuming: a million small messages on a real Kafka, this package beside others.
//
//   npm run bench                                  starts a local Kafka
//   KAFKA_BROKERS=host:port npm run bench          uses that one; its topic is deleted at the end
//   npm run bench -- --messages 200000 --rounds 3
//
// README.md beside this file says what is measured and how.

import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Admin, Producer, librdkafkaVersion } from 'seekafka';
import { startKafka } from '../scripts/kafka.mjs';
import type { Driver, Job } from './driver.js';
import type { Result } from './trial.js';

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    bytes: { type: 'string', default: '100' },
    partitions: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
  },
});
const total = Number(values.messages);
const bytes = Number(values.bytes);
const partitions = Number(values.partitions);
const rounds = Number(values.rounds);

const here = import.meta.dirname;
const driverFiles = ['drivers/seekafka-batches.ts', 'drivers/seekafka-messages.ts', 'peers/kafkajs-each-batch.mjs'];
/** What the others are compared with. */
const reference = 'peers/kafkajs-each-batch.mjs';
const topic = `seekafka-bench-${randomBytes(4).toString('hex')}`;

installPeers();
const drivers = new Map<string, Driver>();
for (const file of driverFiles) {
  const { driver } = (await import(path.join(here, file))) as { driver: Driver };
  drivers.set(file, driver);
}

const local = process.env.KAFKA_BROKERS ? undefined : await startKafka({ log: console.log });
try {
  const servers = process.env.KAFKA_BROKERS ?? local!.bootstrapServers;
  await using admin = new Admin({ 'bootstrap.servers': servers });
  tellSettings(servers);
  await admin.createTopics([{ topic, partitions }]);
  try {
    await fill(servers);
    tellResults(await measure(servers));
  } finally {
    await admin.deleteTopics([topic]);
  }
} finally {
  await local?.stop();
}

function installPeers(): void {
  const folder = path.join(here, 'peers');
  if (existsSync(path.join(folder, 'node_modules'))) return;
  console.log('Installing the clients to compare with (bench/peers) ...');
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) throw new Error(`npm ci failed in bench/peers: ${error?.message ?? `it ended with ${status}`}`);
}

function tellSettings(servers: string): void {
  const { model } = os.cpus()[0]!;
  const load = os.loadavg().map((n) => n.toFixed(2));
  console.log(
    `machine    ${os.cpus().length} x ${model}, ${Math.round(os.totalmem() / 2 ** 30)} GiB, load ${load.join(' ')}`,
  );
  console.log(`software   Node.js ${process.versions.node}, librdkafka ${librdkafkaVersion}`);
  console.log(`Kafka      ${servers}${local ? ' (started for this run, on this machine)' : ''}`);
  console.log(`messages   ${total} of ${bytes} bytes in ${partitions} partitions, not compressed`);
  console.log(`rounds     ${rounds}, after one that does not count; one process a trial, in turns`);
  for (const { title, settings } of drivers.values()) console.log(`${title}: ${JSON.stringify(settings)}`);
}

/** Message n carries n in its first four bytes, and lies in partition n % partitions. */
async function fill(servers: string): Promise<void> {
  await using producer = new Producer({ 'bootstrap.servers': servers, 'linger.ms': 50, 'batch.size': 1_000_000 });
  const chunk = 20_000;
  for (let from = 0; from < total; from += chunk) {
    const messages = Array.from({ length: Math.min(chunk, total - from) }, (_, i) => {
      const value = Buffer.alloc(bytes, 'x');
      value.writeUInt32LE(from + i, 0);
      return { topic, partition: (from + i) % partitions, value };
    });
    await producer.send(messages);
  }
}

async function trial(file: string, servers: string): Promise<Result> {
  const job: Job = { servers, topic, group: `${topic}-${randomBytes(4).toString('hex')}`, total };
  const args = ['--import', 'tsx', path.join(here, 'trial.ts'), `./${file}`, JSON.stringify(job)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: here, timeout: 300_000 });
  const result = JSON.parse(stdout) as Result;
  const sum = (total * (total - 1)) / 2;
  if (result.count !== total || result.sum !== sum) {
    throw new Error(`${file}: ${result.count} messages with sum ${result.sum}, and not ${total} with ${sum}`);
  }
  return result;
}

/** In turns, each round beginning with another one, so that what the machine does besides hits all alike. */
async function measure(servers: string): Promise<Map<string, Result[]>> {
  const results = new Map<string, Result[]>(driverFiles.map((file) => [file, []]));
  for (let round = 0; round <= rounds; round++) {
    for (let i = 0; i < driverFiles.length; i++) {
      const file = driverFiles[(round + i) % driverFiles.length]!;
      const result = await trial(file, servers);
      if (round > 0) results.get(file)!.push(result);
      const rate = Math.round(total / (result.readMs / 1000)).toLocaleString('en-US');
      console.log(`round ${round}  ${drivers.get(file)!.title.padEnd(20)}  ${rate.padStart(10)} messages/s`);
    }
  }
  return results;
}

function tellResults(results: ReadonlyMap<string, readonly Result[]>): void {
  const rates = (file: string) => results.get(file)!.map(({ readMs }) => total / (readMs / 1000));
  const whole = (n: number) => Math.round(n).toLocaleString('en-US');
  const twoDigits = (n: number) => n.toFixed(2);
  const base = rates(reference);
  console.log(`\nmedian (least to most) of ${rounds} rounds; the ratio is taken within each round`);
  console.log('| client | messages/s | ratio | CPU s a million | peak memory MB | to the first message ms |');
  console.log('|---|---|---|---|---|---|');
  for (const file of driverFiles) {
    const of = (pick: (result: Result) => number) => results.get(file)!.map(pick);
    const cells = [
      drivers.get(file)!.title,
      spread(rates(file), whole),
      file === reference
        ? '1'
        : spread(
            rates(file).map((rate, i) => rate / base[i]!),
            twoDigits,
          ),
      spread(
        of(({ cpuMs }) => (cpuMs * 1000) / total),
        twoDigits,
      ),
      spread(
        of(({ peakMb }) => peakMb),
        whole,
      ),
      spread(
        of(({ firstMs }) => firstMs),
        whole,
      ),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

function spread(numbers: readonly number[], format: (n: number) => string): string {
  const sorted = [...numbers].sort((a, b) => a - b);
  const median = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
  return `${format(median)} (${format(sorted[0]!)} to ${format(sorted.at(-1)!)})`;
}
