import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { describeOnBoth } from '../helpers/clusters.js';
import { Member, NumberedTopic, hows, places, random, runs, sortedPlaces } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

/** Longer than a broker holds back its answer to a fetch: what a seek has set going by mistake has come by then. */
const FETCH_MS = 700;

const partitionsOf = (rows: readonly { partition: number }[]) => rows.map(({ partition }) => partition).sort();

describeOnBoth('a seek of paused partitions', (cluster) => {
  it('S7 leaves them paused, of whatever kind it is, and on resume they start where they were sought to', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 5, messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    const paused = topic.rows([1, 2, 3, 4]);
    member.consumer.pause(paused);
    const again = member.mark();
    const { consumer } = member;
    expect(places(await inTime(consumer.seek(topic.at(1, 4))))).to.equal('1:4');
    expect(places(await inTime(consumer.seekToBeginning(topic.rows([2]))))).to.equal('2:0');
    expect(places(await inTime(consumer.seekToEnd(topic.rows([3]))))).to.equal('3:10');
    await consumer.commit([topic.at(4, 8)]);
    expect(places(await inTime(consumer.seekToCommitted(topic.rows([4]))))).to.equal('4:8');
    expect(partitionsOf(consumer.paused)).to.deep.equal([1, 2, 3, 4]);

    await topic.produce(1, [1, 2, 3, 4]);
    await topic.produceAndAwait(member, [0]);
    await sleep(FETCH_MS);
    expect(partitionsOf(member.delivered.slice(again)), 'of paused partitions nothing comes').to.deep.equal([0]);
    expect(sortedPlaces(await consumer.position())).to.equal('0:11 1:4 2:0 3:10 4:8');

    consumer.resume(paused);
    await topic.isRead(member);
    expect([1, 2, 3, 4].map((p) => member.runs(p, again))).to.deep.equal(['4..10', '0..10', '10', '8..10']);
  });

  for (const how of hows) {
    it(`S7 in the middle of what was fetched: neither the rest of it nor the place before the seek comes (${how})`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 200 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      let pausedAt: number | undefined;
      void member.read(how, async ({ partition, sequence }) => {
        if (pausedAt !== undefined || partition !== 0 || sequence !== 50) return;
        member.consumer.pause(topic.rows([0]));
        await inTime(member.consumer.seek(topic.at(0, 20)));
        pausedAt = member.mark();
      });
      await eventually(() => pausedAt);
      await topic.produceAndAwait(member, [1]);
      await sleep(FETCH_MS);
      expect(member.runs(0, pausedAt), 'while paused').to.equal('');
      member.consumer.resume(topic.rows([0]));
      await topic.produceAndAwait(member, [0]);
      expect(member.runs(0, pausedAt)).to.equal('20..200');
      expect(member.runs(1)).to.equal('0..200');
    });
  }

  it('S7 of the whole assignment: paused ones move too, and stay paused one by one', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 3, messages: 10 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read();
    await topic.isRead(member);
    member.consumer.pause(topic.rows([0, 2]));
    const again = member.mark();
    expect(sortedPlaces(await inTime(member.consumer.seekToBeginning()))).to.equal('0:0 1:0 2:0');
    await topic.produceAndAwait(member, [1]);
    member.consumer.resume(topic.rows([2]));
    await topic.produceAndAwait(member, [2]);
    await sleep(FETCH_MS);
    expect([0, 1, 2].map((p) => member.runs(p, again))).to.deep.equal(['', '0..10', '0..10']);
    expect(partitionsOf(member.consumer.paused)).to.deep.equal([0]);
    member.consumer.resume();
    await topic.produceAndAwait(member, [0]);
    expect(member.runs(0, again)).to.equal('0..10');
  });

  it('S7 beside a sought one: a partition that is paused and resumed in the middle misses and doubles nothing', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 200 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    let again = 0;
    void member.read('by message', async ({ partition, sequence }) => {
      if (partition !== 1 || sequence % 50 !== 25) return;
      member.consumer.pause(topic.rows([1])); // what is buffered of it is worth nothing now
      await inTime(member.consumer.seek(topic.at(0, 150)));
      again = member.mark();
      if (sequence > 100) await turn();
      member.consumer.resume(topic.rows([1]));
    });
    await topic.produceAndAwait(member);
    expect(member.runs(1)).to.equal('0..200');
    expect(member.runs(0, again)).to.equal('150..200');
  });

  it('S7 at the start, paused in onAssigned: nothing comes before the resume', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    await using member = new Member(cluster());
    void member.read();
    const sought = member.consumer.seek([topic.at(0, 6), topic.at(1, 7)]);
    await member.consumer.subscribe(topic.topic, { onAssigned: () => member.consumer.pause() });
    expect(places(await inTime(sought))).to.equal('0:6 1:7');
    await sleep(FETCH_MS);
    expect(member.delivered).to.deep.equal([]);
    member.consumer.resume();
    await topic.produceAndAwait(member);
    expect([member.runs(0), member.runs(1)]).to.deep.equal(['6..10', '7..10']);
  });

  for (const [order, steps] of Object.entries({
    'pause, seek, resume': ['pause', 'seek', 'resume'],
    'seek, pause, resume': ['seek', 'pause', 'resume'],
    'pause, resume, seek': ['pause', 'resume', 'seek'],
    'seek, pause, seek, resume': ['early seek', 'pause', 'seek', 'resume'],
  })) {
    it(`S7 ${order} in one go, without waiting for any of it: the seek is neither lost nor undone`, async () => {
      await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 200 });
      await using member = new Member(cluster());
      await member.subscribed(topic);
      void member.read();
      await topic.isRead(member);
      const again = member.mark();
      const calls: Record<string, () => unknown> = {
        pause: () => member.consumer.pause(topic.rows([0])),
        resume: () => member.consumer.resume(topic.rows([0])),
        seek: () => member.consumer.seek(topic.at(0, 120)),
        'early seek': () => member.consumer.seekToBeginning(topic.rows([0])),
      };
      const called = steps.map((step) => calls[step]!());
      for (const call of called) await inTime(Promise.resolve(call));
      await topic.produceAndAwait(member);
      expect([member.runs(0, again), member.runs(1, again)]).to.deep.equal(['120..200', '200']);
    });
  }

  it('S7 while it is paused and resumed all the time: each seek is followed by its own messages', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 300 });
    await using member = new Member(cluster());
    await member.subscribed(topic);
    void member.read('by message', async ({ sequence }) => {
      if (sequence % 8 === 0) await turn();
    });
    const below = random(7);
    for (let round = 0; round < 30; round++) {
      const offset = below(300);
      if (below(2)) member.consumer.pause(topic.rows([0]));
      const sought = member.consumer.seek(topic.at(0, offset));
      for (let i = below(6); i > 0; i--) {
        if (below(2)) member.consumer.pause(topic.rows([0]));
        else member.consumer.resume(topic.rows([0]));
        if (below(2)) await turn();
      }
      await inTime(sought);
      const mark = member.mark();
      member.consumer.resume(topic.rows([0]));
      if (below(2)) await eventually(() => member.mark() > mark && member.sequences(0, mark).length > 0);
      const came = member.sequences(0, mark);
      expect(runs(came), `round ${round}, sought ${offset}`).to.equal(runs(came.map((_, i) => offset + i)));
    }
    await topic.produceAndAwait(member);
    expect(member.runs(1), 'the partition that was left alone').to.equal('0..300');
  });
});
