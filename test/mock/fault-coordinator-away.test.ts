import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Scene, threeBrokers } from '../helpers/faults.js';
import { places } from '../helpers/member.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// librdkafka aborted the process when a question to the coordinator had timed out while it was away, and it came back
// (cmake/deps/patches/admin-coordinator-timeout.patch). A red test here is the end of the whole run.

const all = [1, 2, 3];

describe('a coordinator that is away', () => {
  it('when it is asked what is committed, and comes back after the time is over: does not end the process', async () => {
    await using scene = await Scene.create(threeBrokers);
    const { mock, member, topic, consumer } = scene;
    await consumer.commit([topic.at(0, 4), topic.at(1, 5), topic.at(2, 6)]);
    for (const broker of all) mock.brokerDown(broker);
    const since = member.mark();
    expect(await inTime(rejection(consumer.seekToCommitted(undefined, { timeoutMs: 300 })))).to.include({
      code: 'ERR__TIMED_OUT',
      operation: 'seekToCommitted',
    });
    expect(await inTime(rejection(consumer.committed(undefined, { timeoutMs: 300 })))).to.have.property('code');
    for (const broker of all) mock.brokerUp(broker);
    // The seek was withdrawn: what is new comes next. The coordinator's answer to it would be here by then.
    expect(await scene.came(since)).to.deep.equal(['20', '20', '20']);
    expect(places(await inTime(consumer.seekToCommitted()))).to.equal('0:4 1:5 2:6');
    expect(await scene.came(member.mark())).to.deep.equal(['4..21', '5..21', '6..21']);
  });

  it('when a partition is assigned: delivery begins when it is back, at what is committed', async function () {
    await using scene = await Scene.create(threeBrokers, {}, { idle: true });
    const { mock, member, topic, consumer } = scene;
    await consumer.commit([topic.at(0, 4), topic.at(1, 5), topic.at(2, 6)]);
    for (const broker of all) mock.brokerDown(broker);
    void member.read();
    // Longer than the look-up of the starts takes at most.
    const assigned = consumer.assign(topic.rows());
    await sleep(5500);
    for (const broker of all) mock.brokerUp(broker);
    await inTime(assigned);
    await scene.isRead([0, 1, 2]);
    expect(topic.partitions.map((p) => member.runs(p))).to.deep.equal(['4..19', '5..19', '6..19']);
  });
});
