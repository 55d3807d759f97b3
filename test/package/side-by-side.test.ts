import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { type RealKafka, describeOnKafka } from '../helpers/clusters.js';
import { eventually } from '../helpers/wait.js';

// docs/side-by-side.md: the lines that it counts, and the programs of this package. (Those of others need what is not installed.)

const root = path.join(import.meta.dirname, '..', '..');
const folder = path.join(root, 'docs', 'side-by-side');

const linesOf = (file: string) =>
  readFileSync(path.join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(\/\/.*|\/\*\*.*\*\/)?$/.test(line)).length;

describe('docs/side-by-side.md', () => {
  it('counts the lines of each program as they are', () => {
    const page = readFileSync(path.join(root, 'docs', 'side-by-side.md'), 'utf8');
    const counts = [...page.matchAll(/\[(\d+)\]\(side-by-side\/([^)]+)\)/g)].map(([, lines, file]) => [
      file,
      Number(lines),
    ]);
    expect(counts).to.have.length(12);
    expect(counts).to.deep.equal(counts.map(([file]) => [file, linesOf(String(file))]));
  });
});

describeOnKafka('the programs of docs/side-by-side', (cluster) => {
  /** Runs one. It is stopped by a signal as soon as `enough` of its output is there. */
  async function run(
    kafka: RealKafka,
    args: readonly string[],
    signal?: NodeJS.Signals,
    enough: (output: string) => boolean | Promise<boolean> = () => true,
  ): Promise<string> {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, KAFKA_BROKERS: kafka.bootstrapServers },
    });
    const ended = once(child, 'close');
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
    try {
      if (signal) {
        await eventually(() => child.exitCode !== null || enough(output), { timeoutMs: 30_000, what: 'its output' });
        child.kill(signal);
      }
      await eventually(() => child.exitCode !== null, { timeoutMs: 30_000, what: 'the program ends' });
    } catch (error) {
      throw new Error(`${args[0]}: ${String(error)}\n${output}`);
    } finally {
      child.kill('SIGKILL');
    }
    await ended;
    expect(child.exitCode, output).to.equal(0);
    return output;
  }

  it('do what they say', async () => {
    const kafka = cluster();
    await using producer = new Producer({ 'bootstrap.servers': kafka.bootstrapServers });
    const replayed = await kafka.createTopic(2);
    await producer.send(Array.from({ length: 40 }, (_, i) => ({ topic: replayed, partition: i % 2, value: `v${i}` })));
    const replay = await run(kafka, ['replay.seekafka.mjs', replayed]);
    expect(replay).to.match(/100 %\n40 messages\n$/);

    const shown = (output: string) => output.trim().split('\n').sort();
    const tail = await run(kafka, ['tail.seekafka.mjs', replayed, '1'], 'SIGINT', (out) => shown(out).length === 2);
    expect(shown(tail)).to.deep.equal(['0/19 null: v38', '1/19 null: v39']);

    const settings = await kafka.createTopic(2);
    const value = (limit: number) => JSON.stringify({ limit });
    await producer.send([
      { topic: settings, key: 'ann', value: value(100) },
      { topic: settings, key: 'bob', value: value(50) },
      { topic: settings, key: 'ann', value: value(200) },
    ]);
    expect(await run(kafka, ['table.seekafka.mjs', settings])).to.equal(
      'at the start: 2 settings, ann: 200\nann: 300 bob is known: false\n',
    );
  });

  it('bill each order, those of a customer in their order, and commit at SIGTERM', async () => {
    const kafka = cluster();
    const [orders, dead] = [await kafka.createTopic(2), await kafka.createTopic()];
    await using producer = new Producer({ 'bootstrap.servers': kafka.bootstrapServers });
    await producer.send(
      Array.from({ length: 120 }, (_, id) => {
        const customer = `c${id % 7}`;
        return { topic: orders, key: customer, value: JSON.stringify({ id, customer, total: id === 33 ? -1 : id }) };
      }),
    );
    await using consumer = new Consumer({
      'bootstrap.servers': kafka.bootstrapServers,
      'group.id': `billing-${orders}`,
    });
    const refused = async () => (await consumer.endOffsets([{ topic: dead, partition: 0 }]))[0]!.offset;
    const billed = (output: string) =>
      [...output.matchAll(/billed (\d+) of (\S+)/g)].map(([, id, customer]) => ({ id: Number(id), customer }));
    const output = await run(
      kafka,
      ['order-service.seekafka.mjs', orders, dead, '0'],
      'SIGTERM',
      async (text) => billed(text).length === 119 && (await refused()) === 1,
    );
    for (const one of ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6']) {
      const ids = billed(output).flatMap(({ id, customer }) => (customer === one ? [id] : []));
      expect(ids).to.deep.equal([...ids].sort((a, b) => a - b));
    }
    const both = [0, 1].map((partition) => ({ topic: orders, partition }));
    expect(await consumer.committed(both)).to.deep.equal(await consumer.endOffsets(both));
  });
});
