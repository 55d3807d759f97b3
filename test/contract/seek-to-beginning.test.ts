import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, sortedPlaces } from '../helpers/member.js';
import { inTime } from '../helpers/wait.js';

describeOnBoth('seekToBeginning', (cluster) => {
  for (const how of hows) {
    it(`S5 again and again: the first message is the earliest of every partition (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 20 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      void member.read(how);
      for (let round = 0; round < 8; round++) {
        const sought = await inTime(member.consumer.seekToBeginning());
        const mark = member.mark();
        expect(sortedPlaces(sought)).to.equal('0:0 1:0 2:0');
        await topic.produceAndAwait(member);
        for (const p of topic.partitions) expect(member.runs(p, mark), `round ${round}`).to.equal(`0..${20 + round}`);
      }
    });
  }

  it('S5 after deleteRecords: goes to where each log starts now, not to where it did when last fetched', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    await topic.deleteBefore(0, 6);
    await topic.deleteBefore(2, 9);
    const again = member.mark();
    expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:6 1:0 2:9');
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => member.runs(p, again))).to.deep.equal(['6..10', '0..10', '9..10']);
    expect(member.resets, 'no jump to be told').to.deep.equal([]);
  });

  for (const reset of ['latest', 'error'] as const) {
    it(`S5 when the log start passes by between the seek and the fetch: the next earliest is meant, not '${reset}'`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
      await using member = new Member(cluster(), { 'auto.offset.reset': reset });
      await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
      void member.read();
      await topic.isRead(member);
      const again = member.mark();
      member.consumer.pause();
      expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:0 1:0');
      await topic.deleteBefore(0, 6);
      member.consumer.resume();
      await topic.produceAndAwait(member);
      expect([member.runs(0, again), member.runs(1, again)]).to.deep.equal(['6..10', '0..10']);
    });

    it(`S5 paused, after deleteRecords, and resumed with '${reset}': starts where the log starts`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
      await using member = new Member(cluster(), { 'auto.offset.reset': reset });
      await member.consumer.assign([topic.at(0, 0)]);
      void member.read();
      await topic.isRead(member);
      const again = member.mark();
      member.consumer.pause();
      await topic.deleteBefore(0, 6);
      expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:6');
      member.consumer.resume();
      await topic.produceAndAwait(member);
      expect(member.runs(0, again)).to.equal('6..10');
    });
  }

  it('S5 when everything is deleted: resolves with the end, and the next message comes', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    await topic.deleteBefore(0, 10);
    const again = member.mark();
    expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:10');
    await topic.produceAndAwait(member);
    expect(member.runs(0, again)).to.equal('10');
  });

  it('S5 before the assignment: the first message of all is the earliest, whatever is committed', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await topic.deleteBefore(1, 3);
    await using member = new Member(cluster(), { 'auto.offset.reset': 'latest' });
    await member.consumer.commit([topic.at(0, 7), topic.at(1, 7)]);
    const sought = member.consumer.seekToBeginning();
    void member.read();
    await member.subscribed(topic);
    expect(sortedPlaces(await inTime(sought))).to.equal('0:0 1:3');
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['0..10', '3..10']);
  });
});
