import { expect } from 'chai';
import { Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

// Nobody waits for what will not come: an awaited send has nothing to be gathered with. What is counted are milliseconds of
// many sends together, so that one that stood still by chance says nothing.

const SENDS = 100;

describe('linger.ms', () => {
  const millisecondsOf = async (config: object): Promise<number> => {
    const cluster = await mockCluster();
    await using _cluster = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers, ...config });
    await inTime(producer.send({ topic, value: 'the first one connects' }));
    const times: number[] = [];
    for (let i = 0; i < SENDS; i++) {
      const begun = performance.now();
      await inTime(producer.send({ topic, value: `${i}` }));
      times.push(performance.now() - begun);
    }
    return times.sort((a, b) => a - b)[SENDS / 2]!;
  };

  it('is not waited for by one send after the other, where it is left out', async () => {
    const [followsLoad, given] = [await millisecondsOf({}), await millisecondsOf({ 'linger.ms': 20 })];
    expect(given, 'one that is given is kept').to.be.at.least(15);
    expect(followsLoad).to.be.lessThan(given / 3);
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
