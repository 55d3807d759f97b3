// The main job of this package, told step by step: produce to several partitions, consume, and seek.
//
//   npm start                            on the mock cluster that is built in
//   KAFKA_BROKERS=host:port npm start    on that Kafka; its topic is deleted at the end
//
// Every line with a tick was checked. The exit code is 1 when one of them is not as promised.

import { randomBytes } from 'node:crypto';
import { Admin, Consumer, KafkaError, MockCluster, Producer, librdkafkaVersion, type Message } from 'seekafka';
import { Story } from './story.js';

const SIZES = [4000, 3000, 2000, 1000];
const TOTAL = SIZES.reduce((sum, size) => sum + size, 0);
const NEWS_PER_PARTITION = 25;
/** A message that does not come within this time does not come. */
const PATIENCE_MS = 30_000;

const story = new Story();
const topic = `seekafka-main-job-${randomBytes(4).toString('hex')}`;

/** What a loop over the topic saw: how many messages of each partition, and how many of them out of place. */
interface Reading {
  counts: number[];
  outOfPlace: number;
  firstMs: number;
  allMs: number;
}

/** Reads `count` messages. Each partition is to begin at `from` and to go on without a gap. */
async function read(consumer: Consumer, count: number, from: readonly number[], word: string): Promise<Reading> {
  const next = [...from];
  const reading: Reading = { counts: SIZES.map(() => 0), outOfPlace: 0, firstMs: NaN, allMs: NaN };
  const started = performance.now();
  let seen = 0;
  await withPatience(consumer, async () => {
    for await (const message of consumer) {
      if (seen === 0) reading.firstMs = performance.now() - started;
      const { partition, offset } = message;
      if (offset !== next[partition]!++ || !says(message, `${word} ${partition}/${offset}`)) reading.outOfPlace++;
      reading.counts[partition]!++;
      if (++seen === count) break;
    }
  });
  reading.allMs = performance.now() - started;
  return reading;
}

/** Goes through partition 0 from its beginning, and jumps on the way. Gives the offset that comes after the jump. */
async function jump(consumer: Consumer, at: number, to: number): Promise<number | undefined> {
  const partition0 = { topic, partition: 0 };
  await consumer.seekToBeginning([partition0]);
  let sought = false;
  let next: number | undefined;
  await withPatience(consumer, async () => {
    for await (const { partition, offset } of consumer) {
      if (partition !== 0) continue;
      if (sought) {
        next = offset;
        break;
      }
      if (offset === at) {
        await consumer.seek({ ...partition0, offset: to });
        sought = true;
      }
    }
  });
  return next;
}

/** A demonstration should not hang: closing the consumer ends its loop, and what is missing then shows. */
async function withPatience(consumer: Consumer, loop: () => Promise<void>): Promise<void> {
  const patience = setTimeout(() => void consumer.close(), PATIENCE_MS);
  try {
    await loop();
  } finally {
    clearTimeout(patience);
  }
}

const says = ({ value }: Message, text: string) => value?.toString().startsWith(`${text} `) ?? false;

/** Messages that say where they are to lie: `<word> <partition>/<offset> ...`. */
const messages = (word: string, sizes: readonly number[], from: readonly number[]) =>
  sizes.flatMap((size, partition) =>
    Array.from({ length: size }, (_, i) => ({
      topic,
      partition,
      key: `key-${i}`,
      value: `${word} ${partition}/${from[partition]! + i} ${'·'.repeat(20)}`,
    })),
  );

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
const same = (a: readonly number[], b: readonly number[]) => a.length === b.length && a.every((n, i) => n === b[i]);
const offsetsOf = (rows: readonly { partition: number; offset: number }[]) =>
  [...rows].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset);

async function tell(servers: string): Promise<void> {
  const beginning = SIZES.map(() => 0);
  await using producer = new Producer({ 'bootstrap.servers': servers });
  await using consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': topic });
  producer.on('error', (error) => story.aside(error.message));
  consumer.on('error', (error) => story.aside(error.message));

  story.chapter(`Produce to ${SIZES.length} partitions`);
  let start = performance.now();
  const stored = await producer.send(messages('old', SIZES, beginning));
  story.check(stored.length === TOTAL, `${story.count(stored.length, 'message')} acknowledged`, start);
  story.bars(SIZES, (partition) => `offsets 0 to ${SIZES[partition]! - 1}`);

  story.chapter('Seek before there is an assignment');
  story.aside("The group has given this consumer nothing yet, and 'auto.offset.reset' is 'latest'. So it would");
  story.aside('start at the end. But seekToBeginning() waits for the assignment and becomes its start.');
  start = performance.now();
  await consumer.subscribe(topic);
  const early = await consumer.seekToBeginning();
  story.check(
    same(offsetsOf(early), beginning),
    `assigned ${story.count(early.length, 'partition')}, each at its beginning`,
    start,
  );
  checkReading(await read(consumer, TOTAL, beginning, 'old'), SIZES, 'read, in order, none twice');

  story.chapter('Seek to the beginning, and read all of it again');
  start = performance.now();
  const again = await consumer.seekToBeginning();
  story.check(same(offsetsOf(again), beginning), 'seekToBeginning() resolved with the offsets now in force', start);
  checkReading(await read(consumer, TOTAL, beginning, 'old'), SIZES, 'read again, from the first to the last');

  story.chapter('Change your mind in the middle of the loop');
  story.aside('Partition 0 is read up to offset 99, and thousands of messages are fetched ahead. Then, in the loop:');
  start = performance.now();
  const next = await jump(consumer, 99, 1500);
  story.check(next === 1500, `seek() to offset 1500, and the next message of partition 0 is ${next ?? 'none'}`, start);

  story.chapter('Seek to the end, and see only what is new');
  start = performance.now();
  const end = await consumer.seekToEnd();
  story.check(same(offsetsOf(end), SIZES), `seekToEnd() resolved with ${offsetsOf(end).join(', ')}`, start);
  const news = SIZES.map(() => NEWS_PER_PARTITION);
  start = performance.now();
  await producer.send(messages('new', news, SIZES));
  story.check(true, `${story.count(sum(news), 'message')} produced after that`, start);
  const fresh = await read(consumer, sum(news), SIZES, 'new');
  checkReading(fresh, news, 'read: the new ones, and nothing else');
  story.bars(fresh.counts, (partition) => `from offset ${SIZES[partition]}`);

  const lag = sum((await consumer.lag()).map((row) => row.lag));
  story.check(lag === 0, `lag() says that ${lag === 0 ? 'nothing' : lag} is left`);
}

function checkReading(reading: Reading, expected: readonly number[], what: string): void {
  const read = sum(reading.counts);
  const right = same(reading.counts, expected) && reading.outOfPlace === 0;
  const fault = reading.outOfPlace ? `${reading.outOfPlace} out of place` : `${sum(expected)} expected`;
  story.check(right, `${story.count(read, 'message')} ${right ? what : `read, ${fault}`}`);
  story.aside(`the first after ${story.ms(reading.firstMs)}, the last after ${story.ms(reading.allMs)}`);
}

/** Runs `work` with brokers: those of KAFKA_BROKERS, or mock ones. The topic is there meanwhile. */
async function withTopic(work: (servers: string) => Promise<void>): Promise<void> {
  const servers = process.env.KAFKA_BROKERS;
  if (!servers) {
    await using mock = await MockCluster.start();
    story.title(`librdkafka ${librdkafkaVersion} inside, Node.js ${process.versions.node}`, [
      `cluster   a mock one, in this process, at ${mock.bootstrapServers}`,
      '          (KAFKA_BROKERS=host:port npm start takes a real one)',
      `topic     ${topic}`,
    ]);
    mock.createTopic(topic, SIZES.length);
    await work(mock.bootstrapServers);
    return;
  }
  story.title(`librdkafka ${librdkafkaVersion} inside, Node.js ${process.versions.node}`, [
    `cluster   Kafka at ${servers}`,
    `topic     ${topic}, deleted at the end`,
  ]);
  await using admin = new Admin({ 'bootstrap.servers': servers });
  admin.on('error', () => undefined); // what does not pass is what a call rejects with
  await admin.createTopics([{ topic, partitions: SIZES.length }], { timeoutMs: 10_000 });
  try {
    await work(servers);
  } finally {
    await admin.deleteTopics([topic], { timeoutMs: 10_000 });
  }
}

const started = performance.now();
try {
  await withTopic(tell);
} catch (error) {
  if (!(error instanceof KafkaError)) throw error;
  story.check(false, `${error.operation} failed: ${error.message} (${error.code})`);
}
story.end(started);
if (story.failures > 0) process.exitCode = 1;
