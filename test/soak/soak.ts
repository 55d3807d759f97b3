// Consume, seek, rebalance and produce on a real Kafka for a long time, every message checked:
//
//   npm run soak -- --minutes 60        (default: 2)
//
// Says what it saw every ten seconds, and at the end whether memory, threads and file descriptors stayed flat, and
// whether a message came that is not the very next of its partition. Uses KAFKA_BROKERS, or starts the local Kafka.

import fs from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Admin, Consumer, type ConsumerConfig, KafkaError, Producer, type TopicPartitionOffset } from 'seekafka';
import { startKafka } from '../../scripts/kafka.mjs';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';

const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '2' } } });
const minutes = Number(options.minutes);
/** Set when everything is prepared. */
let end = Infinity;

const PARTITIONS = 6;
const PRODUCED_PER_SECOND = 2000;
const SEEK_EVERY_MS = 100;
const MEMBER_LIVES_MS = 8_000;
const SAMPLE_MS = 10_000;

const kafka = process.env['KAFKA_BROKERS'] ? undefined : await startKafka({ log: console.log });
const servers = process.env['KAFKA_BROKERS'] ?? kafka!.bootstrapServers;

const counts = { produced: 0, delivered: 0, seeks: 0, rebalances: 0, resets: 0, rejected: 0, errors: 0 };
const wrong: string[] = [];

/** A consumer whose every message is checked to be the next of its partition. */
class Member {
  readonly consumer: Consumer;
  readonly #expected = new Map<number, number>();
  #loop: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly topic: string,
    config: ConsumerConfig,
  ) {
    this.consumer = new Consumer(config);
    this.consumer.on('error', () => counts.errors++);
    const forget = (rows: readonly { partition: number }[]) => {
      counts.rebalances++;
      for (const { partition } of rows) this.#expected.delete(partition);
    };
    this.consumer.on('revoked', forget);
    this.consumer.on('lost', forget);
    this.consumer.on('offsetReset', ({ partition, offset }) => {
      counts.resets++;
      this.#expected.set(partition, offset);
    });
  }

  async start(): Promise<void> {
    await this.consumer.subscribe(this.topic);
    this.#loop = (async () => {
      for await (const message of this.consumer) {
        const { partition, offset } = message;
        counts.delivered++;
        const expected = this.#expected.get(partition);
        if (expected !== undefined && offset !== expected) this.#wrong(`${partition}: ${offset} after ${expected - 1}`);
        if (Number(message.value!.toString('latin1', 0, 12)) !== offset)
          this.#wrong(`${partition}: value at ${offset}`);
        this.#expected.set(partition, offset + 1);
      }
    })();
  }

  async seek(): Promise<void> {
    const { consumer } = this;
    const held = consumer.assignment;
    const whole = Math.random() < 0.3;
    const chosen = whole ? held : held.filter(() => Math.random() < 0.5);
    if (chosen.length === 0) return;
    const named = whole ? undefined : chosen;
    counts.seeks++;
    let rows: TopicPartitionOffset[] = [];
    try {
      const dice = Math.random();
      if (dice < 0.25) rows = await consumer.seekToBeginning(named, { timeoutMs: 20_000 });
      else if (dice < 0.5) rows = await consumer.seekToEnd(named, { timeoutMs: 20_000 });
      else if (dice < 0.6) rows = await consumer.seekToTimestamp(Date.now() - 5_000, named, { timeoutMs: 20_000 });
      else if (dice < 0.7) rows = await consumer.seekToCommitted(named, { timeoutMs: 20_000 });
      else {
        const ends = await consumer.endOffsets(chosen);
        rows = await consumer.seek(
          ends.map(({ topic, partition, offset }) => ({ topic, partition, offset: Math.max(0, offset - 2000) })),
          { timeoutMs: 20_000 },
        );
      }
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      counts.rejected++;
      for (const { partition } of chosen) this.#expected.delete(partition); // some of them may have been sought
    }
    const holds = new Set(consumer.assignment.map(({ partition }) => partition));
    for (const { partition, offset } of rows) if (holds.has(partition)) this.#expected.set(partition, offset);
  }

  async stop(): Promise<void> {
    await this.consumer.close();
    await this.#loop;
  }

  #wrong(what: string): void {
    wrong.push(`${this.name} ${what}`);
    if (wrong.length <= 20) console.error(`WRONG: ${wrong.at(-1)}`);
  }
}

async function produce(topic: string): Promise<void> {
  await using producer = new Producer({ 'bootstrap.servers': servers, 'enable.idempotence': true });
  const next = new Array<number>(PARTITIONS).fill(0);
  while (performance.now() < end) {
    const messages = Array.from({ length: PRODUCED_PER_SECOND / 20 }, (_, i) => {
      const partition = i % PARTITIONS;
      return { topic, partition, value: String(next[partition]!++).padStart(12, '0') + 'x'.repeat(88) };
    });
    await Promise.all([producer.send(messages), delay(50)]);
    counts.produced += messages.length;
  }
}

async function seekNowAndThen(members: () => readonly Member[]): Promise<void> {
  while (performance.now() < end) {
    await delay(Math.random() * 2 * SEEK_EVERY_MS);
    const all = members();
    const member = all[Math.floor(Math.random() * all.length)];
    if (member) void member.seek();
  }
}

interface Sample {
  minute: number;
  rssMb: number;
  heapMb: number;
  threads: number;
  descriptors: number;
}

function sample(begun: number): Sample {
  const { rss, heapUsed } = process.memoryUsage();
  const linux = process.platform === 'linux';
  return {
    minute: Number(((performance.now() - begun) / 60_000).toFixed(2)),
    rssMb: Math.round(rss / 1048576),
    heapMb: Math.round(heapUsed / 1048576),
    threads: linux ? fs.readdirSync('/proc/self/task').length : -1,
    descriptors: linux ? fs.readdirSync('/proc/self/fd').length : -1,
  };
}

async function soak(): Promise<boolean> {
  const begun = performance.now();
  await using admin = new Admin({ 'bootstrap.servers': servers });
  const topic = uniqueTopic('soak');
  // Small logs, whose starts move all the time.
  const config = { 'retention.bytes': '6000000', 'segment.bytes': '2000000', 'file.delete.delay.ms': '1000' };
  await admin.createTopics([{ topic, partitions: PARTITIONS, replicationFactor: 1, config }]);
  const classic = { 'session.timeout.ms': 10_000, 'heartbeat.interval.ms': 500 };
  const protocols: Omit<ConsumerConfig, 'bootstrap.servers'>[] = [
    { ...classic, 'partition.assignment.strategy': 'range' },
    { ...classic, 'partition.assignment.strategy': 'cooperative-sticky' },
    { 'group.protocol': 'consumer' },
  ];
  const groups = protocols.map((protocol): ConsumerConfig => ({
    'bootstrap.servers': servers,
    'group.id': uniqueGroup('soak'),
    'auto.offset.reset': 'earliest',
    ...protocol,
  }));
  const steady = groups.map((group, i) => new Member(`steady ${i}`, topic, group));
  const members = new Set(steady);
  await Promise.all(steady.map((member) => member.start()));

  const guests = async () => {
    for (let i = 0; performance.now() < end; i++) {
      const guest = new Member(`guest ${i}`, topic, groups[i % groups.length]!);
      await guest.start();
      members.add(guest);
      await delay(Math.random() * 2 * MEMBER_LIVES_MS);
      members.delete(guest);
      await guest.stop();
    }
  };
  const samples: Sample[] = [];
  const watch = async () => {
    while (performance.now() < end) {
      await delay(Math.min(SAMPLE_MS, Math.max(0, end - performance.now())));
      samples.push(sample(begun));
      console.log(JSON.stringify({ ...samples.at(-1), ...counts, wrong: wrong.length }));
    }
  };
  end = performance.now() + minutes * 60_000;
  await Promise.all([produce(topic), seekNowAndThen(() => [...members]), guests(), watch()]);
  await Promise.all(steady.map((member) => member.stop()));
  await admin.deleteTopics([topic]);

  const half = samples.slice(Math.floor(samples.length / 2));
  const range = (of: readonly Sample[], key: keyof Sample) => [
    Math.min(...of.map((one) => one[key])),
    Math.max(...of.map((one) => one[key])),
  ];
  console.log(`after ${minutes} min: ${JSON.stringify(counts)}`);
  for (const key of ['rssMb', 'heapMb', 'threads', 'descriptors'] as const) {
    console.log(
      `${key}: ${range(samples, key).join(' to ')} in all, ${range(half, key).join(' to ')} in the second half`,
    );
  }
  console.log(
    wrong.length
      ? `${wrong.length} messages were not the next of their partition`
      : 'every message was the next of its partition',
  );
  return wrong.length === 0 && counts.delivered > 0;
}

try {
  process.exitCode = (await soak()) ? 0 : 1;
} finally {
  await kafka?.stop();
}
