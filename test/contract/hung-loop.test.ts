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
});
