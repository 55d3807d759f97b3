import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

// A coordinator that hangs keeps its connection open and answers nothing: a commit waited for it for a minute, although the
// group has another coordinator after ten seconds (cmake/deps/patches/wait-for-coordinator.patch).

const OFFSET_COMMIT = 8;

describe('a coordinator that hangs', () => {
  it('is given up after six seconds: the commit goes to its successor', async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic();
      await using consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'hangs' });
      consumer.on('error', () => undefined);
      const at = (offset: number) => [{ topic, partition: 0, offset }];
      await consumer.commit(at(1)); // it knows its coordinator
      cluster.mock.pushRequestError(1, OFFSET_COMMIT, 0, 50_000);
      await inTime(consumer.commit(at(2)), 'the commit', 30_000);
      expect(await consumer.committed([{ topic, partition: 0 }])).to.deep.equal(at(2));
    } finally {
      await cluster.close();
    }
  });
});
