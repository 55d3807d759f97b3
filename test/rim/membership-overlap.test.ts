import { expect } from 'chai';
import { Consumer, type ConsumerConfig, type KafkaError } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { NumberedTopic } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// unsubscribe(), subscribe() and assign() that are not waited for one by one. The last call decides: the end of an earlier one
// made a member of the group forget that it was one (it could commit for what others held, and not leave), and close() of what
// was assigned by hand commit nothing.

describeOnBoth('calls of subscribe(), assign() and unsubscribe() that overlap', (cluster) => {
  const consumerOf = (config: Partial<ConsumerConfig> = {}) =>
    new Consumer({
      'bootstrap.servers': cluster().bootstrapServers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      'heartbeat.interval.ms': 200,
      ...config,
    });
  const holds = (consumer: Consumer, count: number) =>
    eventually(() => consumer.assignment.length === count, { what: `${count} partitions are held` });

  it('leave a member that knows that it is one, and can leave', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
    await using consumer = consumerOf();
    await consumer.subscribe(topic.topic);
    await holds(consumer, 2);
    await inTime(Promise.all([consumer.unsubscribe(), consumer.subscribe(topic.topic)]), 'both');
    await holds(consumer, 2);
    const stranger = { topic: topic.topic, partition: 7, offset: 1 };
    const error = (await rejection(consumer.commit([stranger]))) as KafkaError;
    expect(error.code, 'a member commits for what it holds alone').to.equal('ERR__STATE');
    await inTime(consumer.unsubscribe(), 'unsubscribe');
    expect(consumer.assignment).to.deep.equal([]);
    await inTime(consumer.assign([topic.row(0)]), 'assign');
    expect(consumer.assignment).to.deep.equal([topic.row(0)]);
  });

  it('let close() commit what was processed of what was assigned by hand', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 5 });
    const group = uniqueGroup();
    await using consumer = consumerOf({ 'group.id': group, 'auto.commit.interval.ms': 0 });
    await consumer.assign([topic.row(0)]);
    await inTime(Promise.all([consumer.unsubscribe(), consumer.assign([topic.row(0)])]), 'both');
    let count = 0;
    for await (const _ of consumer) if (++count === 4) break;
    await inTime(consumer.close(), 'close');
    await using other = consumerOf({ 'group.id': group });
    expect((await other.committed(topic.rows()))[0]!.offset).to.equal(3);
  });

  it('go from a group to partitions by hand, and back', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2 });
    await using consumer = consumerOf();
    const calls = () => [consumer.subscribe(topic.topic), consumer.unsubscribe(), consumer.assign([topic.row(1)])];
    await inTime(Promise.all(calls()), 'all three');
    expect(consumer.assignment).to.deep.equal([topic.row(1)]);
    await inTime(Promise.all([consumer.unsubscribe(), consumer.subscribe(topic.topic)]), 'back');
    await holds(consumer, 2);
  });

  it('do not dead-lock in a listener', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using consumer = consumerOf();
    let inListener: Promise<void> | undefined;
    await consumer.subscribe(topic.topic, {
      async onRevoked() {
        inListener ??= consumer.subscribe(topic.topic);
        await inListener;
      },
    });
    await holds(consumer, 1);
    await inTime(consumer.unsubscribe(), 'unsubscribe');
    await inTime(inListener!, 'subscribe');
    await holds(consumer, 1);
  });

  it('wait for a departure whose own wait was cut', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using consumer = consumerOf();
    let letGo!: () => void;
    const holding = new Promise<void>((resolve) => (letGo = resolve));
    await consumer.subscribe(topic.topic, { onRevoked: () => holding });
    await holds(consumer, 1);
    const error = (await rejection(consumer.unsubscribe({ timeoutMs: 20 }))) as KafkaError;
    expect(error.code).to.equal('ERR__TIMED_OUT');
    const assigned = consumer.assign([topic.row(0)]);
    letGo();
    await inTime(assigned, 'assign');
    expect(consumer.assignment).to.deep.equal([topic.row(0)]);
  });

  it('end with a consumer that closes', async () => {
    await using topic = await NumberedTopic.create(cluster());
    const consumer = consumerOf();
    await consumer.subscribe(topic.topic);
    await holds(consumer, 1);
    const outcomes = Promise.allSettled([consumer.unsubscribe(), consumer.subscribe(topic.topic)]);
    await inTime(consumer.close(), 'close');
    for (const outcome of await inTime(outcomes, 'the calls')) {
      if (outcome.status === 'rejected') expect((outcome.reason as KafkaError).code).to.equal('ERR__DESTROY');
    }
  });
});
