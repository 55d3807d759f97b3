import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { describeOnBoth, mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { Member, NumberedTopic, hows, places, random, sortedPlaces } from '../helpers/member.js';
import { awake, inTime } from '../helpers/wait.js';

/** Kafka's number of the request ListOffsets. */
const LIST_OFFSETS = 2;

describeOnBoth('several seeks at once', (cluster) => {
  it('S9 the last of absolute offsets decides, and all resolve with it', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 20 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    const again = member.mark();
    const offsets = [3, 17, 0, 9, 12];
    const sought = await inTime(Promise.all(offsets.map((offset) => member.consumer.seek(topic.at(0, offset)))));
    expect(sought.map(places)).to.deep.equal(offsets.map(() => '0:12'));
    await topic.produceAndAwait(member);
    expect(member.runs(0, again)).to.equal('12..20');
  });

  it('S9 the last of all kinds decides, each of them once the last', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 20 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    await member.consumer.commit(topic.partitions.map((p) => topic.at(p, 8)));
    const kinds = [
      { seek: () => member.consumer.seekToBeginning(), offset: () => 0 },
      { seek: () => member.consumer.seek([topic.at(0, 5), topic.at(1, 5)]), offset: () => 5 },
      { seek: () => member.consumer.seekToEnd(), offset: () => topic.next(0) },
      { seek: () => member.consumer.seekToCommitted(), offset: () => 8 },
      { seek: () => member.consumer.seekToLast(3), offset: () => topic.next(0) - 3 },
      // From where it stands, which is the end: the seeks before it have not taken effect.
      { seek: () => member.consumer.seekBy(-2), offset: () => topic.next(0) - 2 },
    ];
    for (const [i] of kinds.entries()) {
      const order = kinds.map((_, j) => kinds[(i + 1 + j) % kinds.length]!); // ends with the i-th
      const again = member.mark();
      const last = order.at(-1)!.offset();
      const sought = await inTime(Promise.all(order.map(({ seek }) => seek())));
      for (const rows of sought) expect(sortedPlaces(rows)).to.equal(`0:${last} 1:${last}`);
      await topic.produceAndAwait(member);
      for (const p of topic.partitions) {
        const newest = topic.next(p) - 1;
        expect(member.runs(p, again), `partition ${p}`).to.equal(last === newest ? `${last}` : `${last}..${newest}`);
      }
    }
  });

  it('S9 counts by partition: a later seek of one leaves the earlier one of the others in force', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    const again = member.mark();
    const whole = member.consumer.seekToBeginning();
    const one = member.consumer.seek(topic.at(1, 4));
    const end = member.consumer.seekToEnd(topic.rows([2]));
    expect(sortedPlaces(await inTime(whole))).to.equal('0:0 1:4 2:10');
    expect(places(await inTime(one))).to.equal('1:4');
    expect(places(await inTime(end))).to.equal('2:10');
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => member.runs(p, again))).to.deep.equal(['0..10', '4..10', '10']);
  });

  it('S9 holds for seeks that wait for the assignment together', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    const sought = [
      member.consumer.seekToEnd(),
      member.consumer.seek([topic.at(0, 2), topic.at(1, 2)]),
      member.consumer.seekToBeginning(),
      member.consumer.seek(topic.at(1, 7)),
    ];
    void member.read();
    await member.subscribed(topic);
    const rows = await inTime(Promise.all(sought));
    expect(rows.map(sortedPlaces)).to.deep.equal(['0:0 1:7', '0:0 1:7', '0:0 1:7', '1:7']);
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['0..10', '7..10']);
  });

  for (const how of hows) {
    it(`S9 of many seeks at odd moments, from several tasks, the last call is where it goes on (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 300 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      void member.read(how);
      const below = random(9);
      let last = 0;
      const task = async () => {
        for (let i = 0; i < 25; i++) {
          const kind = below(4);
          last = kind === 0 ? 0 : kind === 1 ? 300 : below(300);
          if (kind === 0) await inTime(member.consumer.seekToBeginning());
          else if (kind === 1) await inTime(member.consumer.seekToEnd());
          else await inTime(member.consumer.seek(topic.partitions.map((p) => topic.at(p, last))));
          await sleep(below(5));
        }
      };
      await Promise.all([task(), task(), task()]);
      const sought = await inTime(member.consumer.position());
      // Nothing asked for is under way any more: from the last call's place on everything came once.
      await topic.produceAndAwait(member);
      for (const p of topic.partitions) {
        const sequences = member.sequences(p);
        const start = sequences.lastIndexOf(last);
        expect(sequences.slice(start), `partition ${p}, from ${last} on`).to.deep.equal(
          Array.from({ length: 301 - last }, (_, i) => last + i),
        );
        expect(sought.find((row) => row.partition === p)!.offset).to.be.at.least(last);
      }
    });
  }
});

// Only the mock cluster answers a ListOffsets as late as it is told to.
const pinned = describe('several seeks at once, while the answer to the first is late (mock)', () => {
  const lateMs = 700;

  for (const earlier of ['seekToBeginning', 'seekToEnd'] as const) {
    it(`S9 ${earlier}, then an offset: the late answer does not undo it`, async () => {
      const cluster = await mockCluster();
      try {
        await using topic = await NumberedTopic.create(cluster, { partitions: 2, messages: 10 });
        await using member = new Member(cluster);
        await member.subscribed(topic);
        void member.read();
        await topic.isRead(member);
        await inTime(member.consumer.seekToEnd()); // a look-up has a connection from now on
        const again = member.mark();
        cluster.mock.pushRequestError(1, LIST_OFFSETS, 0, lateMs);
        const first = member.consumer[earlier]();
        const asked = awake();
        const second = await inTime(member.consumer.seek([topic.at(0, 6), topic.at(1, 6)]));
        expect(awake() - asked, 'it does not wait for the one before it').to.be.below(lateMs / 2);
        expect(places(second)).to.equal('0:6 1:6');
        expect(sortedPlaces(await inTime(first))).to.equal('0:6 1:6');
        await topic.produceAndAwait(member);
        await sleep(lateMs + 500); // the answer has come by then, and what it could undo would be seen
        await topic.produceAndAwait(member);
        expect([0, 1].map((p) => member.runs(p, again))).to.deep.equal(['6..11', '6..11']);
      } finally {
        await cluster.close();
      }
    });
  }
});
setGroup(pinned, 'mock');
