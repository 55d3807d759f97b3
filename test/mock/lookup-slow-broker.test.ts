import { expect } from 'chai';
import { mockCluster } from '../helpers/clusters.js';
import { at, consumerOn, fill, takeSequences } from '../helpers/numbered.js';
import { awake } from '../helpers/wait.js';

// A broker far away is slow, and not away: what a consumer asks before its first message must not take longer than the
// handful of round trips that connecting takes.

describe('a broker with a round trip of 200 ms', () => {
  it('is asked for offsets, and read from, within some round trips', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 5 });
    cluster.mock.setRoundTripTime(1, 200);
    for (let i = 0; i < 3; i++) {
      await using consumer = consumerOn(cluster, { 'socket.timeout.ms': 8000 });
      const start = awake();
      expect(await consumer.endOffsets([{ topic, partition: 0 }])).to.deep.equal([at(topic, 5)]);
      // Connecting, ApiVersions twice, metadata, the question: and some for a machine under load.
      expect(awake() - start).to.be.lessThan(3000);
      await consumer.assign([{ topic, partition: 0 }]);
      expect(await takeSequences(consumer, 5)).to.deep.equal([0, 1, 2, 3, 4]);
      expect(awake() - start).to.be.lessThan(6000);
    }
  });
});
