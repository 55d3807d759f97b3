import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

// A coordinator that hangs keeps its connection open and answers nothing: a commit waited for it for a minute, although the
// group has another coordinator after ten seconds (cmake/deps/patches/wait-for-coordinator.patch).

const OFFSET_COMMIT = 8;
const OFFSET_FETCH = 9;

/** An attempt to ask is given up after three seconds. */
const SOON_MS = 8000;

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
      await inTime(consumer.commit(at(2)), 'the commit', 14_000);
      expect(await consumer.committed([{ topic, partition: 0 }])).to.deep.equal(at(2));
    } finally {
      await cluster.close();
    }
  });

  it('S19 is not waited for by what asks what is committed', async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic();
      await using consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': 'asks' });
      consumer.on('error', () => undefined);
      const at = [{ topic, partition: 0, offset: 3 }];
      await consumer.commit(at);
      expect(await consumer.committed(at)).to.deep.equal(at); // it knows its coordinator
      cluster.mock.pushRequestError(1, OFFSET_FETCH, 0, 50_000);
      expect(await inTime(consumer.committed(at), 'committed()', SOON_MS)).to.deep.equal(at);
      cluster.mock.pushRequestError(1, OFFSET_FETCH, 0, 50_000);
      await inTime(consumer.assign([{ topic, partition: 0 }]), 'assign()', SOON_MS); // without an offset: where it is committed
      await inTime(consumer.seekToCommitted(), 'seekToCommitted()', SOON_MS);
      expect(await inTime(consumer.position())).to.deep.equal(at);
    } finally {
      await cluster.close();
    }
  });
});
