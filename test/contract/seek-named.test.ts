import { expect } from 'chai';
import { KafkaError, type TopicPartition } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, places, quickGroup } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

/** Expects ERR__STATE that names these partitions, each with an error of its own, and no others. */
function expectNotHeld(error: unknown, partitions: readonly TopicPartition[]): asserts error is KafkaError {
  expect(error).to.be.instanceOf(KafkaError);
  if (!(error instanceof KafkaError)) return;
  expect(error.code).to.equal('ERR__STATE');
  const named = error.partitions?.map(({ topic, partition }) => ({ topic, partition }));
  expect(named).to.have.deep.members([...partitions]);
  for (const row of error.partitions ?? []) expect(row.error.code).to.equal('ERR__STATE');
}

describeOnBoth('seek to named partitions', (cluster) => {
  it('S2 moves these alone: the others lose and double nothing', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 4, messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);

    const again = member.mark();
    const sought = await inTime(member.consumer.seek([topic.at(2, 6), topic.at(0, 3)]));
    expect(places(sought), 'in the order asked for').to.equal('2:6 0:3');
    await topic.produceAndAwait(member);
    expect([0, 1, 2, 3].map((p) => member.runs(p, again))).to.deep.equal(['3..10', '10', '6..10', '10']);

    const third = member.mark();
    expect(places(await inTime(member.consumer.seekToBeginning(topic.rows([1]))))).to.equal('1:0');
    await topic.produceAndAwait(member);
    expect([0, 1, 2, 3].map((p) => member.runs(p, third))).to.deep.equal(['11', '0..11', '11', '11']);
  });

  it('S2 of one row takes it without a list too', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 5 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    expect(places(await inTime(member.consumer.seek(topic.at(1, 4))))).to.equal('1:4');
    void member.read();
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['0..5', '4..5']);
  });

  it('S2 rejects for those that are not held, names them, and seeks the others', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster());
    await member.consumer.assign(topic.rows([0, 1]));
    void member.read();
    await topic.isRead(member, [0, 1]);

    const again = member.mark();
    const strangers = [topic.row(2), topic.row(77), { topic: uniqueTopic('never'), partition: 0 }];
    const error: unknown = await inTime(rejection(member.consumer.seekToBeginning([topic.row(1), ...strangers])));
    expectNotHeld(error, strangers);
    expect(error.operation).to.equal('seekToBeginning');
    await topic.produceAndAwait(member, [0, 1]);
    expect([0, 1].map((p) => member.runs(p, again))).to.deep.equal(['10', '0..10']);
  });

  it('S2 rejects at once when nothing of it is held by a settled consumer, and nothing moves', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    await member.consumer.assign(topic.rows([0]));
    void member.read();
    await topic.isRead(member, [0]);
    for (const seek of [
      () => member.consumer.seek(topic.at(1, 3)),
      () => member.consumer.seekToBeginning(topic.rows([1])),
      () => member.consumer.seekToEnd(topic.rows([1])),
      () => member.consumer.seekToCommitted(topic.rows([1])),
      () => member.consumer.seekToTimestamp(0, topic.rows([1])),
    ]) {
      expectNotHeld(await inTime(rejection(seek())), topic.rows([1]));
    }
    await topic.produceAndAwait(member, [0]);
    expect(member.runs(0)).to.equal('0..10');
    expect(await member.consumer.position()).to.deep.equal([topic.at(0, 11)]);
  });

  it('S2 asked for before the assignment waits for it: held ones start there, lacking ones reject', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster());
    const sought = member.consumer.seek([topic.at(2, 8), topic.at(0, 4)]);
    const lacking = rejection(member.consumer.seek([topic.at(1, 9), topic.at(5, 0)]));
    void member.read();
    await member.subscribed(topic);
    expect(places(await inTime(sought))).to.equal('2:8 0:4');
    expectNotHeld(await inTime(lacking), topic.rows([5]));
    await topic.produceAndAwait(member);
    expect([0, 1, 2].map((p) => member.runs(p))).to.deep.equal(['4..10', '9..10', '8..10']);
  });

  it('S2 waits through an empty assignment', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
    const config = quickGroup(cluster(), 'cooperative-sticky'); // the first member keeps what it has
    await using first = new Member(cluster(), config);
    void first.read();
    await first.subscribed(topic);
    await topic.isRead(first);

    await using second = new Member(cluster(), config);
    let empty = 0;
    second.consumer.on('assigned', (partitions) => (empty += partitions.length ? 0 : 1));
    void second.read();
    let settled = false;
    const sought = second.consumer.seek(topic.at(0, 6)).finally(() => (settled = true));
    await second.consumer.subscribe(topic.topic);
    await eventually(() => empty > 0, { what: 'an empty assignment' });
    expect(settled, 'the seek waits on').to.be.false;

    await first.consumer.close();
    expect(places(await inTime(sought))).to.equal('0:6');
    await topic.produceAndAwait(second);
    expect(second.runs(0)).to.equal('6..10');
  });

  it('S2 that was rejected is not applied when the partition comes later', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    void member.read();
    await member.consumer.assign(topic.rows([0]));
    expectNotHeld(await inTime(rejection(member.consumer.seek(topic.at(1, 7)))), topic.rows([1]));
    await member.consumer.assign(topic.rows([1]));
    await topic.produceAndAwait(member, [1]);
    expect(member.runs(1)).to.equal('0..10');
  });
});
