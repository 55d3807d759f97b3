import { expect } from 'chai';
import { type Consumer, type KafkaError, Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { committedValues } from '../helpers/committed.js';
import { consumerOn, fill } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// sendOffsets(): what was consumed and what was made of it become one.

const byHand = { 'enable.auto.commit': false } as const;

describeOnKafka('offsets in a transaction', (cluster) => {
  const producerOf = () =>
    new Producer({
      'bootstrap.servers': cluster().bootstrapServers,
      'transactional.id': uniqueGroup('transactions'),
    });
  const topics = async () => [await cluster().createTopic(), await cluster().createTopic()] as const;
  const committed = async (consumer: Consumer, topic: string) =>
    (await inTime(consumer.committed([{ topic, partition: 0 }])))[0]!.offset;

  it('each message is made into one, with aborts in between, a seek back and a change of consumers', async () => {
    const [from, to] = await topics();
    const COUNT = 60;
    await fill(cluster(), from, { count: COUNT });
    const group = { 'group.id': uniqueGroup(), ...byHand };
    await using producer = producerOf();
    let turn = 0;
    let done = 0;
    while (done < COUNT) {
      await using consumer = consumerOn(cluster(), group);
      await consumer.subscribe(from);
      for await (const batch of consumer.batches({ maxMessages: 7 })) {
        turn++;
        const work = producer.transaction(async (tx) => {
          await tx.send([...batch].map(({ value }) => ({ topic: to, partition: 0, value })));
          await tx.sendOffsets(consumer, batch);
          if (turn % 3 === 0) throw new Error('by chance');
        });
        try {
          await inTime(work);
          done += batch.length;
        } catch (error) {
          expect((error as Error).message).to.equal('by chance');
          await inTime(consumer.seekToCommitted());
        }
        if (done >= COUNT || turn % 5 === 0) break; // the next consumer goes on
      }
    }
    expect(turn).to.be.greaterThan(10);
    expect(await committedValues(cluster(), to)).to.deep.equal(Array.from({ length: COUNT }, (_, i) => `0:${i}`));
  });

  it('take effect with the commit, not before and not with an abort', async () => {
    const [from, to] = await topics();
    await fill(cluster(), from, { count: 5 });
    await using producer = producerOf();
    await using consumer = consumerOn(cluster(), byHand);
    await consumer.subscribe(from);
    for await (const message of consumer) {
      if (message.offset === 1) {
        const work = producer.transaction(async (tx) => {
          await tx.sendOffsets(consumer, message);
          throw new Error('aborted');
        });
        await inTime(rejection(work));
        expect(await committed(consumer, from)).to.equal(-1);
        await inTime(
          producer.transaction(async (tx) => {
            await tx.send({ topic: to, value: 'x' });
            await tx.sendOffsets(consumer, message);
          }),
        );
        expect(await committed(consumer, from)).to.equal(2);
      }
      if (message.offset === 4) break;
    }
    await inTime(producer.transaction((tx) => tx.sendOffsets(consumer))); // 0 to 3: the loop was left at 4
    expect(await committed(consumer, from)).to.equal(4);
    await inTime(producer.transaction((tx) => tx.sendOffsets(consumer, [{ topic: from, partition: 0, offset: 3 }])));
    expect(await committed(consumer, from)).to.equal(3);
  });

  it('that the work has not waited for are in the commit too', async () => {
    const [from] = await topics();
    await using producer = producerOf();
    await using consumer = consumerOn(cluster(), byHand);
    await inTime(
      producer.transaction((tx) => {
        void tx.sendOffsets(consumer, [{ topic: from, partition: 0, offset: 3 }]);
        return Promise.resolve();
      }),
    );
    expect(await committed(consumer, from)).to.equal(3);
  });

  it('of a member that another one has followed abort the transaction: its partition is not its own any more', async () => {
    const [from, to] = await topics();
    await fill(cluster(), from, { count: 1 });
    const group = { 'group.id': uniqueGroup(), 'group.instance.id': 'the same', ...byHand };
    await using zombie = consumerOn(cluster(), group);
    await using successor = consumerOn(cluster(), group);
    for (const consumer of [zombie, successor]) {
      await consumer.subscribe(from);
      for await (const _ of consumer) break;
    }
    await using producer = producerOf();
    const error = (await inTime(
      rejection(
        producer.transaction(async (tx) => {
          await tx.send({ topic: to, partition: 0, value: 'x' });
          await tx.sendOffsets(zombie, [{ topic: from, partition: 0, offset: 1 }]).catch(() => undefined);
        }),
      ),
    )) as KafkaError;
    expect(error).to.include({ code: 'ERR_FENCED_INSTANCE_ID', operation: 'sendOffsets', txnRequiresAbort: true });
    expect(await committedValues(cluster(), to)).to.deep.equal([]);
    expect(await committed(successor, from)).to.equal(-1);
  });

  it('of a batch whose partition was sought since are refused: they would undo the seek, or skip what is left of it', async () => {
    const [from] = await topics();
    await fill(cluster(), from, { count: 5 });
    await using producer = producerOf();
    await using consumer = consumerOn(cluster(), byHand);
    await consumer.subscribe(from);
    for await (const batch of consumer.batches()) {
      await inTime(consumer.seekToBeginning());
      const error = await inTime(rejection(producer.transaction((tx) => tx.sendOffsets(consumer, batch))));
      expect(error).to.include({ code: 'ERR__STATE', operation: 'sendOffsets' });
      expect(await committed(consumer, from)).to.equal(-1);
      break;
    }
  });

  it('of a consumer that commits by itself, has no group, is closed, or is none, are refused by name', async () => {
    await using automatic = consumerOn(cluster());
    await using groupless = consumerOn(cluster(), { 'group.id': undefined, ...byHand });
    const closed = consumerOn(cluster(), byHand);
    await closed.close();
    await using usable = consumerOn(cluster(), byHand);
    await using producer = producerOf();
    const told = async (consumer: unknown, what?: unknown) => {
      const work = producer.transaction((tx) => tx.sendOffsets(consumer as Consumer, what as never));
      return (await inTime(rejection(work))) as KafkaError;
    };
    const place = [{ topic: 't', partition: 0, offset: 0 }];
    expect(await told(automatic, place))
      .to.be.instanceOf(TypeError)
      .and.match(/^TypeError: consumer: .*auto\.commit/);
    expect(await told(undefined, place))
      .to.be.instanceOf(TypeError)
      .and.match(/^TypeError: consumer: /);
    expect(await told({}, place)).to.be.instanceOf(TypeError);
    expect(await told(usable, 5))
      .to.be.instanceOf(TypeError)
      .and.match(/^TypeError: what: /);
    expect(await told(groupless, place)).to.include({ code: 'ERR__UNKNOWN_GROUP', operation: 'sendOffsets' });
    expect(await told(closed, place)).to.include({ code: 'ERR__DESTROY', operation: 'sendOffsets' });
    await inTime(producer.transaction((tx) => tx.sendOffsets(usable))); // nothing was processed: nothing to do
  });
});
