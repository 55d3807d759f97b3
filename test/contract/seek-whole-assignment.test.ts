import { expect } from 'chai';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, quickGroup, sortedPlaces } from '../helpers/member.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

/** `0:n 1:n`: every partition at the same offset. */
const all = (topic: NumberedTopic, offset: number) => topic.partitions.map((p) => `${p}:${offset}`).join(' ');

/** Leaves this offset committed in every partition. */
async function commitAt(cluster: Cluster, group: string, topic: NumberedTopic, offset: number): Promise<void> {
  await using member = new Member(cluster, { 'group.id': group });
  await member.consumer.commit(topic.partitions.map((p) => topic.at(p, offset)));
}

describeOnBoth('seek without partitions', (cluster) => {
  for (const partitions of [1, 4]) {
    describe(`of ${partitions} partition${partitions > 1 ? 's' : ''}`, () => {
      it('S1 leaves no partition held behind, to the beginning and to the end', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 10 });
        await using member = new Member(cluster());
        await member.subscribed(topic);
        void member.read();
        await topic.isRead(member);

        const again = member.mark();
        expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal(all(topic, 0));
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p, again), `partition ${p}`).to.equal('0..10');

        await inTime(member.consumer.seekToBeginning());
        const end = await inTime(member.consumer.seekToEnd());
        const after = member.mark();
        expect(sortedPlaces(end)).to.equal(all(topic, 11));
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p, after), `partition ${p}`).to.equal('11');
      });

      it('S1 is not forgotten when it is asked for before subscribe', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 10 });
        await using member = new Member(cluster());
        const sought = member.consumer.seekToEnd();
        void member.read();
        await member.subscribed(topic);
        expect(sortedPlaces(await inTime(sought))).to.equal(all(topic, 10));
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('10');
      });

      it('S1 is the start of the first assignment, instead of the committed offset', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 10 });
        const group = uniqueGroup();
        await commitAt(cluster(), group, topic, 7);
        await using member = new Member(cluster(), { 'group.id': group });
        void member.read();
        await member.consumer.subscribe(topic.topic);
        const sought = member.consumer.seekToBeginning();
        expect(member.consumer.assignment, 'not assigned yet').to.be.empty;
        expect(sortedPlaces(await inTime(sought))).to.equal(all(topic, 0));
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('0..10');
      });

      it('S1 waits for an assignment by hand too, and has more say than its offsets', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 10 });
        await using member = new Member(cluster());
        void member.read();
        const sought = member.consumer.seekToEnd();
        await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 4)));
        expect(sortedPlaces(await inTime(sought))).to.equal(all(topic, 10));
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p), `partition ${p}`).to.equal('10');
      });
    });
  }

  it('S1 is not used up by an empty assignment', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
    const config = quickGroup(cluster(), 'cooperative-sticky'); // the first member keeps what it has
    await using first = new Member(cluster(), config);
    void first.read();
    await first.subscribed(topic);
    await topic.isRead(first);

    // The only partition is the first member's: the second one is assigned nothing, and told so.
    await using second = new Member(cluster(), config);
    let empty = 0;
    second.consumer.on('assigned', (partitions) => (empty += partitions.length ? 0 : 1));
    void second.read();
    let settled = false;
    const sought = second.consumer.seekToBeginning().finally(() => (settled = true));
    await second.consumer.subscribe(topic.topic);
    await eventually(() => empty > 0, { what: 'an empty assignment' });
    expect(settled, 'the seek waits on').to.be.false;

    await first.consumer.close();
    expect(sortedPlaces(await inTime(sought))).to.equal('0:0');
    await topic.produceAndAwait(second);
    expect(second.runs(0)).to.equal('0..10');
  });

  it('S1 means what is held at the call, and what is assigned later starts where it should', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    void member.read();
    await member.consumer.assign([topic.at(0, 5)]);
    expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:0');
    await member.consumer.assign([topic.row(0), topic.at(1, 8)]);
    await topic.produceAndAwait(member);
    expect(member.runs(1)).to.equal('8..10');
  });

  it('S1 reaches the partitions of every topic', async () => {
    await using one = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
    await using other = await NumberedTopic.create(cluster(), { partitions: 1, messages: 7 });
    await using member = new Member(cluster());
    void member.read();
    await member.consumer.subscribe([one.topic, other.topic]);
    await eventually(() => member.delivered.length === 17, { what: 'everything is read' });
    const again = member.mark();
    expect(await inTime(member.consumer.seekToBeginning())).to.have.deep.members([
      one.at(0, 0),
      one.at(1, 0),
      other.at(0, 0),
    ]);
    await eventually(() => member.delivered.length >= again + 17, { what: 'everything is read again' });
    const ofTopic = (topic: string) => member.delivered.slice(again).filter((m) => m.topic === topic).length;
    expect([ofTopic(one.topic), ofTopic(other.topic)]).to.deep.equal([10, 7]);
  });
});
