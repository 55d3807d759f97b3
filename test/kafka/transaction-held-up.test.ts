import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { deferred } from '../../lib/client/deferred.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A process that was killed between sendOffsets() and the commit has left its transaction open, for transaction.timeout.ms. Here
// it is a producer whose work does not end.

const OPEN_MS = 600_000;

describeOnKafka('a group whose offsets are in an open transaction', (cluster) => {
  it('is read on by the next process with the transactional.id, though it does not call initTransactions()', async function () {
    this.timeout(180_000);
    const { bootstrapServers } = cluster();
    const topic = await cluster().createTopic();
    const group = uniqueGroup();
    const transactional = {
      'bootstrap.servers': bootstrapServers,
      'transactional.id': uniqueGroup('tx'),
      'transaction.timeout.ms': OPEN_MS,
    };
    const consumerConfig = {
      'bootstrap.servers': bootstrapServers,
      'group.id': group,
      'enable.auto.commit': false,
      'auto.offset.reset': 'earliest' as const,
    };
    await using plain = new Producer({ 'bootstrap.servers': bootstrapServers });
    await plain.send({ topic, partition: 0, value: 'x' });

    const killed = new Producer(transactional);
    killed.on('error', () => undefined);
    await using before = new Consumer(consumerConfig);
    await before.subscribe(topic);
    const first = await inTime(before[Symbol.asyncIterator]().next(), 'the first process to read', 60_000);
    const inTheMiddle = deferred<void>();
    const transaction = rejection(
      killed.transaction(async (tx) => {
        await tx.sendOffsets(before, first.value);
        inTheMiddle.resolve();
        await new Promise(() => undefined);
      }),
    );
    await inTime(inTheMiddle.promise, 'the offsets to be sent', 60_000);
    await before.close();

    await using next = new Producer(transactional);
    await using after = new Consumer(consumerConfig);
    after.on('error', () => undefined);
    await after.subscribe(topic);
    const again = await inTime(after[Symbol.asyncIterator]().next(), 'the next process to read', 90_000);
    expect(again.value).to.include({ topic, offset: 0 });
    await inTime(
      next.transaction((tx) => tx.sendOffsets(after, [{ topic, partition: 0, offset: 1 }])),
      'its transaction',
      60_000,
    );
    await killed.close({ timeoutMs: 1000 });
    await inTime(transaction, 'the end of the first transaction', 30_000);
  });
});
