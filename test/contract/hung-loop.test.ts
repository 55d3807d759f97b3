import { expect } from 'chai';
import { deferred } from '../../lib/client/deferred.js';
import { Member, NumberedTopic, quickGroup } from '../helpers/member.js';
import { describeProtocols } from '../helpers/protocols.js';
import { eventually } from '../helpers/wait.js';

// A loop that hangs holds partitions that nobody reads. It is taken out of its group after max.poll.interval.ms, whatever
// is polled meanwhile that it did not ask for (messages ahead of it, statistics, log lines, errors, rebalances), and stays
// out until it asks for a message again.

const INTERVAL_MS = 1500;

describeProtocols('a loop that hangs while statistics, logs and messages come', (cluster, protocol) => {
  it('leaves its partitions to the others, stays away, and has its share when it asks again', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 1 });
    const group = {
      ...quickGroup(cluster(), protocol),
      ...(protocol === 'consumer' ? {} : { 'session.timeout.ms': 1500 }),
      'max.poll.interval.ms': INTERVAL_MS,
      'statistics.interval.ms': 50,
    };
    const goesOn = deferred<void>();
    await using hangs = new Member(cluster(), { ...group, debug: 'cgrp' });
    const seen = { assigned: 0, lost: 0 };
    hangs.consumer.on('assigned', () => seen.assigned++).on('lost', () => seen.lost++);
    const loop = hangs.read('by message', () => goesOn.promise);
    try {
      await hangs.subscribed(topic);
      await eventually(() => hangs.delivered.length === 1, { what: 'the loop hangs at its first message' });
      // One after the other, so that there is always something to fetch ahead.
      const begun = performance.now();
      while (seen.lost === 0 && performance.now() - begun < 4 * INTERVAL_MS) await topic.produce();
      expect(seen.lost, 'times that it lost its partitions').to.equal(1);

      await using other = new Member(cluster(), group);
      void other.read();
      await other.subscribed(topic);
      // Twice the interval, during which the one that hangs polls events and would be back.
      const lost = performance.now();
      while (performance.now() - lost < 2 * INTERVAL_MS) await topic.produceAndAwait(other);
      expect(seen).to.deep.equal({ assigned: 1, lost: 1 });
      expect(other.held).to.deep.equal(topic.partitions);

      goesOn.resolve();
      await eventually(() => hangs.held.length === 1 && other.held.length === 1, { what: 'each has its share' });
      await topic.produceAndAwait([hangs, other]);
    } finally {
      goesOn.resolve();
    }
    await hangs.consumer.close();
    await loop;
  });

  it('goes on where it was sought to before, when it has its partitions back', async () => {
    await using topic = await NumberedTopic.create(cluster(), { partitions: 2, messages: 10 });
    const goesOn = deferred<void>();
    await using member = new Member(cluster(), {
      ...quickGroup(cluster(), protocol),
      ...(protocol === 'consumer' ? {} : { 'session.timeout.ms': 1500 }),
      'max.poll.interval.ms': INTERVAL_MS,
    });
    let lost = 0;
    member.consumer.on('lost', () => lost++);
    void member.read('by message', async () => {
      if (member.mark() > 1) return;
      member.consumer.pause([topic.row(0)]);
      await member.consumer.seek([topic.at(0, 5), topic.at(1, 7)]);
      await goesOn.promise;
    });
    try {
      await member.subscribed(topic);
      await eventually(() => lost === 1, { timeoutMs: 15_000, what: 'it has lost its partitions' });
      expect(member.mark()).to.equal(1);
    } finally {
      goesOn.resolve();
    }
    await member.holds(2);
    await topic.produce();
    await topic.isRead(member, [1]);
    expect(member.sequences(0, 1), 'of what is paused').to.deep.equal([]);
    member.consumer.resume([topic.row(0)]);
    await topic.isRead(member);
    expect([member.runs(0, 1), member.runs(1, 1)]).to.deep.equal(['5..10', '7..10']);
  });
});
