import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { KafkaError } from 'seekafka';
import { Scene, threeBrokers } from '../helpers/faults.js';
import { places, sortedPlaces } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

// A broker goes away before, during and after a seek. It leads one partition of three: the others have to go on, and it
// goes on when it is back, from where the seek says if that took effect, else from where it was.
// (Only the mock cluster can lose one broker of three.)

const AWAY = 2;
const LED = 1; // the partition that it leads

/** Look-ups end soon where a broker does not answer. */
const impatient = { 'socket.timeout.ms': 1500 };

/** Otherwise the coordinator is asked where partitions start, which may be the broker that is away. */
const noGroup = { 'group.id': undefined };

describe('a broker that is away', () => {
  it('before a seek to an offset: the others are there at once, and its partition when it is back', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, topic, consumer } = scene;
    mock.brokerDown(AWAY);
    const rows = await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 7))));
    const since = member.mark();
    expect(places(rows)).to.equal('0:7 1:7 2:7');
    await scene.isRead([0, 2], since);
    expect(member.runs(LED, since)).to.equal('');
    mock.brokerUp(AWAY);
    expect(await scene.came(since)).to.deep.equal(['7..20', '7..20', '7..20']);
  });

  it('before a seek that has to ask it: its partition rejects and goes on where it was, the others are sought', async () => {
    await using scene = await Scene.create(threeBrokers, impatient);
    const { mock, member, consumer } = scene;
    mock.brokerDown(AWAY);
    const since = member.mark();
    const error = (await inTime(rejection(consumer.seekToBeginning()))) as KafkaError;
    expect(error.operation).to.equal('seekToBeginning');
    expect(error.partitions?.map(({ partition }) => partition)).to.deep.equal([LED]);
    expect(places(await consumer.position())).to.equal('0:0 1:20 2:0');
    await scene.isRead([0, 2], since);
    mock.brokerUp(AWAY);
    expect(await scene.came(since)).to.deep.equal(['0..20', '20', '0..20']);
  });

  it('before a seek that is not about it: costs that seek no time', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, topic, consumer } = scene;
    mock.brokerDown(AWAY);
    await consumer.endOffsets(topic.rows([0])); // the look-ups' own handle is connected, and knows
    const start = awake();
    expect(sortedPlaces(await inTime(consumer.seekToEnd(topic.rows([0, 2]))))).to.equal('0:20 2:20');
    expect(awake() - start).to.be.lessThan(1000);
    mock.brokerUp(AWAY);
  });

  it('when its partition is assigned: does not hold up the others, and begins when it is back', async function () {
    await using scene = await Scene.create(threeBrokers, noGroup, { idle: true });
    const { mock, member, topic, consumer } = scene;
    mock.brokerDown(AWAY);
    void member.read();
    // Its start is looked up for five seconds (DESIGN.md, Start offsets).
    await inTime(consumer.assign(topic.rows()), 'assign', 8000);
    await scene.isRead([0, 2]);
    mock.brokerUp(AWAY);
    await eventually(() => member.last(LED) === 19, { what: 'its partition is read' });
    expect(await scene.came(0)).to.deep.equal(['0..20', '0..20', '0..20']);
  });

  it('when a whole assignment is sought before it begins: rejects for its partition, the others are sought', async function () {
    await using scene = await Scene.create(threeBrokers, { ...impatient, ...noGroup }, { idle: true });
    const { mock, member, topic, consumer } = scene;
    mock.brokerDown(AWAY);
    const sought = rejection(consumer.seekToEnd()) as Promise<KafkaError>;
    void member.read();
    await inTime(consumer.assign(topic.rows()), 'assign', 12_000);
    const error = await inTime(sought);
    expect(error.partitions?.map(({ partition }) => partition)).to.deep.equal([LED]);
    await topic.produceAndAwait(member, [0, 2]);
    mock.brokerUp(AWAY);
    // Nothing was sought there: it starts as it would have, at the beginning.
    await eventually(() => member.last(LED) === 19, { what: 'its partition is read' });
    expect(topic.partitions.map((p) => member.runs(p))).to.deep.equal(['20', '0..19', '20']);
  });

  for (const ms of [0, 150, 400]) {
    it(`${ms} ms into a look-up, and back a second later: it is asked again`, async () => {
      await using scene = await Scene.create(threeBrokers);
      const { mock, member, consumer } = scene;
      await consumer.endOffsets(); // connected
      mock.setRoundTripTime(AWAY, 500);
      const sought = consumer.seekToBeginning();
      if (ms) await sleep(ms);
      mock.brokerDown(AWAY);
      mock.setRoundTripTime(AWAY, 0);
      await sleep(1000);
      mock.brokerUp(AWAY);
      expect(sortedPlaces(await inTime(sought, 'the seek', 15_000))).to.equal('0:0 1:0 2:0');
      expect(await scene.came(member.mark())).to.deep.equal(['0..20', '0..20', '0..20']);
    });
  }

  for (const [when, ms] of [
    ['right after a seek has resolved', 0],
    ['while what was sought is fetched', 100],
  ] as const) {
    it(`${when}: its partition begins at the target when it is back`, async () => {
      await using scene = await Scene.create(threeBrokers);
      const { mock, topic, member, consumer } = scene;
      if (ms) mock.setRoundTripTime(AWAY, 3 * ms);
      await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 3))));
      const since = member.mark();
      if (ms) await sleep(ms);
      mock.brokerDown(AWAY);
      mock.setRoundTripTime(AWAY, 0);
      await scene.isRead([0, 2], since);
      mock.brokerUp(AWAY);
      expect(await scene.came(since)).to.deep.equal(['3..20', '3..20', '3..20']);
    });
  }

  it('and with it all the others: a seek rejects in its time, the event loop runs, and all go on where they were', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, consumer } = scene;
    for (const broker of [1, 2, 3]) mock.brokerDown(broker);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const start = performance.now();
    const limitFrom = awake();
    for (const call of [
      () => consumer.seekToEnd(undefined, { timeoutMs: 300 }),
      () => consumer.seekToBeginning(undefined, { timeoutMs: 300 }),
      () => consumer.seekToTimestamp(0, undefined, { timeoutMs: 300 }),
    ]) {
      expect(await inTime(rejection(call()))).to.include({ code: 'ERR__TIMED_OUT' });
    }
    clearInterval(timer);
    // Timers of Node.js count whole milliseconds: each may end a part of one early.
    expect(performance.now() - start).to.be.at.least(3 * 295);
    expect(awake() - limitFrom).to.be.lessThan(3000);
    // A call that blocked the event loop would leave it one turn each. (A busy machine gave it 49 in these 900 ms.)
    expect(turns).to.be.greaterThan(9);
    const since = member.mark();
    for (const broker of [1, 2, 3]) mock.brokerUp(broker);
    // Nothing came late of what was withdrawn.
    expect(await scene.came(since)).to.deep.equal(['20', '20', '20']);
  });

  it('and never comes back: close() ends, and a look-up that waits for it rejects', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, consumer } = scene;
    for (const broker of [1, 2, 3]) mock.brokerDown(broker);
    const waiting = rejection(consumer.seekToBeginning());
    await sleep(100); // into the look-up
    const start = awake();
    await consumer.close({ timeoutMs: 1000 });
    expect(awake() - start).to.be.lessThan(4000);
    expect(await inTime(waiting)).to.include({ code: 'ERR__DESTROY', operation: 'seekToBeginning' });
    for (const broker of [1, 2, 3]) mock.brokerUp(broker);
  });
});

describe('a broker that comes and goes', () => {
  it('while seeks are made all the time: each settles, and nothing is lost or doubled in the end', async function () {
    await using scene = await Scene.create(threeBrokers, impatient);
    const { mock, topic, member, consumer } = scene;
    let over = false;
    const flicker = (async () => {
      for (let broker = 1; !over; broker = (broker % 3) + 1) {
        mock.brokerDown(broker);
        await sleep(120);
        mock.brokerUp(broker);
        await sleep(200);
      }
    })();
    const outcomes: string[] = [];
    for (let round = 0; round < 12; round++) {
      const target = topic.partitions.map((p) => topic.at(p, round));
      const call = round % 3 === 0 ? consumer.seekToBeginning() : consumer.seek(target);
      outcomes.push(
        await inTime(
          call.then(() => 'resolved', String),
          'a seek',
          10_000,
        ),
      );
      await sleep(40);
    }
    over = true;
    await flicker;
    expect(outcomes.filter((outcome) => outcome === 'resolved').length).to.be.greaterThan(8, outcomes.join());
    await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 11))));
    expect(await scene.came(member.mark())).to.deep.equal(['11..20', '11..20', '11..20']);
  });
});
