import { expect } from 'chai';
import { Producer } from 'seekafka';
import { seekafkaDefaults } from '../../lib/config/config.js';
import { mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

// Nobody waits for what will not come: an awaited send has nothing to be gathered with. What is counted are milliseconds of
// many sends together, so that one that stood still by chance says nothing.

const SENDS = 200;
/** What seekafka sets where it is left out. */
const { value: LINGER_MS } = seekafkaDefaults.producer['linger.ms'] as { value: number };

describe('linger.ms', () => {
  it('is not waited for by one send after the other, where it is left out', async () => {
    const cluster = await mockCluster();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using leftOut = new Producer(servers);
    await using given = new Producer({ ...servers, 'linger.ms': LINGER_MS });
    const times = new Map([leftOut, given].map((producer) => [producer, [] as number[]]));
    // In turns, so that what else the machine does is the same for both.
    for (let i = 0; i <= SENDS; i++) {
      for (const [producer, taken] of times) {
        const begun = performance.now();
        await inTime(producer.send({ topic, value: `${i}` }));
        if (i > 0) taken.push(performance.now() - begun); // the first one connects
      }
    }
    // A quarter of them was not held up by the machine.
    const quarter = (producer: Producer) => times.get(producer)!.sort((a, b) => a - b)[SENDS / 4]!;
    expect(quarter(given), 'one that is given is kept').to.be.at.least(LINGER_MS);
    expect(quarter(given) - quarter(leftOut), 'ms that are saved').to.be.above(LINGER_MS / 2);
  });

  it('gathers what is sent together, where it is left out', async () => {
    const cluster = await mockCluster();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    const producer = new Producer({
      'bootstrap.servers': cluster.bootstrapServers,
      debug: 'msg',
      'queue.buffering.max.messages': 10_000,
    });
    await using _producer = producer;
    await inTime(producer.send({ topic, value: 'the first one connects' }));
    let requests = 0;
    producer.on('log', ({ message }) => (requests += /Produce MessageSet with/.test(message) ? 1 : 0));
    await inTime(
      Promise.all(
        Array.from({ length: 1000 }, async (_, i) => {
          for (let n = 0; n < i % 7; n++) await Promise.resolve(); // not all in one crossing
          await producer.send({ topic, partition: 0, value: `${i}` });
        }),
      ),
    );
    expect(requests).to.be.greaterThan(0).and.lessThan(100);
  });
});
