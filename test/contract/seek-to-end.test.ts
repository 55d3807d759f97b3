import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, sortedPlaces } from '../helpers/member.js';
import { inTime } from '../helpers/wait.js';

const all = (topic: NumberedTopic, offset: number) => topic.partitions.map((p) => `${p}:${offset}`).join(' ');

describeOnBoth('seekToEnd', (cluster) => {
  for (const how of hows) {
    for (const partitions of [1, 3]) {
      it(`S4 round by round, of ${partitions}: what was acknowledged before never comes, what is produced after always (${how})`, async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions, messages: 5 });
        await using member = new Member(cluster());
        await member.subscribed(topic);
        void member.read(how);
        for (let round = 0; round < 15; round++) {
          await topic.produce(round % 4); // some rounds have nothing to pass over
          const end = topic.next(0);
          expect(sortedPlaces(await inTime(member.consumer.seekToEnd())), `round ${round}`).to.equal(all(topic, end));
          const mark = member.mark();
          await topic.produce(2);
          await topic.produceAndAwait(member);
          for (const p of topic.partitions) {
            expect(member.runs(p, mark), `round ${round}, partition ${p}`).to.equal(`${end}..${end + 2}`);
          }
        }
      });
    }
  }

  it('S4 twice in a row, with messages after each: the second passes over those of the first, and no more', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    expect(sortedPlaces(await inTime(member.consumer.seekToEnd()))).to.equal('0:5 1:5');
    await topic.produce(3);
    expect(sortedPlaces(await inTime(member.consumer.seekToEnd()))).to.equal('0:8 1:8');
    await topic.produce(2);
    void member.read();
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['8..10', '8..10']);
  });

  it('S4 twice in a row on a paused partition: the second one is not taken a second time later', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 5 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    member.consumer.pause();
    await inTime(member.consumer.seekToEnd());
    await sleep(50); // librdkafka's own query for the end would be taken up again 500 ms after the second one
    await inTime(member.consumer.seekToEnd());
    await topic.produce(3);
    await sleep(1000);
    member.consumer.resume();
    await topic.produceAndAwait(member);
    expect(member.runs(0)).to.equal('0..8');
  });

  it('S4 waiting for the assignment: the end is that of its arrival, so no backlog comes', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 5 });
    await using member = new Member(cluster());
    void member.read();
    const sought = member.consumer.seekToEnd();
    await topic.produce(4); // after the call, and before there is anything to seek
    await member.subscribed(topic);
    expect(sortedPlaces(await inTime(sought))).to.equal('0:9 1:9 2:9');
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => member.runs(p))).to.deep.equal(['9', '9', '9']);
  });

  it('S4 while others produce: every message is either before the position told, or comes', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    let going = true;
    const producing = (async () => {
      while (going) await topic.produce(1);
    })();
    try {
      for (let round = 0; round < 20; round++) {
        const acknowledged = topic.next(0) - 1; // the last one may be on its way
        const sought = await inTime(member.consumer.seekToEnd());
        const mark = member.mark();
        for (const row of sought) expect(row.offset, 'the end at the call, or later').to.be.at.least(acknowledged);
        await sleep(round);
        for (const { partition, offset } of sought) {
          const came = member.sequences(partition, mark);
          expect(came, `partition ${partition}`).to.deep.equal(came.map((_, i) => offset + i));
        }
      }
    } finally {
      going = false;
      await producing;
    }
  });
});
