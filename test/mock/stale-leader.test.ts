import { expect } from 'chai';
import type { OffsetReset } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { Reader, at, consumerOn, fill, range } from '../helpers/numbered.js';

// A broker that was frozen while another one became the leader does not know that when it thaws: its log ends where it ended then, and
// it refuses what lies behind. A storm found a seekToEnd() that was followed by the whole log anew.

const FETCH = 1;
const OFFSET_OUT_OF_RANGE = 1;

describe('a log that ends before an offset, and grows beyond it while that is looked at', () => {
  it('is another log: what it holds before is not left out, and the reset is told', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    await using consumer = consumerOn(cluster, { 'auto.offset.reset': 'earliest' });
    const told: OffsetReset[] = [];
    let produced: Promise<unknown> | undefined;
    consumer.on('offsetReset', (one) => told.push(one));
    await consumer.assign([at(topic, 12)]);
    const reader = new Reader(consumer);
    const grow = setInterval(() => void (produced ??= fill(cluster, topic, { count: 5, from: 10 })), 300);
    await reader.until(15).finally(() => clearInterval(grow));
    await produced;
    expect(reader.sequences()).to.deep.equal(range(0, 15));
    expect(told).to.deep.equal([{ topic, partition: 0, askedOffset: 12, offset: 0 }]);
  });
});

describe('a leader that refuses an offset that the log holds', () => {
  for (const reset of ['earliest', 'latest', 'error'] as const) {
    it(`is asked again, and nothing is reset: auto.offset.reset ${reset}`, async () => {
      const cluster = await mockCluster();
      await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
      const topic = await cluster.createTopic();
      await fill(cluster, topic, { count: 10 });
      await using consumer = consumerOn(cluster, { 'auto.offset.reset': reset });
      const told: OffsetReset[] = [];
      consumer.on('offsetReset', (one) => told.push(one));
      await consumer.assign([at(topic, 5)]);
      const reader = new Reader(consumer);
      await reader.until(5);

      await consumer.seekToEnd();
      cluster.mock.pushRequestError(1, FETCH, OFFSET_OUT_OF_RANGE);
      cluster.mock.pushRequestError(1, FETCH, OFFSET_OUT_OF_RANGE);
      await fill(cluster, topic, { count: 3, from: 10 });
      await reader.until(8);
      await consumer.seek(at(topic, 2));
      cluster.mock.pushRequestError(1, FETCH, OFFSET_OUT_OF_RANGE);
      await reader.until(8 + 11);
      expect(reader.sequences()).to.deep.equal([...range(5, 10), ...range(10, 13), ...range(2, 13)]);
      expect(told).to.deep.equal([]);
    });
  }
});
