import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Scene, threeBrokers } from '../helpers/faults.js';
import { sortedPlaces } from '../helpers/member.js';
import { awake, inTime } from '../helpers/wait.js';

// A partition's leader moves to another broker before, during and between the steps of a seek: look-up, native seek,
// fetch. (Only the mock cluster moves a leader on demand.)

describe('a leader that moves to another broker', () => {
  const steps = [
    'before the call',
    'in the look-up',
    'between the look-up and the fetch',
    'while it is fetched',
  ] as const;
  for (const step of steps) {
    for (const form of ['seekToBeginning', 'seek'] as const) {
      if (form === 'seek' && step === 'in the look-up') continue; // it has none
      it(`${step} of ${form}(): nothing is lost or doubled`, async () => {
        await using scene = await Scene.create(threeBrokers);
        const { mock, member, topic, consumer } = scene;
        await consumer.endOffsets(); // so that the look-ups know who led
        const move = () => {
          mock.setLeader(topic.topic, 1, 3);
          mock.setLeader(topic.topic, 0, 2);
        };
        if (step === 'before the call') move();
        if (step === 'in the look-up') for (const broker of [1, 2]) mock.setRoundTripTime(broker, 200);
        if (step === 'while it is fetched') for (const broker of [1, 2]) mock.setRoundTripTime(broker, 100);
        const target = form === 'seek' ? 7 : 0;
        const sought =
          form === 'seek' ? consumer.seek(topic.partitions.map((p) => topic.at(p, 7))) : consumer.seekToBeginning();
        if (step === 'in the look-up') {
          await sleep(100);
          move();
        }
        const rows = await inTime(sought);
        const since = member.mark();
        if (step === 'between the look-up and the fetch') move();
        if (step === 'while it is fetched') {
          await sleep(50);
          move();
        }
        for (const broker of [1, 2]) mock.setRoundTripTime(broker, 0);
        expect(sortedPlaces(rows)).to.equal(`0:${target} 1:${target} 2:${target}`);
        const run = `${target}..20`;
        expect(await scene.came(since)).to.deep.equal([run, run, run]);
      });
    }
  }

  it('to and fro, with a seek in every place: each resolves, and nothing is lost or doubled in the end', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, topic, consumer } = scene;
    for (let round = 0; round < 9; round++) {
      for (const p of topic.partitions) mock.setLeader(topic.topic, p, ((p + round) % 3) + 1);
      if (round % 2) await inTime(consumer.seekToBeginning());
      else await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, round))));
    }
    const since = member.mark();
    await inTime(consumer.seek(topic.partitions.map((p) => topic.at(p, 9))));
    expect(await scene.came(since)).to.deep.equal(['9..20', '9..20', '9..20']);
  });
});

describe('one slow broker of three', () => {
  it('costs the seeks of the other partitions no time, and its own only its round trips', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, topic, consumer } = scene;
    await consumer.endOffsets();
    mock.setRoundTripTime(2, 1500);
    const begun = awake();
    const slow = consumer.seekToBeginning(topic.rows([1]));
    const since = member.mark();
    await inTime(consumer.seekToBeginning(topic.rows([0, 2])));
    expect(awake() - begun).to.be.lessThan(1000);
    await scene.isRead([0, 2], since);
    expect(sortedPlaces(await inTime(slow))).to.equal('1:0');
    mock.setRoundTripTime(2, 0);
    expect(await scene.came(since)).to.deep.equal(['0..20', '0..20', '0..20']);
  });

  it('in a seek of all partitions: the others deliver with it, not before it, and none is lost', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, consumer } = scene;
    await consumer.endOffsets();
    mock.setRoundTripTime(2, 1500);
    const since = member.mark();
    const sought = consumer.seekToBeginning();
    expect(sortedPlaces(await inTime(sought))).to.equal('0:0 1:0 2:0');
    expect(member.mark()).to.equal(since);
    mock.setRoundTripTime(2, 0);
    expect(await scene.came(since)).to.deep.equal(['0..20', '0..20', '0..20']);
  });
});
