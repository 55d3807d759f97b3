import { readFileSync } from 'node:fs';
import { Consumer, Producer, librdkafkaVersion } from 'seekafka';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const fromBeginning = { 'auto.offset.reset': 'earliest' };

/** @satisfies {import('../driver.js').Driver} */
export const driver = {
  client: 'seekafka',
  version: `${version} (librdkafka ${librdkafkaVersion})`,
  settings: {
    consumeBatches: fromBeginning,
    consumeMessages: fromBeginning,
    process1: { ...fromBeginning, concurrency: 1 },
    process64: { ...fromBeginning, concurrency: 64 },
    producer: { acks: 'all', 'linger.ms': 'as the task says' },
    tail: {},
  },

  consumeBatches: (job) =>
    consume(job, async (consumer, tally) => {
      for await (const batch of consumer.batches()) {
        tally.firstAt ||= performance.now();
        for (const message of batch) tally.sum += message.value.readUInt32LE(0);
        tally.count += batch.length;
        if (tally.count >= job.total) break;
      }
    }),

  consumeMessages: (job) =>
    consume(job, async (consumer, tally) => {
      for await (const message of consumer) {
        tally.firstAt ||= performance.now();
        tally.sum += message.value.readUInt32LE(0);
        if (job.waitMs) await wait(job.waitMs);
        if (++tally.count >= job.total) break;
      }
    }),

  process1: (job) => processBy(job, 1),
  process64: (job) => processBy(job, 64),

  async producer({ servers, topic, lingerMs }) {
    const linger = lingerMs === undefined ? {} : { 'linger.ms': lingerMs };
    const producer = new Producer({ 'bootstrap.servers': servers, acks: 'all', ...linger });
    return {
      sendArray: (values) => producer.send(values.map((value) => ({ topic, value }))),
      sendOne: (value) => producer.send({ topic, value }),
      close: () => producer.close(),
    };
  },

  async tail({ servers, topic, group }, onMessage) {
    const consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': group });
    await consumer.subscribe(topic);
    await consumer.seekToEnd();
    const reading = (async () => {
      for await (const batch of consumer.batches()) for (const message of batch) onMessage(message.value);
    })();
    return {
      toBeginning: () => consumer.seekToBeginning(),
      close: async () => {
        await consumer.close();
        await reading;
      },
    };
  },
};

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const processBy = (job, concurrency) =>
  consume(job, async (consumer, tally) => {
    const stop = new AbortController();
    const took = () => {
      if (++tally.count < job.total) return;
      tally.lastAt = performance.now();
      stop.abort();
    };
    const handler = (message) => {
      tally.firstAt ||= performance.now();
      tally.sum += message.value.readUInt32LE(0);
      return job.waitMs ? wait(job.waitMs).then(took) : took();
    };
    await consumer.process(handler, { concurrency, signal: stop.signal });
  });

async function consume({ servers, topic, group }, read) {
  const consumer = new Consumer({ 'bootstrap.servers': servers, 'group.id': group, ...fromBeginning });
  await consumer.subscribe(topic);
  const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
  await read(consumer, tally);
  tally.lastAt ||= performance.now();
  await consumer.close();
  return tally;
}
