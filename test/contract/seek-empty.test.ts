import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, sortedPlaces } from '../helpers/member.js';
import { inTime } from '../helpers/wait.js';

const seeks = {
  seekToBeginning: ({ consumer }: Member) => consumer.seekToBeginning(),
  seekToEnd: ({ consumer }: Member) => consumer.seekToEnd(),
  'seek to 0': ({ consumer }: Member, topic: NumberedTopic) =>
    consumer.seek(topic.partitions.map((p) => topic.at(p, 0))),
};

describeOnBoth('an empty topic', (cluster) => {
  for (const [name, seek] of Object.entries(seeks)) {
    it(`S6 ${name} resolves without a message, and delivers the first that comes`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 3 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      void member.read();
      expect(sortedPlaces(await inTime(seek(member, topic)))).to.equal('0:0 1:0 2:0');
      await topic.produceAndAwait(member);
      await topic.produceAndAwait(member);
      expect([0, 1, 2].map((p) => member.runs(p))).to.deep.equal(['0..1', '0..1', '0..1']);
    });

    it(`S6 ${name} before the assignment: the same`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2 });
      await using member = new Member(cluster(), { 'auto.offset.reset': 'latest' });
      const sought = seek(member, topic);
      await member.subscribed(topic);
      expect(sortedPlaces(await inTime(sought))).to.equal('0:0 1:0');
      await topic.produce(1); // before anybody reads
      void member.read();
      await topic.produceAndAwait(member);
      expect([0, 1].map((p) => member.runs(p))).to.deep.equal(['0..1', '0..1']);
    });

    it(`S6 ${name} again and again, with nobody reading`, async () => {
      await using topic = await NumberedTopic.create(cluster());
      await using member = new Member(cluster());
      await member.subscribed(topic);
      for (let i = 0; i < 5; i++) expect(sortedPlaces(await inTime(seek(member, topic)))).to.equal('0:0');
      void member.read();
      await topic.produceAndAwait(member);
      expect(member.runs(0)).to.equal('0');
    });
  }

  for (const how of hows) {
    it(`S6 empty partitions beside full ones hold up neither themselves nor the others (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 4 });
      await topic.produce(10, [1, 3]);
      await using member = new Member(cluster());
      await member.subscribed(topic);
      void member.read(how);
      await topic.isRead(member, [1, 3]);
      const again = member.mark();
      expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:0 1:0 2:0 3:0');
      await topic.produceAndAwait(member);
      expect([0, 1, 2, 3].map((p) => member.runs(p, again))).to.deep.equal(['0', '0..10', '0', '0..10']);

      const end = member.mark();
      expect(sortedPlaces(await inTime(member.consumer.seekToEnd()))).to.equal('0:1 1:11 2:1 3:11');
      await topic.produceAndAwait(member, [0]);
      await topic.produceAndAwait(member, [1, 2, 3]);
      expect([0, 1, 2, 3].map((p) => member.runs(p, end))).to.deep.equal(['1', '11', '1', '11']);
    });
  }
});
