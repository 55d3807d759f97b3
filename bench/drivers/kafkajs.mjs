import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { benchProducer, handOn, readBatches, tailOf } from './kafkajs-like.mjs';

const require = createRequire(path.join(process.env.BENCH_PEERS, 'from.js'));
const kafkajs = require('kafkajs');

// It has gzip alone and leaves other codecs to plug-ins. Those that its documentation names are native and old; these
// do the same work: the lz4 that another peer brings along, and the zstd that Node.js has from 22.15.
const { lz4Compress, lz4Decompress } = require('@platformatic/wasm-utils');
const { CompressionCodecs: codecs, CompressionTypes: types } = kafkajs;
codecs[types.LZ4] = () => ({
  compress: async (encoder) => lz4Compress(encoder.buffer),
  decompress: async (buffer) => lz4Decompress(buffer),
});
if (zlib.zstdDecompress) {
  const [zstdCompress, zstdDecompress] = [zlib.zstdCompress, zlib.zstdDecompress].map((work) => promisify(work));
  codecs[types.ZSTD] = () => ({ compress: (encoder) => zstdCompress(encoder.buffer), decompress: zstdDecompress });
}

const connect = (servers) => new kafkajs.Kafka({ brokers: servers.split(','), logLevel: kafkajs.logLevel.ERROR });

/** @satisfies {import('../driver.js').Driver} */
export const driver = {
  client: 'kafkajs',
  version: require('kafkajs/package.json').version,
  settings: {
    consumeBatches: { way: 'eachBatch', fromBeginning: true, lz4: '@platformatic/wasm-utils', zstd: 'node:zlib' },
    eachMessage1: { fromBeginning: true, partitionsConsumedConcurrently: 1 },
    eachMessage64: { fromBeginning: true, partitionsConsumedConcurrently: 64 },
    producer: { acks: -1, note: 'it has no linger' },
    tail: { way: 'eachBatch', fromBeginning: false },
  },

  async consumeBatches({ servers, topic, group, total }) {
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    const consumer = connect(servers).consumer({ groupId: group });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    return readBatches(consumer, total, tally, (reject) => {
      // After some errors it starts again by itself: no failure, only time.
      consumer.on(consumer.events.CRASH, ({ payload }) => payload.restart || reject(payload.error));
    });
  },

  eachMessage1: (job) => eachMessage(job, 1),
  eachMessage64: (job) => eachMessage(job, 64),

  async producer({ servers, topic }) {
    const producer = connect(servers).producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
    await producer.connect();
    const send = (messages) => producer.send({ topic, acks: -1, messages });
    return benchProducer(producer, send);
  },

  async tail({ servers, topic, group, partitions }, onMessage) {
    const consumer = connect(servers).consumer({ groupId: group });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: false });
    // It tells when it has joined, and looks the log end up with its first fetch behind that.
    const fetched = new Promise((resolve) => {
      consumer.on(consumer.events.FETCH, resolve);
    });
    await consumer.run({ eachBatch: handOn(onMessage) });
    await fetched;
    return tailOf(consumer, topic, partitions);
  },
};

async function eachMessage({ servers, topic, group, total, waitMs }, partitionsConsumedConcurrently) {
  const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
  const consumer = connect(servers).consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise((resolve, reject) => {
    const handler = async ({ message }) => {
      tally.firstAt ||= performance.now();
      tally.sum += message.value.readUInt32LE(0);
      if (waitMs) await new Promise((waited) => setTimeout(waited, waitMs));
      if (++tally.count < total) return;
      tally.lastAt = performance.now();
      resolve();
    };
    consumer.run({ partitionsConsumedConcurrently, eachMessage: handler }).catch(reject);
  });
  await consumer.disconnect();
  return tally;
}
