import { expect } from 'chai';
import { Admin, Consumer, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// A signal that is aborted before the call: nothing is done, also where the call has nothing to do or to wait for.

describe('a signal that is aborted before the call', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());
  const reason = new Error('enough');
  const options = { signal: AbortSignal.abort(reason) };

  it('rejects each call of a consumer, and none of them has done anything', async () => {
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using consumer = new Consumer({ ...servers, 'group.id': uniqueGroup() });
    await consumer.subscribe(topic);
    await eventually(() => consumer.assignment.length === 1);
    const place = { topic, partition: 0 };
    const calls: Record<string, () => Promise<unknown>> = {
      'commit()': () => consumer.commit(undefined, options),
      'commit([])': () => consumer.commit([], options),
      'commit([...])': () => consumer.commit([{ ...place, offset: 0 }], options),
      'committed()': () => consumer.committed(undefined, options),
      'committed([])': () => consumer.committed([], options),
      'position()': () => consumer.position(undefined, options),
      'position([])': () => consumer.position([], options),
      'beginningOffsets([])': () => consumer.beginningOffsets([], options),
      'endOffsets([])': () => consumer.endOffsets([], options),
      'offsetsForTimes([])': () => consumer.offsetsForTimes([], options),
      'lag()': () => consumer.lag(options),
      'seek([])': () => consumer.seek([], options),
      'seekToEnd()': () => consumer.seekToEnd(undefined, options),
      'unsubscribe()': () => consumer.unsubscribe(options),
      'connect()': () => consumer.connect(options),
    };
    for (const [what, call] of Object.entries(calls)) {
      expect(await inTime(rejection(call()), what), what).to.equal(reason);
    }
    expect(consumer.assignment).to.deep.equal([place]);
    expect(await inTime(consumer.committed())).to.deep.equal([{ ...place, offset: -1 }]);
  });

  it('rejects each call of a producer and of an admin', async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('aborted') });
    await producer.initTransactions();
    await using admin = new Admin(servers);
    const calls: Record<string, () => Promise<unknown>> = {
      'flush()': () => producer.flush(options),
      'initTransactions(), done before': () => producer.initTransactions(options),
      'producer.connect()': () => producer.connect(options),
      'admin.connect()': () => admin.connect(options),
      'listTopics()': () => admin.listTopics(options),
      'createTopics()': () => admin.createTopics([{ topic: 'never' }], options),
      'describeTopics()': () => admin.describeTopics(['never'], options),
    };
    for (const [what, call] of Object.entries(calls)) {
      expect(await inTime(rejection(call()), what), what).to.equal(reason);
    }
  });
});
