import { expect } from 'chai';
import type { Consumer, KafkaError, OffsetReset, TopicPartitionOffset } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, NumberedTopic, sortedPlaces } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { eventually, inTime } from '../helpers/wait.js';

// The beginning of a log moves while somebody is on the way to an offset before it: by deleteRecords here, which is to a
// consumer what retention is. Of several partitions each goes by itself.

const told = (resets: readonly OffsetReset[]) =>
  resets
    .map(({ partition, askedOffset, offset }) => `${partition}: ${askedOffset} to ${offset}`)
    .sort()
    .join(', ');

describeOnKafka('a log whose start moves', (cluster) => {
  const prepare = async (reset: 'earliest' | 'latest' | 'error', partitions = 3) => {
    const topic = await NumberedTopic.create(cluster(), { partitions, messages: 20 });
    const member = new Member(cluster(), { 'auto.offset.reset': reset });
    await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    void member.read();
    await topic.isRead(member);
    return { topic, member };
  };

  describe('S15 one seek of three partitions: before the log, in it, behind it', () => {
    const seek = async ({ topic, member }: Awaited<ReturnType<typeof prepare>>) => {
      for (const p of topic.partitions) await topic.deleteBefore(p, 5);
      const mark = member.mark();
      const to = [topic.at(0, 2), topic.at(1, 12), topic.at(2, 500)];
      expect(sortedPlaces(await inTime(member.consumer.seek(to)))).to.equal('0:2 1:12 2:500');
      return mark;
    };

    it("'earliest': the outer ones begin anew, the inner one is where it was sent", async () => {
      const prepared = await prepare('earliest');
      const { topic, member } = prepared;
      await using _topic = topic;
      await using _member = member;
      const mark = await seek(prepared);
      await topic.produceAndAwait(member);
      expect([0, 1, 2].map((p) => member.runs(p, mark))).to.deep.equal(['5..20', '12..20', '5..20']);
      expect(told(member.resets)).to.equal('0: 2 to 5, 2: 500 to 5');
    });

    it("'latest': the outer ones go to the end, the inner one is where it was sent", async () => {
      const prepared = await prepare('latest');
      const { topic, member } = prepared;
      await using _topic = topic;
      await using _member = member;
      const mark = await seek(prepared);
      await eventually(() => member.resets.length === 2);
      await topic.produceAndAwait(member);
      expect([0, 1, 2].map((p) => member.runs(p, mark))).to.deep.equal(['20', '12..20', '20']);
      expect(told(member.resets)).to.equal('0: 2 to 20, 2: 500 to 20');
    });

    it("'error': each outer one ends an iterator, and a seek brings all of them back", async () => {
      const topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 20 });
      await using _topic = topic;
      await using member = new Member(cluster(), { 'auto.offset.reset': 'error' });
      const { consumer } = member;
      await consumer.assign(topic.partitions.map((p) => topic.at(p, 5)));
      for (const p of topic.partitions) await topic.deleteBefore(p, 5);
      await inTime(consumer.seek([topic.at(0, 2), topic.at(1, 12), topic.at(2, 500)]));
      const seen: string[] = [];
      const read = async () => {
        for await (const { partition, offset } of consumer) seen.push(`${partition}:${offset}`);
      };
      const failed = new Set<number>();
      const fail = async () => {
        while (failed.size < 2) {
          const error = (await rejection(read())) as KafkaError;
          expect(error).to.include({ code: 'ERR__AUTO_OFFSET_RESET' });
          for (const { partition } of error.partitions!) failed.add(partition);
        }
      };
      await inTime(fail(), 'two iterators reject');
      expect([...failed].sort()).to.deep.equal([0, 2]);
      void member.read();
      await eventually(() => seen.length + member.mark() === 8, { what: 'the inner one goes on' });
      const mark = member.mark();
      expect(sortedPlaces(await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 10 + p)))))).to.equal(
        '0:10 1:11 2:12',
      );
      await topic.produceAndAwait(member);
      expect([0, 1, 2].map((p) => member.runs(p, mark))).to.deep.equal(['10..20', '11..20', '12..20']);
      expect(member.resets).to.deep.equal([]);
    });
  });

  describe('S7 S15 while paused, past the offset sought', () => {
    const seeks: Record<string, (consumer: Consumer, topic: NumberedTopic) => Promise<TopicPartitionOffset[]>> = {
      seek: (consumer, topic) => consumer.seek(topic.partitions.map((p) => topic.at(p, 3))),
      seekToTimestamp: (consumer) => consumer.seekToTimestamp(0),
      seekToCommitted: (consumer) => consumer.seekToCommitted(),
    };
    for (const [name, call] of Object.entries(seeks)) {
      for (const [reset, expected] of [
        ['earliest', ['9..20', '0..20', '20']],
        ['latest', ['20', '0..20', '20']],
      ] as const) {
        it(`${name}, '${reset}': on resume by the policy, told, and the other partition untouched`, async () => {
          const { topic, member } = await prepare(reset);
          await using _topic = topic;
          await using _member = member;
          const { consumer } = member;
          await consumer.commit(topic.partitions.map((p) => topic.at(p, 3)));
          consumer.pause();
          const sought = await inTime(call(consumer, topic));
          const mark = member.mark();
          await topic.deleteBefore(0, 9);
          await topic.deleteBefore(2, 20); // all of it
          expect(sortedPlaces(await consumer.position()), 'nothing was fetched').to.equal(sortedPlaces(sought));
          consumer.resume();
          await eventually(() => member.resets.length === 2, { what: 'two jumps are told' });
          await topic.produceAndAwait(member);
          const from = sought[0]!.offset;
          expect(told(member.resets)).to.equal(`0: ${from} to ${reset === 'earliest' ? 9 : 20}, 2: ${from} to 20`);
          expect([0, 1, 2].map((p) => member.runs(p, mark))).to.deep.equal([
            expected[0],
            `${sought[1]!.offset}..20`,
            expected[2],
          ]);
        });
      }
    }
  });

  it('S5 between look-up and fetch, again and again: every seekToBeginning ends, and the earliest that is left comes', async () => {
    const topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 200 });
    await using _topic = topic;
    await using member = new Member(cluster(), { 'auto.offset.reset': 'error' });
    const { consumer } = member;
    await consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    void member.read();
    await topic.isRead(member);
    for (let start = 5; start <= 150; start += 5) {
      const seek = consumer.seekToBeginning();
      // While it looks up, while it moves, while it fetches: the timing is chance's.
      await topic.deleteBefore(0, start);
      const sought = await inTime(seek);
      expect(sought.map(({ offset }) => offset)[0]).to.be.oneOf([start - 5, start]);
    }
    const mark = member.mark();
    await topic.produceAndAwait(member);
    member.rethrow();
    expect(sortedPlaces(await inTime(consumer.seekToBeginning()))).to.equal('0:150 1:0');
    const last = member.mark();
    await topic.produceAndAwait(member);
    expect([member.runs(0, last), member.runs(1, last)]).to.deep.equal(['150..201', '0..201']);
    expect(member.sequences(0, mark).every((sequence) => sequence >= 145)).to.equal(true);
  });

  it('S3 behind a reader: what is deleted before it reads on is told, not passed over in silence', async () => {
    const topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 20 });
    await using _topic = topic;
    await using member = new Member(cluster());
    const { consumer } = member;
    await consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    consumer.pause();
    void member.read();
    await topic.deleteBefore(1, 13);
    consumer.resume();
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['0..20', '13..20']);
    expect(told(member.resets)).to.equal('1: 0 to 13');
  });
});
