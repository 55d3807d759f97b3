import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// Its present line needs a newer Node.js than 20.
const name =
  Number(process.versions.node.split('.')[0]) < 22 ? 'platformatic-kafka-for-node-20' : '@platformatic/kafka';
const require = createRequire(path.join(process.env.BENCH_PEERS, 'from.js'));
const { Consumer, MessagesStreamModes, ProduceAcks, Producer } = await import(
  pathToFileURL(require.resolve(name)).href
);

/** @satisfies {import('../driver.js').Driver} */
export const driver = {
  client: 'platformatic',
  version: JSON.parse(readFileSync(path.join(process.env.BENCH_PEERS, 'node_modules', name, 'package.json'))).version,
  settings: {
    consumeBatches: { way: "stream.on('data')", mode: 'earliest', autocommit: true },
    producer: { acks: 'all', note: 'it has no linger' },
    tail: { way: "stream.on('data')", mode: 'latest', autocommit: true },
  },

  async consumeBatches({ servers, topic, group, total }) {
    const tally = { count: 0, sum: 0, firstAt: 0, lastAt: 0 };
    const consumer = consumerOf(servers, group);
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: true });
    await new Promise((resolve, reject) => {
      stream.on('error', reject);
      stream.on('data', ({ value }) => {
        tally.firstAt ||= performance.now();
        tally.sum += value.readUInt32LE(0);
        if (++tally.count !== total) return;
        tally.lastAt = performance.now();
        resolve();
      });
    });
    return tally;
  },

  async producer({ servers, topic }) {
    const producer = new Producer({ clientId: 'bench', bootstrapBrokers: servers.split(','), acks: ProduceAcks.ALL });
    const send = (messages) => producer.send({ messages });
    return {
      sendArray: (values) => send(values.map((value) => ({ topic, value }))),
      sendOne: (value) => send([{ topic, value }]),
      close: () => producer.close(true),
    };
  },

  async tail({ servers, topic, group }, onMessage) {
    const consumer = consumerOf(servers, group);
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.LATEST, autocommit: true });
    stream.on('data', ({ value }) => onMessage(value));
    return { close: () => consumer.close(true) };
  },
};

function consumerOf(servers, group) {
  return new Consumer({ clientId: 'bench', groupId: group, bootstrapBrokers: servers.split(',') });
}
