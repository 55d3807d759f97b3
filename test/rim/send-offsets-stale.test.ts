import { expect } from 'chai';
import { Consumer, type Message, type MessageBatch, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { committedOf, fill } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// As a commit does: what is sent with a transaction would set another member back, whatever it is named by.

describe('offsets of what was taken away, in a transaction', () => {
  it('are refused, by message, by batch and by hand, and the other member is not set back', async () => {
    const cluster = await mockCluster();
    try {
      const topic = await cluster.createTopic(2);
      await fill(cluster, topic, { partitions: 2, count: 10 });
      const servers = { 'bootstrap.servers': cluster.bootstrapServers };
      const group = uniqueGroup();
      const config = {
        ...servers,
        'group.id': group,
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        'partition.assignment.strategy': 'cooperative-sticky', // what is kept is not touched
        'heartbeat.interval.ms': 100, // members learn of a rebalance by it
      } as const;
      await using one = new Consumer(config);
      await one.subscribe(topic);
      const batches: MessageBatch[] = [];
      const messages: Message[] = [];
      for await (const batch of one.batches()) {
        batches.push(batch);
        messages.push(...batch);
        if (messages.length === 20) break;
      }
      const waits = (async () => {
        for await (const _ of one) throw new Error('there is no more');
      })();
      await using two = new Consumer(config);
      await two.subscribe(topic);
      await eventually(() => one.assignment.length === 1 && two.assignment.length === 1, { timeoutMs: 20_000 });
      const gone = two.assignment[0]!.partition;
      const row = { topic, partition: gone };
      await two.commit([{ ...row, offset: 9 }]);

      await using producer = new Producer({ ...servers, 'transactional.id': uniqueGroup('transactions') });
      const stale = {
        message: messages.find(({ partition, offset }) => partition === gone && offset === 3)!,
        batch: batches.find(({ topicPartitions }) => topicPartitions.some(({ partition }) => partition === gone))!,
        'by hand': [{ ...row, offset: 3 }],
      };
      for (const [how, what] of Object.entries(stale)) {
        const work = producer.transaction((tx) => tx.sendOffsets(one, what));
        const error = await inTime(rejection(work), how);
        expect(error, how).to.include({ code: 'ERR__STATE', operation: 'sendOffsets' });
        expect((error as Error).message).to.include(`${topic}[${gone}]`);
      }
      expect(await committedOf(cluster, group, topic, gone)).to.equal(9);
      // What is held still goes.
      const kept = messages.find(({ partition, offset }) => partition !== gone && offset === 4)!;
      await inTime(producer.transaction((tx) => tx.sendOffsets(one, kept)));
      expect(await committedOf(cluster, group, topic, kept.partition)).to.equal(5);
      await one.close();
      await waits;
    } finally {
      await cluster.close();
    }
  });
});
