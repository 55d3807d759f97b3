import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { describeOnBoth, describeOnKafka } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

describeOnBoth('partitionsFor()', (cluster) => {
  it('has each partition of a topic, whoever holds it, in their order, for assign()', async () => {
    const topic = await cluster().createTopic(3);
    await using consumer = new Consumer({ 'bootstrap.servers': cluster().bootstrapServers });
    const partitions = await inTime(consumer.partitionsFor(topic));
    expect(partitions).to.deep.equal([0, 1, 2].map((partition) => ({ topic, partition })));
    await inTime(consumer.assign(partitions));
    expect(consumer.assignment).to.deep.equal(partitions);
  });
});

describe('partitionsFor() where no broker answers', () => {
  it('keeps to its limits, refuses what is no topic, and ends with the consumer', async () => {
    const consumer = new Consumer({ 'bootstrap.servers': '127.0.0.1:1' });
    consumer.on('error', () => undefined);
    expect(await inTime(rejection(consumer.partitionsFor(5 as never))))
      .to.be.instanceOf(TypeError)
      .and.match(/topic: expected .*, got 5$/);
    expect(await inTime(rejection(consumer.partitionsFor('t', { timeoutMs: 300 })))).to.include({
      code: 'ERR__TIMED_OUT',
      operation: 'partitionsFor',
    });
    const reason = new Error('enough');
    expect(await inTime(rejection(consumer.partitionsFor('t', { signal: AbortSignal.abort(reason) })))).to.equal(
      reason,
    );
    const waiting = rejection(consumer.partitionsFor('t'));
    await consumer.close({ timeoutMs: 500 });
    expect(await inTime(waiting)).to.include({ code: 'ERR__DESTROY', operation: 'partitionsFor' });
  });
});

describeOnKafka('partitionsFor() of a topic that is not there', (cluster) => {
  it('rejects with that', async () => {
    await using consumer = new Consumer({ 'bootstrap.servers': cluster().bootstrapServers });
    expect(await inTime(rejection(consumer.partitionsFor(uniqueTopic('none'))))).to.include({
      code: 'ERR_UNKNOWN_TOPIC_OR_PART',
      operation: 'partitionsFor',
    });
  });
});
