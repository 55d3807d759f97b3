import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { MessageBatch } from 'seekafka';
import { describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { type Delivered, Member, NumberedTopic, hows, random, runs } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

/** All of the topic but partition 0, each message once. */
const others = (topic: NumberedTopic, member: Member) => topic.partitions.slice(1).map((p) => member.runs(p));
const once = (topic: NumberedTopic) => topic.partitions.slice(1).map((p) => `0..${topic.next(p) - 1}`);

/** Calls `work` with the first message that is this one. */
function atFirst(partition: number, sequence: number, work: () => unknown): (message: Delivered) => unknown {
  let done = false;
  return (message) => {
    if (done || message.partition !== partition || message.sequence !== sequence) return undefined;
    done = true;
    return work();
  };
}

describeOnBoth('the messages after a seek', (cluster) => {
  for (const how of hows) {
    describe(how, () => {
      for (const [direction, target] of Object.entries({ back: 20, forward: 170, 'to the next message': 101 })) {
        it(`S3 awaited in the loop, ${direction}: none is from before, and the other partitions miss nothing`, async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 200 });
          await using member = new Member(cluster());
          await member.subscribed(topic);
          let position: number | undefined;
          const seek = atFirst(0, 100, async () => {
            await inTime(member.consumer.seek(topic.at(0, target)));
            position = (await member.consumer.position(topic.rows([0])))[0]!.offset;
          });
          void member.read(how, seek);
          await topic.produceAndAwait(member);
          expect(position).to.equal(target);
          expect(member.runs(0)).to.equal(target === 101 ? '0..200' : `0..100 ${target}..200`);
          expect(others(topic, member)).to.deep.equal(once(topic));
        });
      }

      it('S3 not awaited in the loop: from the call on the loop asks in vain for those of the partition', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 200 });
        await using member = new Member(cluster());
        await member.subscribed(topic);
        let sought: Promise<number> | undefined;
        const seek = atFirst(0, 100, () => {
          sought = member.consumer.seek(topic.at(0, 20)).then(() => member.mark());
        });
        void member.read(how, async (message) => {
          void seek(message);
          await turn();
        });
        const resolvedAt = await inTime(eventually(() => sought));
        await topic.produceAndAwait(member);
        const last = member.sequences(0).lastIndexOf(20);
        const before = runs(member.sequences(0).slice(0, last));
        // The batch in which the call was made has been delivered; by message, nothing more had been.
        if (how === 'by message') expect(before).to.equal('0..100');
        else expect(before).to.match(/^0\.\.\d+$/);
        expect(runs(member.sequences(0).slice(last))).to.equal('20..200');
        expect(member.runs(0, resolvedAt), 'once it has resolved').to.equal('20..200');
        expect(others(topic, member)).to.deep.equal(once(topic));
      });

      it('S3 of the whole assignment, awaited in the loop: every partition starts again, none stale', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 200 });
        await using member = new Member(cluster());
        await member.subscribed(topic);
        let mark = 0;
        const seek = atFirst(1, 100, async () => {
          await inTime(member.consumer.seekToBeginning());
          mark = member.mark();
        });
        void member.read(how, seek);
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) {
          expect(member.runs(p, mark), `partition ${p} afterwards`).to.equal('0..200');
          expect(runs(member.sequences(p).slice(0, -201)), `partition ${p} before`).to.match(/^(0(\.\.\d+)?)?$/);
        }
      });

      it('S3 at any moment, while the messages flow and more are produced', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 400 });
        await using member = new Member(cluster());
        await member.subscribed(topic);
        void member.read(how, async ({ sequence }) => {
          if (sequence % 8 === 0) await turn();
        });
        const below = random(3);
        const wrong: string[] = [];
        for (let round = 0; round < 40; round++) {
          const offset = below(400);
          const called = member.mark();
          await inTime(member.consumer.seek([topic.at(0, offset), topic.at(2, offset)]));
          const resolved = member.mark();
          void topic.produce(1);
          const waits = below(20);
          for (let i = 0; i < waits; i++) await turn();
          for (const p of [0, 2]) {
            const came = member.sequences(p, resolved);
            if (came.some((sequence, i) => sequence !== offset + i)) {
              wrong.push(`round ${round}, partition ${p}: sought ${offset}, came ${runs(came)}`);
            }
            // A message that the loop's step held already, or the rest of the batch in its hands.
            const between = member.sequences(p, called).length - came.length;
            if (how === 'by message' && between > 1) wrong.push(`round ${round}: ${between} between call and effect`);
          }
        }
        expect(wrong).to.deep.equal([]);
        await topic.produceAndAwait(member);
        expect(member.runs(1), 'the partition that was never sought').to.equal(`0..${topic.next(1) - 1}`);
        expect(member.errors).to.deep.equal([]);
      });
    });
  }

  for (const how of hows) {
    it(`S3 between two loops: nothing of what was fetched for the first one comes in the second (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 200 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      const offsets: number[][] = [[], []];
      for await (const batch of member.consumer.batches({ maxMessages: 15 })) {
        for (const { partition, offset } of batch) offsets[partition]!.push(offset);
        if (offsets[0]!.length) break;
      }
      await inTime(member.consumer.seek(topic.at(0, 150)));
      void member.read(how);
      await topic.produceAndAwait(member);
      expect(member.runs(0)).to.equal('150..200');
      expect(runs([...offsets[1]!, ...member.sequences(1)])).to.equal('0..200');
    });
  }

  it('S3 the step that the iterator is asked for already gives the message sought', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    const iterator = member.consumer[Symbol.asyncIterator]();
    for (let i = 0; i < 10; i++) await inTime(iterator.next());
    const next = iterator.next();
    await inTime(member.consumer.seek(topic.at(0, 4)));
    const { value } = (await inTime(next)) as { value: { offset: number } };
    expect(value.offset).to.equal(4);
    await iterator.return?.();
  });

  it('S3 a batch from before gives nothing of the sought partition any more, and all of the others', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 50 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    const kept: MessageBatch[] = [];
    const count = (p: number) => kept.flatMap((batch) => [...batch]).filter((m) => m.partition === p).length;
    const iterator = member.consumer.batches();
    while (count(0) < 50 || count(1) < 50) kept.push((await inTime(iterator.next())).value as MessageBatch);
    await inTime(member.consumer.seek(topic.at(0, 25)));
    expect([count(0), count(1)]).to.deep.equal([0, 50]);
    await iterator.return?.();
  });
});

// Only the mock cluster can be told to take so long over a look-up that everything else goes on meanwhile.
const pinned = describe('the messages between the call of a seek and its effect (mock)', () => {
  const LIST_OFFSETS = 2; // Kafka's number of the request
  const LATE_MS = 600;

  for (const how of hows) {
    it(`S3 of the sought partition none comes, neither buffered nor fetched meanwhile; of the others all do (${how})`, async () => {
      const cluster = await mockCluster();
      try {
        await using topic = await NumberedTopic.create(cluster, { partitions: 2, messages: 200 });
        await using member = new Member(cluster);
        await member.subscribed(topic);
        await inTime(member.consumer.seekToBeginning()); // a look-up has a connection from now on
        let sought: Promise<unknown> | undefined;
        const seek = atFirst(0, 100, () => {
          cluster.mock.pushRequestError(1, LIST_OFFSETS, 0, LATE_MS);
          sought = inTime(member.consumer.seekToBeginning(topic.rows([0])));
        });
        void member.read(how, async (message) => {
          void seek(message);
          await turn();
        });
        await eventually(() => sought !== undefined);
        await topic.produceAndAwait(member, [1]);
        await topic.produce(1, [0]);
        await sleep(LATE_MS / 2); // longer than the broker holds a fetch back
        // The batch in which the call was made had been delivered: it may go on to its end, wherever that is.
        const call = member.delivered.find(({ partition, sequence }) => partition === 0 && sequence === 100)!;
        const later = member.delivered.filter(({ partition, step }) => partition === 0 && step > call.step);
        expect(later, 'after the step of the loop that made the call').to.deep.equal([]);
        expect(member.runs(0)).to.match(how === 'by message' ? /^0\.\.100$/ : /^0\.\.\d+$/);
        const mark = member.mark();
        await sought;
        expect(member.runs(0, mark), 'before the effect').to.equal('');
        await topic.isRead(member, [0]);
        expect(member.runs(0, mark)).to.equal('0..200');
        expect(member.runs(1)).to.equal('0..200');
      } finally {
        await cluster.close();
      }
    });
  }
});
setGroup(pinned, 'mock');
