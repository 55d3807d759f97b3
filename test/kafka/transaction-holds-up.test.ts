import { expect } from 'chai';
import { Consumer, type KafkaError, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { fill } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// What a group has committed is not known while a transaction with its offsets is open, and one that a killed process has left stays open for
// a minute. A loop that rests for that was told "there are unstable offsets that need to be cleared", and not how.

describeOnKafka('a loop that a transaction holds up', (cluster) => {
  it('is told what ends that transaction', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 5 });
    const servers = { 'bootstrap.servers': cluster().bootstrapServers };
    const group = { ...servers, 'group.id': uniqueGroup(), 'enable.auto.commit': false };
    await using reader = new Consumer(group);
    await using producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('transactions') });
    let end = () => {};
    let open = false;
    const transaction = producer.transaction(async (tx) => {
      await tx.sendOffsets(reader, [{ topic, partition: 0, offset: 3 }]);
      open = true;
      await new Promise<void>((resolve) => (end = resolve));
    });
    await eventually(() => open);
    await using consumer = new Consumer(group);
    const told: KafkaError[] = [];
    consumer.on('error', (error) => told.push(error));
    await consumer.assign([{ topic, partition: 0 }]);
    const next = consumer[Symbol.asyncIterator]().next();
    const error = await eventually(() => told.find(({ code }) => code === 'ERR_UNSTABLE_OFFSET_COMMIT'), {
      timeoutMs: 30_000,
    });
    expect(error.message).to.include(`${topic}[0]`).and.to.include('initTransactions()');
    end();
    await inTime(transaction);
    const step = await inTime(next, 'the next message', 30_000);
    expect(step.done ? null : step.value.offset).to.equal(3);
  });
});
