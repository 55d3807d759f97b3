import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Consumer } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, runs } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

// batches() by count and by time: at least minMessages, or maxWaitMs after the first; bounded by maxMessages and maxBytes.

type Options = NonNullable<Parameters<Consumer['batches']>[0]>;

describeOnBoth('batches that wait for more', (cluster) => {
  const prepare = async (partitions: number, messages: number) => {
    const topic = await NumberedTopic.create(cluster(), { partitions, messages });
    const member = new Member(cluster());
    await member.consumer.assign(topic.partitions.map((p) => topic.at(p, 0)));
    return {
      topic,
      consumer: member.consumer,
      async [Symbol.asyncDispose]() {
        await member[Symbol.asyncDispose]();
        await topic[Symbol.asyncDispose]();
      },
    };
  };

  /** So many batches: the size of each, and the offsets of partition 0. */
  const read = async (consumer: Consumer, count: number, options: Options) => {
    const sizes: number[] = [];
    const offsets: number[] = [];
    const loop = async () => {
      for await (const batch of consumer.batches(options)) {
        sizes.push(batch.length);
        for (const { partition, offset } of batch) if (partition === 0) offsets.push(offset);
        if (sizes.length === count) break;
      }
    };
    await inTime(loop(), () => `${count} batches: ${sizes.join(' ')}`);
    return { sizes, runs: runs(offsets) };
  };

  it('have minMessages at least, also where those come one by one, and nothing is lost or doubled', async () => {
    await using it = await prepare(1, 0);
    const reading = read(it.consumer, 2, { minMessages: 7 });
    for (let i = 0; i < 60; i++) await it.topic.produce(1);
    const { sizes, runs: came } = await reading;
    for (const size of sizes) expect(size).to.be.at.least(7);
    expect(came).to.equal(`0..${sizes.reduce((sum, size) => sum + size, 0) - 1}`);
  });

  it('have more than the package would buffer otherwise, of all partitions', async () => {
    await using it = await prepare(3, 20_000);
    const { sizes, runs: came } = await read(it.consumer, 1, { minMessages: 50_000, maxMessages: 55_000 });
    expect(sizes[0]).to.be.within(50_000, 55_000);
    expect(came).to.match(/^0\.\.\d+$/);
  });

  it('come maxWaitMs after their first message with what there is', async () => {
    await using it = await prepare(1, 3);
    const { sizes } = await read(it.consumer, 1, { minMessages: 1000, maxWaitMs: 50 });
    expect(sizes).to.deep.equal([3]);
    const begun = performance.now();
    const reading = read(it.consumer, 1, { minMessages: 1000, maxWaitMs: 300 });
    await it.topic.produce(2);
    expect((await reading).sizes).to.deep.equal([2]);
    expect(performance.now() - begun).to.be.greaterThan(250);
  });

  it('by time alone have all that came in that time, or maxMessages', async () => {
    await using it = await prepare(1, 0);
    const reading = read(it.consumer, 2, { maxWaitMs: 20_000, maxMessages: 10 });
    for (let i = 0; i < 21; i++) await it.topic.produce(1);
    expect(await reading).to.deep.equal({ sizes: [10, 10], runs: '0..19' });
  });

  it('stop at maxBytes, whatever they wait for', async () => {
    await using it = await prepare(1, 100);
    const { sizes } = await read(it.consumer, 1, { minMessages: 90, maxBytes: 20 });
    expect(sizes[0]).to.be.within(5, 7); // '0:12'
  });

  it('have what is left of a read with an end, without waiting for more', async () => {
    await using it = await prepare(3, 50);
    const { topic, consumer } = it;
    const sizes: number[] = [];
    const until = [topic.at(0, 40), topic.at(1, 45), topic.at(2, 50)];
    const loop = async () => {
      for await (const batch of consumer.batches({ until, minMessages: 100 })) sizes.push(batch.length);
    };
    await inTime(loop(), () => sizes.join());
    expect(sizes.reduce((sum, size) => sum + size)).to.equal(135);
    const rest = await read(consumer, 1, { minMessages: 15 });
    expect(rest).to.deep.equal({ sizes: [15], runs: '40..49' });
  });

  it('wait on while one partition is beyond its end and fills up what is buffered', async () => {
    await using it = await prepare(2, 30_000);
    const { topic, consumer } = it;
    const until = [topic.at(0, 10), topic.at(1, 30_005)];
    let messages = 0;
    const loop = async () => {
      for await (const batch of consumer.batches({ until, minMessages: 29_000 })) messages += batch.length;
    };
    const reading = loop();
    await eventually(() => messages >= 29_000);
    await topic.produce(5);
    await inTime(reading);
    expect(messages).to.equal(30_015);
    const rest = await read(consumer, 1, { minMessages: 29_000 });
    expect(rest.runs).to.match(/^10\.\.\d+$/);
  });

  it('come although all that is buffered is of a partition that is not read', async () => {
    await using it = await prepare(2, 20_000);
    const { topic, consumer } = it;
    consumer.pause(topic.rows([1]));
    expect((await read(consumer, 1, { maxMessages: 1 })).sizes).to.deep.equal([1]);
    await sleep(200); // as much more is fetched and buffered as may be
    consumer.resume();
    let messages = 0;
    const loop = async () => {
      const until = [topic.at(1, 20)];
      for await (const batch of consumer.batches({ until, minMessages: 7 })) messages += batch.length;
    };
    await inTime(loop());
    expect(messages).to.equal(20);
    expect((await read(consumer, 1, { minMessages: 100 })).runs).to.match(/^1\.\.|^$/);
  });

  it('leave out what was sought away from while they waited, and begin where it was sought to', async () => {
    await using it = await prepare(1, 20);
    const reading = read(it.consumer, 1, { minMessages: 25 });
    await eventually(async () => (await it.consumer.position())[0]!.offset === 0);
    await inTime(it.consumer.seek(it.topic.at(0, 15)));
    await it.topic.produce(19);
    await new Promise(setImmediate);
    await it.topic.produce(1);
    expect((await reading).runs).to.match(/^15\.\.39$/);
  });

  it('move no position before they come: who leaves loses nothing', async () => {
    await using it = await prepare(1, 20);
    const shutdown = new AbortController();
    const step = it.consumer.batches({ minMessages: 1000, signal: shutdown.signal }).next();
    await eventually(() => it.consumer.position());
    shutdown.abort();
    expect((await inTime(step)).done).to.equal(true);
    expect((await it.consumer.position())[0]!.offset).to.equal(0);
    expect((await read(it.consumer, 1, { minMessages: 20 })).runs).to.equal('0..19');
  });
});
