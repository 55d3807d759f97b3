import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import type { Consumer } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, leave } from '../helpers/member.js';
import { commitAt, committedOf } from '../helpers/numbered.js';
import { readTo } from '../helpers/reads.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// S20: a read with an end. Logs that end in what is never delivered are in test/kafka/log-reads.test.ts, groups that rebalance
// in read-rebalance.test.ts.

const END = { until: 'end' } as const;
/** As S20 wants it: the read has moved each partition to its end, and the next loop begins there, with nothing lost. */
const expectRest = async (topic: NumberedTopic, member: Member, ends: readonly number[]) => {
  const mark = member.mark();
  void member.read();
  await topic.produceAndAwait(member);
  for (const p of topic.partitions) {
    const next = topic.next(p) - 1;
    const expected = ends[p] === next ? `${next}` : `${ends[p]}..${next}`;
    expect(member.runs(p, mark), `partition ${p} in the next loop`).to.equal(expected);
  }
};

describeOnBoth('S20: a read with an end', (cluster) => {
  const assigned = async (partitions: number, messages: number, config = {}) => {
    const topic = await NumberedTopic.create(cluster(), { partitions, messages });
    const member = new Member(cluster(), config);
    await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    return {
      topic,
      member,
      consumer: member.consumer,
      async [Symbol.asyncDispose]() {
        await member[Symbol.asyncDispose]();
        await topic[Symbol.asyncDispose]();
      },
    };
  };

  for (const how of hows) {
    describe(how, () => {
      it("until 'end' has all that was there, and is over although more comes; the rest is the next loop's", async () => {
        await using it = await assigned(3, 200);
        let more = false;
        const read = await readTo(it.consumer, how, END, async ({ offset }) => {
          if (offset < 50 || more) return;
          more = true;
          await it.topic.produce(100);
        });
        expect([0, 1, 2].map(read.of)).to.deep.equal(['0..199', '0..199', '0..199']);
        await expectRest(it.topic, it.member, [200, 200, 200]);
      });

      it('tells how much remains, down to 0', async () => {
        await using it = await assigned(2, 100);
        const { remaining } = await readTo(it.consumer, how, END);
        expect(remaining.at(-1)).to.equal(0);
        for (let i = 1; i < remaining.length; i++) expect(remaining[i]).to.be.at.most(remaining[i - 1]!);
        if (how === 'by message') expect(remaining[0]).to.equal(199);
      });

      it('of empty partitions is over at once, and so is one that is at its end', async () => {
        await using it = await assigned(2, 0);
        expect((await readTo(it.consumer, how, END)).remaining).to.deep.equal([0]);
        await it.topic.produce(5, [0]);
        expect((await readTo(it.consumer, how, END)).of(0)).to.equal('0..4');
        expect((await readTo(it.consumer, how, END)).count).to.equal(0);
        await expectRest(it.topic, it.member, [5, 0]);
      });

      it('waits for the first assignment of a group', async () => {
        await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 20 });
        const group = uniqueGroup();
        await commitAt(cluster(), group, topic.topic, 7, 1);
        await using member = new Member(cluster(), { 'group.id': group });
        const reading = readTo(member.consumer, how, END);
        await member.consumer.subscribe(topic.topic);
        const read = await reading;
        expect([0, 1, 2].map(read.of)).to.deep.equal(['0..19', '7..19', '0..19']);
        await expectRest(topic, member, [20, 20, 20]);
      });

      it('until offsets stops at each of them, and delivers nothing of a partition without one', async () => {
        await using it = await assigned(3, 500);
        const { topic } = it;
        const read = await readTo(it.consumer, how, { until: [topic.at(0, 3), topic.at(2, 450)] });
        expect([0, 1, 2].map(read.of)).to.deep.equal(['0..2', '', '0..449']);
        await expectRest(topic, it.member, [3, 0, 450]);
      });

      it('until an offset that is not there yet waits for it', async () => {
        await using it = await assigned(1, 10);
        const reading = readTo(it.consumer, how, { until: [it.topic.at(0, 15)] });
        await it.topic.produce(3);
        await turn();
        await it.topic.produce(7);
        expect((await reading).of(0)).to.equal('0..14');
        await expectRest(it.topic, it.member, [15]);
      });

      it('until an offset that a partition is beyond delivers nothing of it', async () => {
        await using it = await assigned(2, 10);
        await it.consumer.seek(it.topic.at(0, 8));
        const read = await readTo(it.consumer, how, { until: [it.topic.at(0, 5), it.topic.at(1, 5)] });
        expect([read.of(0), read.of(1)]).to.deep.equal(['', '0..4']);
        await expectRest(it.topic, it.member, [8, 5]);
      });

      it('of one short and one long partition: what the short one has beyond its end stands in nobody’s way', async () => {
        await using it = await assigned(2, 20_000);
        const { topic, consumer } = it;
        await consumer.seek(topic.at(1, 15_000));
        const read = await readTo(consumer, how, { until: [topic.at(0, 10), topic.at(1, 20_000)] });
        expect([read.of(0), read.of(1)]).to.deep.equal(['0..9', '15000..19999']);
        expect(consumer.paused, 'nothing of this shows').to.deep.equal([]);
        await expectRest(topic, it.member, [10, 20_000]);
      });

      it('counts a seek back, of a partition that was there already too', async () => {
        await using it = await assigned(2, 50);
        const { topic, consumer } = it;
        let isThere = false;
        let sought = false;
        const read = await readTo(consumer, how, { until: [topic.at(0, 5), topic.at(1, 40)] }, async (message) => {
          isThere ||= message.partition === 0 && message.offset === 4;
          if (sought || !isThere) return;
          sought = true;
          await inTime(consumer.seek(topic.at(0, 2)));
        });
        expect([read.of(0), read.of(1)]).to.deep.equal(['0..4 2..4', '0..39']);
        await expectRest(topic, it.member, [5, 40]);
      });

      it('counts a seek that was not waited for, at the last message', async () => {
        await using it = await assigned(1, 10);
        let sought: Promise<unknown> | undefined;
        const read = await readTo(it.consumer, how, END, ({ offset }) => {
          if (offset === 9) sought ??= it.consumer.seekToBeginning();
        });
        await sought;
        expect(read.of(0)).to.equal('0..9 0..9');
      });

      it('counts a seek beyond the end, and goes on behind it later', async () => {
        await using it = await assigned(2, 50);
        const { topic, consumer } = it;
        const read = await readTo(consumer, how, { until: [topic.at(0, 20), topic.at(1, 20)] }, async (message) => {
          if (message.partition === 0 && message.offset === 10) await inTime(consumer.seek(topic.at(0, 40)));
        });
        expect([read.of(0), read.of(1)]).to.deep.equal(['0..10', '0..19']);
        await expectRest(topic, it.member, [40, 20]);
      });

      it('finishes where the log start has moved beyond the end', async () => {
        await using it = await assigned(2, 30, { 'auto.offset.reset': 'earliest' });
        const { topic, consumer } = it;
        consumer.pause();
        for (const p of topic.partitions) await topic.deleteBefore(p, 20);
        consumer.resume();
        // What was fetched before it was paused is worthless.
        const read = await readTo(consumer, how, { until: [topic.at(0, 5), topic.at(1, 25)] });
        expect([read.of(0), read.of(1)]).to.deep.equal(['', '20..24']);
        await expectRest(topic, it.member, [20, 25]);
      });

      it('goes on at the log start where that moves in the midst of it, beyond its end too', async () => {
        await using it = await assigned(3, 30, { 'auto.offset.reset': 'earliest' });
        const { topic, consumer } = it;
        consumer.pause(topic.rows([1, 2])); // what was fetched of them is worthless, and what is deleted not fetched again
        let moved = false;
        const until = topic.partitions.map((p) => topic.at(p, 20));
        const read = await readTo(consumer, how, { until }, async ({ partition, offset }) => {
          if (partition !== 0 || offset !== 5) return;
          moved = true;
          await topic.deleteBefore(1, 10);
          await topic.deleteBefore(2, 25);
          consumer.resume();
        });
        expect(moved).to.equal(true);
        expect([0, 1, 2].map(read.of)).to.deep.equal(['0..19', '10..19', '']);
        expect(read.remaining.at(-1)).to.equal(0);
        await expectRest(topic, it.member, [20, 20, 25]);
      });

      it('waits for a paused partition, and not beyond its resumption', async () => {
        await using it = await assigned(2, 10);
        it.consumer.pause(it.topic.rows([1]));
        const reading = readTo(it.consumer, how, END, ({ partition, offset }) => {
          if (partition === 0 && offset === 9) setImmediate(() => it.consumer.resume());
        });
        const read = await reading;
        expect([read.of(0), read.of(1)]).to.deep.equal(['0..9', '0..9']);
      });

      it('leaves pauses as they are, also of a partition that is there and is paused and resumed meanwhile', async () => {
        await using it = await assigned(2, 5000);
        const { topic, consumer } = it;
        consumer.pause(topic.rows([1]));
        await readTo(consumer, how, { until: [topic.at(0, 5), topic.at(1, 5000)] }, ({ partition, offset }) => {
          if (partition === 0 && offset === 4) setImmediate(() => consumer.resume());
          if (partition === 1 && offset % 1000 === 10) consumer.pause(topic.rows([0]));
          if (partition === 1 && offset % 1000 === 20 && offset < 4000) consumer.resume(topic.rows([0]));
        });
        expect(consumer.paused).to.deep.equal(topic.rows([0]));
        const mark = it.member.mark();
        void it.member.read();
        await topic.produceAndAwait(it.member, [1]);
        expect(it.member.runs(0, mark)).to.equal('');
        consumer.resume();
        await topic.produceAndAwait(it.member, [0]);
        expect(it.member.runs(0, mark)).to.equal('5..5000');
      });

      it('that is left goes on in the next loop, with nothing lost on the way', async () => {
        await using it = await assigned(2, 1000);
        const { topic, consumer } = it;
        const read = await readTo(consumer, how, { until: [topic.at(0, 5), topic.at(1, 900)] }, (message) =>
          message.partition === 1 && message.offset === 400 ? leave : undefined,
        );
        // Of the other partition any number of its five may have come by then.
        const left = 499 + 5 - (read.count - 401);
        if (how === 'by message') expect(read.remaining.at(-1), 'what was left').to.equal(left);
        const rest = await readTo(consumer, how, END);
        const first = how === 'by message' ? 401 : Number(rest.of(1).split('..')[0]);
        expect(rest.of(1)).to.equal(`${first}..999`);
      });

      it('until a time ends at the first message at or after it, where there is none at the end', async function () {
        await using it = await assigned(2, 5);
        const time = new Date(Date.now() + 50);
        await eventually(() => Date.now() > time.getTime() + 50);
        await it.topic.produce(5, [0]);
        const read = await readTo(it.consumer, how, { until: time });
        expect([read.of(0), read.of(1)]).to.deep.equal(['0..4', '0..4']);
        await expectRest(it.topic, it.member, [5, 5]);
      });

      it('commits what was processed, its last message too', async () => {
        await using topic = await NumberedTopic.create(cluster(), { messages: 20 });
        const group = uniqueGroup();
        const member = new Member(cluster(), { 'group.id': group });
        await member.consumer.subscribe(topic.topic);
        await readTo(member.consumer, how, { until: [topic.at(0, 12)] });
        await member.consumer.close();
        expect(await committedOf(cluster(), group, topic.topic)).to.equal(12);
      });
    });
  }

  describe('its signal', () => {
    it('ends it while it waits, without an error, and everything before it counts as processed', async () => {
      await using topic = await NumberedTopic.create(cluster(), { messages: 10 });
      const group = uniqueGroup();
      const member = new Member(cluster(), { 'group.id': group });
      await member.consumer.subscribe(topic.topic);
      const shutdown = new AbortController();
      const { signal } = shutdown;
      const read = await readTo(member.consumer, 'by message', { signal }, ({ offset }) => {
        if (offset === 9) setImmediate(() => shutdown.abort(new Error('never seen')));
      });
      expect(read.of(0)).to.equal('0..9');
      expect(read.remaining.every(Number.isNaN), 'without until').to.equal(true);
      await member.consumer.close();
      expect(await committedOf(cluster(), group, topic.topic)).to.equal(10);
    });

    for (const how of hows) {
      it(`ends it from the loop's body, with what is in hand processed, and the next loop has the rest (${how})`, async () => {
        await using it = await assigned(1, 5000);
        const shutdown = new AbortController();
        const read = await readTo(it.consumer, how, { ...END, signal: shutdown.signal }, () => shutdown.abort());
        if (how === 'by message') expect(read.of(0)).to.equal('0');
        expect(read.remaining.at(-1)).to.equal(5000 - read.count);
        const [position] = await it.consumer.position();
        expect(position!.offset).to.equal(read.count);
        await it.consumer.commit();
        expect((await it.consumer.committed())[0]!.offset).to.equal(read.count);
        expect((await readTo(it.consumer, how, END)).of(0)).to.equal(`${read.count}..4999`);
      });
    }

    it('that is aborted already ends it at once, and touches nothing', async () => {
      await using member = new Member(cluster());
      const signal = AbortSignal.abort(new Error('never seen'));
      for (const read of [member.consumer.messages({ signal }), member.consumer.batches({ ...END, signal })]) {
        expect(await inTime<unknown>(read.next())).to.deep.equal({ value: undefined, done: true });
        expect(read.remaining).to.be.NaN;
      }
    });

    it('ends one that waits for an assignment', async () => {
      await using member = new Member(cluster());
      const shutdown = new AbortController();
      const step = member.consumer.messages({ ...END, signal: shutdown.signal }).next();
      await turn();
      shutdown.abort();
      expect((await inTime(step)).done).to.equal(true);
    });
  });

  it('of nothing assigned by hand is over, and so is one whose subscription is given up', async () => {
    await using it = await assigned(1, 5);
    await it.consumer.assign([]);
    expect((await readTo(it.consumer, 'by message', END)).count).to.equal(0);
    await it.consumer.unsubscribe();
    await it.consumer.subscribe(it.topic.topic);
    const reading = readTo(it.consumer, 'by message', { until: [it.topic.at(0, 1000)] });
    await eventually(() => it.consumer.assignment.length === 1);
    await it.consumer.unsubscribe();
    await reading;
  });

  it('ends with the consumer, and rejects while another loop is open', async () => {
    await using it = await assigned(1, 5);
    const read = it.consumer.messages({ until: [it.topic.at(0, 1000)] });
    await read.next();
    expect(await rejection(it.consumer.messages(END).next())).to.include({ code: 'ERR__STATE' });
    const waiting = (async () => {
      for await (const _ of read) void _;
    })();
    await it.consumer.close();
    await inTime(waiting);
  });

  it('without an end is what the loop over the consumer is', async () => {
    await using it = await assigned(1, 5);
    const read = it.consumer.messages();
    const offsets: number[] = [];
    for await (const { offset } of read) if (offsets.push(offset) === 5) break;
    expect([offsets, read.remaining]).to.deep.equal([[0, 1, 2, 3, 4], NaN]);
  });

  it('disposes of itself', async () => {
    await using it = await assigned(1, 5);
    const first = async (consumer: Consumer) => {
      await using read = consumer.messages(END);
      return (await read.next()).value!.offset;
    };
    expect(await first(it.consumer)).to.equal(0);
    expect(await first(it.consumer)).to.equal(1);
  });
});
