import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// A pipeline of one's own is tested on the mock cluster: the offsets that a transaction commits, and that a second producer with
// the same id ends the first, are what such a test is about. (cmake/deps/patches/mock-transactions.patch)

describe('transactions of the mock cluster', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  const scene = async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const topic = await cluster.createTopic();
    const id = uniqueGroup('mock-transactions');
    const producer = new Producer({ ...servers, 'transactional.id': id });
    producer.on('error', () => undefined);
    const consumer = new Consumer({ ...servers, 'group.id': uniqueGroup(), 'enable.auto.commit': false });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const place = { topic, partition: 0 };
    return {
      topic,
      place,
      producer,
      consumer,
      another: () => new Producer({ ...servers, 'transactional.id': id }),
      committed: async () => (await consumer.committed([place]))[0]!.offset,
      [Symbol.asyncDispose]: async () => void (await Promise.all([producer.close(), consumer.close()])),
    };
  };

  it('commit the offsets of a group: what was consumed does not come again', async () => {
    await using its = await scene();
    await its.producer.transaction(async (tx) => {
      await tx.send({ ...its.place, value: 'v' });
      await tx.sendOffsets(its.consumer, [{ ...its.place, offset: 7 }]);
      expect(await its.committed(), 'before the end').to.equal(-1);
    });
    expect(await its.committed()).to.equal(7);
    // Offsets alone, without a message.
    await its.producer.transaction((tx) => tx.sendOffsets(its.consumer, [{ ...its.place, offset: 9 }]));
    expect(await its.committed()).to.equal(9);
  });

  it('forget the offsets of a transaction that was aborted', async () => {
    await using its = await scene();
    const failed = its.producer.transaction(async (tx) => {
      await tx.sendOffsets(its.consumer, [{ ...its.place, offset: 7 }]);
      throw new Error('of the work');
    });
    expect(await inTime(rejection(failed))).to.have.property('message', 'of the work');
    expect(await its.committed()).to.equal(-1);
    await its.producer.transaction((tx) => tx.send({ ...its.place, value: 'v' }));
    expect(await its.committed()).to.equal(-1);
  });

  it('fence the producer that another one with the same id replaces, and abort what it has left open', async () => {
    await using its = await scene();
    await using second = its.another();
    const fenced = its.producer.transaction(async (tx) => {
      await tx.send({ ...its.place, value: 'of the first' });
      await tx.sendOffsets(its.consumer, [{ ...its.place, offset: 7 }]);
      await second.transaction((other) => other.send({ ...its.place, value: 'of the second' }));
    });
    expect(await inTime(rejection(fenced))).to.include({ code: 'ERR__FENCED', fatal: true });
    expect(await its.committed()).to.equal(-1);
    await inTime(second.transaction((tx) => tx.sendOffsets(its.consumer, [{ ...its.place, offset: 3 }])));
    expect(await its.committed()).to.equal(3);
  });
});
