import { expect } from 'chai';
import type { Message, MessageBatch, PartitionBatch } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, runs } from '../helpers/member.js';
import { committedOf } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// What a handler of several partitions at once needs: its part of the batch, and whether its message still counts.

const offsets = (messages: Iterable<Message>) => runs(Array.from(messages, ({ offset }) => offset));

describeOnBoth('a batch by its partitions', (cluster) => {
  const prepare = async (group = uniqueGroup()) => {
    const topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 20 });
    const member = new Member(cluster(), { 'group.id': group, 'auto.commit.interval.ms': 0 });
    await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    return {
      topic,
      group,
      consumer: member.consumer,
      async [Symbol.asyncDispose]() {
        await member[Symbol.asyncDispose]();
        await topic[Symbol.asyncDispose]();
      },
    };
  };
  /** All sixty messages in one batch. */
  const whole = async ({ consumer }: Awaited<ReturnType<typeof prepare>>): Promise<MessageBatch> => {
    for await (const batch of consumer.batches({ minMessages: 60 })) return batch;
    throw new Error('no batch');
  };

  it('has every message once, in a batch of its partition', async () => {
    await using it = await prepare();
    const batch = await whole(it);
    const parts = [...batch.byPartition()].sort((a, b) => a.partition - b.partition);
    expect(parts.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal(it.topic.rows());
    for (const part of parts) {
      expect([part.length, offsets(part)]).to.deep.equal([20, '0..19']);
      expect(part.topicPartitions).to.deep.equal([it.topic.row(part.partition)]);
      expect(offsets([...part.byPartition()][0]!)).to.equal('0..19');
    }
    expect(parts.reduce((sum, { byteLength }) => sum + byteLength, 0)).to.equal(batch.byteLength);
  });

  it('leaves out what is sought meanwhile: a part that was not reached, and the rest of one in work', async () => {
    await using it = await prepare();
    const batch = await whole(it);
    const parts = batch.byPartition();
    const [first, second] = [parts.next().value as PartitionBatch, parts.next().value as PartitionBatch];
    const third = [0, 1, 2].find((p) => p !== first.partition && p !== second.partition)!;
    const seen: Message[] = [];
    for (const message of second) {
      seen.push(message);
      if (seen.length === 5) await inTime(it.consumer.seek([it.topic.at(second.partition, 7), it.topic.at(third, 7)]));
    }
    expect(offsets(seen)).to.equal('0..4');
    expect(offsets(first)).to.equal('0..19');
    expect(parts.next().done, 'the third one').to.equal(true);
    expect([...batch.byPartition()].map(({ partition }) => partition)).to.deep.equal([first.partition]);
  });

  it('can be committed part by part', async () => {
    await using it = await prepare();
    const [part] = (await whole(it)).byPartition();
    await it.consumer.commit(part);
    for (const p of it.topic.partitions) {
      expect(await committedOf(cluster(), it.group, it.topic.topic, p)).to.equal(p === part!.partition ? 20 : -1);
    }
  });

  it('keeps what nobody has taken out of any part, when it is assigned anew in the midst of it', async () => {
    const topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 20 });
    await using _ = topic;
    await using member = new Member(cluster(), { 'enable.auto.commit': false });
    const { consumer } = member;
    await consumer.subscribe(topic.topic);
    const taken = new Map<number, number>();
    for await (const batch of consumer.batches({ minMessages: 40 })) {
      const parts = batch.byPartition();
      const first = parts.next().value as PartitionBatch;
      for (const { offset } of first) {
        taken.set(first.partition, offset + 1);
        if (offset === 4) break;
      }
      // All partitions go, and come back to the same member.
      const back = new Promise<void>((resolve) => consumer.once('assigned', () => resolve()));
      const other = await cluster().createTopic();
      await consumer.subscribe([topic.topic, other]);
      await inTime(back);
      break;
    }
    const positions = await consumer.position(topic.rows());
    for (const { partition, offset } of positions) {
      // In the eager protocol; the other one would leave them where they are.
      expect(offset, `partition ${partition}`).to.equal(taken.get(partition) ?? 0);
    }
  });

  describe('isStale', () => {
    it('is told by a seek that has taken effect, of its partition alone', async () => {
      await using it = await prepare();
      const batch = await whole(it);
      const of = (partition: number) => [...batch].find((message) => message.partition === partition)!;
      const [one, other] = [of(0), of(1)];
      expect([it.consumer.isStale(one), it.consumer.isStale(other)]).to.deep.equal([false, false]);
      it.consumer.pause();
      it.consumer.resume();
      expect(it.consumer.isStale(one), 'a pause is no seek').to.equal(false);
      await inTime(it.consumer.seek(it.topic.at(0, 3)));
      expect([it.consumer.isStale(one), it.consumer.isStale(other)]).to.deep.equal([true, false]);
    });

    it('is told by a partition that went, also when it has come back', async () => {
      await using it = await prepare();
      const [message] = await whole(it);
      const rest = it.topic.rows().filter(({ partition }) => partition !== message!.partition);
      await it.consumer.assign(rest);
      expect(it.consumer.isStale(message!)).to.equal(true);
      await it.consumer.assign(it.topic.rows());
      expect(it.consumer.isStale(message!)).to.equal(true);
    });

    it('refuses what this consumer has not delivered', async () => {
      await using it = await prepare();
      await using other = await prepare();
      const [message] = await whole(it);
      const call = (value: unknown) => rejection(Promise.resolve().then(() => it.consumer.isStale(value as Message)));
      for (const wrong of [undefined, null, 5, {}, { ...message }, [...(await whole(other))][0]]) {
        const error = await call(wrong);
        expect(error).to.be.instanceOf(TypeError);
        expect((error as Error).message).to.match(
          /^message: expected a message that this consumer has delivered, got /,
        );
      }
    });
  });
});
