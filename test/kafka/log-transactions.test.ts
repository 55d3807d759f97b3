import { expect } from 'chai';
import type { TopicPartitionOffset } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, runs, sortedPlaces } from '../helpers/member.js';
import { Transactions } from '../helpers/transactions.js';
import { eventually, inTime } from '../helpers/wait.js';

// Logs that transactions wrote: offsets of control records and of aborted messages are never delivered, so what comes
// after a seek is the first message at or after the offset that the isolation level lets through. The mock cluster
// knows transactions, but keeps no control records and aborts nothing.

const uncommitted = { 'isolation.level': 'read_uncommitted' } as const;

/** The sequences of transactions, which count apart from those of `topic.produce`: from 1000 on. */
const rows = (topic: NumberedTopic, count: number, { partition = 0, from = 1000 } = {}) =>
  Array.from({ length: count }, (_, i) => ({ ...topic.row(partition), value: `${partition}:${from + i}` }));

const offsets = (member: Member, since = 0, partition = 0) =>
  runs(member.delivered.slice(since).flatMap((m) => (m.partition === partition ? [m.offset] : [])));

describeOnKafka('a log with transactions', (cluster) => {
  const assigned = async (topic: NumberedTopic, config: ConstructorParameters<typeof Member>[1] = {}) => {
    const member = new Member(cluster(), config);
    await member.consumer.assign(topic.rows());
    return member;
  };

  for (const how of hows) {
    it(`S3 S5 sought at any of its offsets: the first committed message from there on comes, nothing aborted (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster());
      await using transactions = new Transactions(cluster());
      await transactions.committed(rows(topic, 2)); // 0 1, control 2
      await transactions.aborted(rows(topic, 2, { from: 1002 })); // 3 4, control 5
      await transactions.committed(rows(topic, 1, { from: 1004 })); // 6, control 7
      await topic.produce(1); // 8
      await using member = await assigned(topic);
      void member.read(how);
      const visible = [0, 1, 6, 8];
      for (let offset = 0; offset <= 8; offset++) {
        expect(sortedPlaces(await inTime(member.consumer.seek(topic.at(0, offset))))).to.equal(`0:${offset}`);
        const mark = member.mark();
        const expected = visible.filter((each) => each >= offset);
        await eventually(() => member.delivered.at(-1)?.offset === 8 && member.mark() > mark);
        expect(offsets(member, mark), `from ${offset}`).to.equal(runs(expected));
      }
      const mark = member.mark();
      expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:0');
      await eventually(() => member.mark() - mark === visible.length);
      expect(offsets(member, mark)).to.equal(runs(visible));
    });
  }

  it('S18 markers and aborted messages count: the last offsets, and so many back, are offsets', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using transactions = new Transactions(cluster());
    await transactions.committed(rows(topic, 2)); // 0 1, control 2
    await transactions.aborted(rows(topic, 2, { from: 1002 })); // 3 4, control 5
    await topic.produce(1); // 6
    await using member = await assigned(topic);
    void member.read();
    const seeks: readonly [seek: () => Promise<TopicPartitionOffset[]>, to: number, visible: readonly number[]][] = [
      [() => member.consumer.seekToLast(1), 6, [6]],
      [() => member.consumer.seekToLast(4), 3, [6]],
      [() => member.consumer.seekToLast(6), 1, [1, 6]],
      [() => member.consumer.seekBy(-1), 6, [6]],
      [() => member.consumer.seekBy(-5), 2, [6]],
      [() => member.consumer.seekBy(-7), 0, [0, 1, 6]],
    ];
    for (const [i, [seek, to, visible]] of seeks.entries()) {
      await eventually(async () => (await member.consumer.position())[0]?.offset === 7);
      const mark = member.mark();
      expect(sortedPlaces(await inTime(seek())), `seek ${i}`).to.equal(`0:${to}`);
      await eventually(() => member.mark() - mark === visible.length);
      expect(offsets(member, mark), `after seek ${i}`).to.equal(runs(visible));
    }
  });

  it('S3 read_uncommitted: aborted messages come too, control records do not', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using transactions = new Transactions(cluster());
    await transactions.aborted(rows(topic, 2)); // 0 1, control 2
    await transactions.committed(rows(topic, 1)); // 3, control 4
    await topic.produce(1); // 5
    await using member = await assigned(topic, uncommitted);
    void member.read();
    for (const [sought, expected] of [
      [0, '0..1 3 5'],
      [1, '1 3 5'],
      [2, '3 5'],
      [4, '5'],
    ] as const) {
      await inTime(member.consumer.seek(topic.at(0, sought)));
      const mark = member.mark();
      await eventually(() => member.mark() > mark && member.delivered.at(-1)?.offset === 5);
      expect(offsets(member, mark), `from ${sought}`).to.equal(expected);
    }
  });

  it('S4 S5 S6 all aborted: seeks to both ends resolve without a message, and the first real one comes', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using transactions = new Transactions(cluster());
    await transactions.aborted(rows(topic, 3)); // 0 1 2, control 3
    await using member = await assigned(topic);
    void member.read();
    const { consumer } = member;
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:4');
    expect(sortedPlaces(await inTime(consumer.seekToBeginning()))).to.equal('0:0');
    expect(sortedPlaces(await consumer.position())).to.equal('0:0');
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:4');
    await topic.produceAndAwait(member);
    expect(sortedPlaces(await inTime(consumer.seekToBeginning()))).to.equal('0:0');
    await eventually(() => member.mark() === 2);
    expect(offsets(member)).to.equal('4 4');
    expect(sortedPlaces(await consumer.position())).to.equal('0:5');
  });

  it('S4 S16 ends in control records: the end, a late time and the record itself wait there for the next message', async () => {
    await using topic = await NumberedTopic.create(cluster());
    await using transactions = new Transactions(cluster());
    await transactions.committed(rows(topic, 2)); // 0 1, control 2
    await transactions.aborted(rows(topic, 1)); // 3, control 4
    await using member = await assigned(topic);
    const { consumer } = member;
    void member.read();
    await eventually(() => member.mark() === 2);
    const late = Date.now() + 60_000;
    for (const [seek, expected] of [
      [() => consumer.seekToEnd(), 5],
      [() => consumer.seek(topic.at(0, 4)), 4],
      [() => consumer.seek(topic.at(0, 2)), 2],
      [() => consumer.seekToTimestamp(late), 0],
    ] as const) {
      const at = await inTime(seek());
      const end = 5 + topic.next(0);
      expect(at[0]?.offset).to.equal(expected === 5 || expected === 0 ? end : expected);
      const mark = member.mark();
      await topic.produceAndAwait(member);
      // Those that were produced in the rounds before come again where the seek went before them.
      expect(offsets(member, mark)).to.equal(runs(range(Math.max(5, at[0]!.offset), end + 1)));
    }
  });

  it('S4 read_committed: seekToEnd stands before an open transaction, whose messages come when it commits', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 3 });
    await using transactions = new Transactions(cluster());
    const open = await transactions.open(rows(topic, 2)); // 3 4
    await topic.produce(1); // 5, acknowledged, and not to be read before the transaction has ended
    await using member = await assigned(topic);
    const { consumer } = member;
    void member.read();
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:3');
    expect(sortedPlaces(await consumer.position())).to.equal('0:3');
    expect((await consumer.lag())[0]?.lag).to.equal(0);
    expect(sortedPlaces(await consumer.endOffsets())).to.equal('0:3');
    const mark = member.mark();
    await open.commit(); // control 6
    await topic.produceAndAwait(member); // 7
    expect(offsets(member, mark)).to.equal('3..5 7');
    expect(sortedPlaces(await consumer.position())).to.equal('0:8');
    expect((await consumer.lag())[0]?.lag).to.equal(0);
  });

  it('S4 read_committed: seekToEnd before a transaction that aborts: nothing of it ever comes, the rest does', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 3 });
    await using transactions = new Transactions(cluster());
    const open = await transactions.open(rows(topic, 2)); // 3 4
    await topic.produce(1); // 5
    await using member = await assigned(topic);
    const { consumer } = member;
    void member.read();
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:3');
    const mark = member.mark();
    await open.abort(); // control 6
    await topic.produceAndAwait(member); // 7
    expect(offsets(member, mark)).to.equal('5 7');
  });

  it('S4 read_uncommitted: the end is behind an open transaction, of which nothing comes later', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 3 });
    await using transactions = new Transactions(cluster());
    const open = await transactions.open(rows(topic, 2)); // 3 4
    await using member = await assigned(topic, uncommitted);
    const { consumer } = member;
    void member.read();
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:5');
    expect(sortedPlaces(await consumer.endOffsets())).to.equal('0:5');
    expect((await consumer.lag())[0]?.lag).to.equal(0);
    const mark = member.mark();
    await open.commit(); // control 5
    await topic.produceAndAwait(member); // 6
    expect(offsets(member, mark)).to.equal('6');
  });

  it('S4 an open transaction in one partition leaves the ends of the others alone', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 4 });
    await using transactions = new Transactions(cluster());
    const open = await transactions.open([...rows(topic, 1, { partition: 1 }), ...rows(topic, 2, { partition: 2 })]);
    await topic.produce(2, [0, 1]);
    await using member = await assigned(topic);
    const { consumer } = member;
    void member.read();
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:6 1:4 2:4');
    const mark = member.mark();
    await open.commit();
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => offsets(member, mark, p))).to.deep.equal(['6', '4..6 8', '4..5 7']);
  });

  it('S4 an open transaction that is sought into: nothing of it before the commit, all of it from there on after', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 2 });
    await using transactions = new Transactions(cluster());
    const open = await transactions.open(rows(topic, 3)); // 2 3 4
    await using member = await assigned(topic);
    void member.read();
    await eventually(() => member.mark() === 2);
    // Behind what may be read, and within the log: not out of range.
    expect(sortedPlaces(await inTime(member.consumer.seek(topic.at(0, 3))))).to.equal('0:3');
    const mark = member.mark();
    await open.commit(); // control 5
    await topic.produceAndAwait(member); // 6
    expect(offsets(member, mark)).to.equal('3..4 6');
    expect(member.resets).to.deep.equal([]);
  });
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
