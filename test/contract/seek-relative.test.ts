import { expect } from 'chai';
import type { TopicPartitionOffset } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, sortedPlaces } from '../helpers/member.js';
import { Pair, describeProtocols } from '../helpers/protocols.js';
import { eventually, inTime } from '../helpers/wait.js';

// S18: seekBy goes on from the position in force when it is applied, seekToLast to so many offsets before the end. That they
// wait, win and end as the other seeks do is in the files of those clauses, where they stand in the tables of seeks.

describeOnBoth('S18: a relative seek', (cluster) => {
  for (const how of hows) {
    it(`counts from the position, as position() tells it, each time (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 30 });
      await using member = new Member(cluster());
      const { consumer } = member;
      await consumer.assign([topic.at(0, 10), topic.at(1, 20)]);
      expect(sortedPlaces(await inTime(consumer.seekBy(5)))).to.equal('0:15 1:25');
      expect(sortedPlaces(await inTime(consumer.seekBy(-7, topic.rows([1]))))).to.equal('1:18');
      expect(sortedPlaces(await inTime(consumer.seekBy(0)))).to.equal('0:15 1:18');
      void member.read(how);
      await topic.isRead(member);
      expect([member.runs(0), member.runs(1)]).to.deep.equal(['15..29', '18..29']);
      const again = member.mark();
      expect(sortedPlaces(await inTime(consumer.seekBy(-2)))).to.equal('0:28 1:28');
      await topic.produceAndAwait(member);
      expect([member.runs(0, again), member.runs(1, again)]).to.deep.equal(['28..30', '28..30']);
    });

    it(`from inside a loop goes back over what is in hand (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { messages: 20 });
      await using member = new Member(cluster());
      await member.consumer.assign([topic.at(0, 0)]);
      const sought: TopicPartitionOffset[] = [];
      void member.read(how, async ({ sequence }) => {
        if (sequence !== 12 || sought.length) return;
        const [position] = await member.consumer.position();
        const [to] = await inTime(member.consumer.seekBy(-4));
        sought.push(position!, to!);
      });
      await topic.produceAndAwait(member);
      const [from, to] = sought;
      expect(to!.offset).to.equal(from!.offset - 4);
      expect(member.runs(0)).to.equal(`0..12 ${to!.offset}..20`);
    });
  }

  it('stops at the ends of the log, also where the position was beyond them, and tells no reset', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 20 });
    await using member = new Member(cluster(), { 'auto.offset.reset': 'error' });
    const { consumer } = member;
    await consumer.assign([topic.at(0, 3)]);
    await topic.deleteBefore(0, 8);
    expect(sortedPlaces(await inTime(consumer.seekBy(2)))).to.equal('0:8');
    expect(sortedPlaces(await inTime(consumer.seekToLast(100)))).to.equal('0:8');
    expect(sortedPlaces(await inTime(consumer.seekBy(100)))).to.equal('0:20');
    expect(sortedPlaces(await inTime(consumer.seekBy(-1)))).to.equal('0:19');
    void member.read();
    await topic.produceAndAwait(member);
    expect(member.runs(0)).to.equal('19..20');
    expect([member.resets, member.errors]).to.deep.equal([[], []]);
  });

  it('leaves paused partitions paused, and starts there on resume', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    const { consumer } = member;
    await consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    void member.read();
    await topic.isRead(member);
    consumer.pause();
    const again = member.mark();
    expect(sortedPlaces(await inTime(consumer.seekBy(-3, topic.rows([0]))))).to.equal('0:7');
    expect(sortedPlaces(await inTime(consumer.seekToLast(2, topic.rows([1]))))).to.equal('1:8');
    expect(consumer.paused.length).to.equal(2);
    consumer.resume();
    await topic.produceAndAwait(member);
    expect([member.runs(0, again), member.runs(1, again)]).to.deep.equal(['7..10', '8..10']);
  });

  it('before the assignment counts from where each partition would have started', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster(), { 'auto.offset.reset': 'latest' });
    const { consumer } = member;
    await consumer.commit([topic.at(0, 4)]);
    const sought = consumer.seekBy(-3);
    await consumer.assign([topic.row(0), topic.row(1), topic.at(2, 8)]);
    expect(sortedPlaces(await inTime(sought))).to.equal('0:1 1:7 2:5');
    void member.read();
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => member.runs(p))).to.deep.equal(['1..10', '7..10', '5..10']);
  });

  it('of the last messages passes over nothing that comes afterwards', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 5 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    for (let round = 0; round < 10; round++) {
      await topic.produce(round % 3);
      const end = topic.next(0);
      expect(sortedPlaces(await inTime(member.consumer.seekToLast(round % 4)))).to.equal(`0:${end - (round % 4)}`);
      const mark = member.mark();
      await topic.produceAndAwait(member);
      expect(member.runs(0, mark), `round ${round}`).to.equal(round % 4 ? `${end - (round % 4)}..${end}` : `${end}`);
    }
  });
});

describeProtocols('S18: a relative seek while a group rebalances', (cluster, protocol) => {
  it('counts from where the member was, also in partitions that were taken and came back', async () => {
    await using pair = await Pair.create(cluster(), protocol, { 'enable.auto.commit': false });
    const { topic, first, second } = pair;
    let sought: Promise<TopicPartitionOffset[]> | undefined;
    await pair.firstReads({ onRevoked: () => void (sought ??= first.consumer.seekBy(-2)) });
    await topic.produceAndAwait(first); // read, and not committed
    const mark = first.mark();
    await pair.secondJoins();
    const { held } = first;
    expect(sortedPlaces(await inTime(eventually(() => sought)))).to.equal(held.map((p) => `${p}:9`).join(' '));
    await topic.produceAndAwait([first, second]);
    for (const p of held) expect(first.runs(p, mark), `partition ${p}`).to.equal('9..11');
  });
});
