import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, quickGroup, sortedPlaces } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

// What was asked for, in the words of those who asked: a consumer that subscribes to a topic and then reads it from its
// beginning, or only what is new. The other suites of seeks go into each clause.

const all = (topic: NumberedTopic, offset: number) => topic.partitions.map((p) => `${p}:${offset}`).join(' ');

/** The group has read half of it before, so that it would start in the middle. */
const halfRead = ({ consumer }: Member, topic: NumberedTopic) =>
  consumer.commit(topic.partitions.map((p) => topic.at(p, 10)));

describeOnBoth('what was asked for', (cluster) => {
  for (const how of hows) {
    for (const partitions of [1, 3]) {
      describe(`${partitions} partition${partitions > 1 ? 's' : ''}, ${how}`, () => {
        it('S1 S5 seekToBeginning: all messages of all assigned partitions come, from the earliest', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
          await using member = new Member(cluster());
          await halfRead(member, topic);
          await member.subscribed(topic);
          const sought = await inTime(member.consumer.seekToBeginning());
          expect(sortedPlaces(sought)).to.equal(all(topic, 0));
          void member.read(how);
          await topic.isRead(member);
          for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('0..19');
        });

        it('S1 S4 seekToEnd: only messages that are produced after the call come', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
          await using member = new Member(cluster());
          await halfRead(member, topic);
          await member.subscribed(topic);
          const sought = await inTime(member.consumer.seekToEnd());
          expect(sortedPlaces(sought)).to.equal(all(topic, 20));
          void member.read(how);
          await topic.produce(5);
          await topic.produceAndAwait(member);
          for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('20..25');
        });

        it('S17 neither of them: it reads on where its group was, each message once', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
          await using member = new Member(cluster());
          await halfRead(member, topic);
          void member.read(how);
          await member.subscribed(topic);
          await topic.produceAndAwait(member);
          for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('10..20');
          expect(member.errors).to.deep.equal([]);
        });

        it('S3 both of them, while messages flow: no error, and each is followed by its own messages', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
          await using member = new Member(cluster());
          await halfRead(member, topic);
          await member.subscribed(topic);
          void member.read(how);
          let producing = true;
          const flow = (async () => {
            while (producing) await topic.produce(1);
          })();
          try {
            for (let round = 0; round < 6; round++) {
              const seek = round % 2 ? 'seekToEnd' : 'seekToBeginning';
              const sought = await inTime(member.consumer[seek]());
              const mark = member.mark();
              await eventually(() => topic.partitions.every((p) => member.sequences(p, mark).length > 3), {
                what: `messages flow after ${seek}`,
              });
              for (const { partition, offset } of sought) {
                const came = member.sequences(partition, mark);
                expect(came, `${seek}, partition ${partition}`).to.deep.equal(came.map((_, i) => offset + i));
              }
            }
          } finally {
            producing = false;
            await flow;
          }
          expect(member.errors).to.deep.equal([]);
        });

        it('S6 an empty topic: both resolve, and what is produced then comes', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions });
          await using member = new Member(cluster());
          await member.subscribed(topic);
          void member.read(how);
          expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal(all(topic, 0));
          expect(sortedPlaces(await inTime(member.consumer.seekToEnd()))).to.equal(all(topic, 0));
          await topic.produceAndAwait(member);
          for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('0');
        });

        it('S1 S4 seekToEnd before the assignment is complete: applied to it when it is, and nothing old comes', async () => {
          await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
          await using member = new Member(cluster());
          await halfRead(member, topic);
          void member.read(how);
          const subscribed = member.consumer.subscribe(topic.topic);
          const sought = member.consumer.seekToEnd();
          expect(member.consumer.assignment).to.be.empty;
          await subscribed;
          expect(sortedPlaces(await inTime(sought))).to.equal(all(topic, 20));
          await topic.produceAndAwait(member);
          for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('20');
        });
      });
    }

    it(`S8 seekToBeginning while a second consumer joins: each partition is read from the start by its holder (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 4, messages: 10 });
      const group = quickGroup(cluster(), 'cooperative-sticky');
      await using first = new Member(cluster(), group);
      await using second = new Member(cluster(), group);
      void first.read(how);
      await first.subscribed(topic);
      await topic.isRead(first);
      await first.consumer.commit();

      void second.read(how);
      // Both ask while the partitions are on their way from one to the other.
      const sought = Promise.all([first.consumer.seekToBeginning(), second.consumer.seekToBeginning()]);
      await second.consumer.subscribe(topic.topic);
      await inTime(sought);
      await eventually(() => first.held.length === 2 && second.held.length === 2, { what: 'both hold two partitions' });
      const mark = first.mark();
      expect(sortedPlaces(await inTime(first.consumer.seekToBeginning()))).to.equal(
        first.held.map((p) => `${p}:0`).join(' '),
      );
      await topic.produceAndAwait([first, second]);
      for (const p of first.held) expect(first.runs(p, mark), `first, partition ${p}`).to.equal('0..10');
      for (const p of second.held) expect(second.runs(p), `second, partition ${p}`).to.equal('0..10');
    });
  }
});
