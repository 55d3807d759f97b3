import { startKafka, whyNoKafka, type LocalKafka, type StartKafkaOptions } from '../../scripts/kafka.mjs';
import { setGroup, skip } from './groups.js';

/** A start may include the download of Kafka. */
const startTimeoutMs = 300_000;

let ofThisRun: Promise<string> | undefined;
let local: LocalKafka | undefined;

/**
 * `bootstrap.servers` of the Kafka of this run: the one that KAFKA_BROKERS names, or else a local one, started when
 * the first suite asks and stopped when the run is over. Programs that tests start find it in KAFKA_BROKERS.
 */
export function kafkaOfThisRun(): Promise<string> {
  ofThisRun ??= (async () => {
    if (process.env.KAFKA_BROKERS) return process.env.KAFKA_BROKERS;
    local = await startKafka({ log: console.log });
    process.env.KAFKA_BROKERS = local.bootstrapServers;
    return local.bootstrapServers;
  })();
  return ofThisRun;
}

export async function stopKafkaOfThisRun(): Promise<void> {
  await ofThisRun?.catch(() => {});
  await local?.stop();
}

/**
 * A suite that needs a real Kafka, the one of this run, which it shares with others: use topics and groups with names
 * of your own (unique.ts). Its tests are pending where no Kafka can be had; with REQUIRE_KAFKA=1 they fail.
 */
export function describeKafka(title: string, define: (bootstrapServers: () => string) => void): void {
  const suite = describe(title, () => {
    let bootstrapServers: string | undefined;
    before('real Kafka', async function () {
      this.timeout(startTimeoutMs);
      if (!process.env.KAFKA_BROKERS) skipWithoutKafka(this);
      bootstrapServers = await kafkaOfThisRun();
    });
    define(() => started(bootstrapServers));
  });
  setGroup(suite, 'kafka');
}

/** A suite that pauses, ends or configures its Kafka, and so has one to itself. */
export function describeOwnKafka(
  title: string,
  define: (kafka: () => LocalKafka) => void,
  options: StartKafkaOptions | (() => StartKafkaOptions | Promise<StartKafkaOptions>) = {},
): void {
  const suite = describe(title, () => {
    let kafka: LocalKafka | undefined;
    before('a Kafka of its own', async function () {
      this.timeout(startTimeoutMs);
      skipWithoutKafka(this);
      kafka = await startKafka({ ...(typeof options === 'function' ? await options() : options), log: console.log });
    });
    after('end of that Kafka', () => kafka?.stop());
    define(() => started(kafka));
  });
  setGroup(suite, 'kafka');
}

/** For a suite that starts a Kafka of another shape. */
export function skipWithoutKafka(context: Mocha.Context): void {
  const reason = whyNoKafka();
  if (!reason) return;
  if (process.env.REQUIRE_KAFKA === '1') throw new Error(`REQUIRE_KAFKA=1, but ${reason}`);
  skip(context, reason);
}

function started<T>(kafka: T | undefined): T {
  if (kafka === undefined) throw new Error('Kafka runs within hooks and tests, not while suites are being defined');
  return kafka;
}
