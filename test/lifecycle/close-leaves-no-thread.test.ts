import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { RebalanceListener } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { consumerOn, fill, takeSequences } from '../helpers/numbered.js';
import { mainThreads, mainThreadsAtRest } from '../helpers/threads.js';
import { eventually, inTime } from '../helpers/wait.js';

// A close() that is cut short gives up waiting, and no more than that: what librdkafka still does ends, and meanwhile
// costs nothing.

describe('close() that is cut short', () => {
  for (const strategy of ['range', 'cooperative-sticky']) {
    for (const when of ['onAssigned', 'onRevoked'] as const) {
      it(`by an ${when} that never ends lets all threads end (${strategy})`, async () => {
        const cluster = await mockCluster();
        await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
        const topic = await cluster.createTopic(2);
        await fill(cluster, topic, { partitions: 2, count: 10 });
        const before = await mainThreadsAtRest();
        const consumer = consumerOn(cluster, { 'partition.assignment.strategy': strategy });
        let called!: () => void;
        const call = new Promise<void>((resolve) => (called = resolve));
        const listener: RebalanceListener = {
          [when]: () => {
            called();
            return new Promise<void>(() => {});
          },
        };
        await consumer.subscribe(topic, listener);
        if (when === 'onAssigned') await inTime(call);
        else await takeSequences(consumer, 1);
        await consumer.close({ timeoutMs: 100 });
        await eventually(() => expect(mainThreads()).to.be.at.most(before));
      });
    }
  }

  // What decides is where a LeaveGroup is on its way at the moment at which the handle is destroyed.
  it('by an onRevoked that never ends lets all threads end, many times', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    const before = await mainThreadsAtRest();
    for (let round = 0; round < 8; round++) {
      const closed = Array.from({ length: 10 }, async () => {
        const consumer = consumerOn(cluster);
        await consumer.subscribe(topic, { onRevoked: () => new Promise<void>(() => {}) });
        await takeSequences(consumer, 1);
        await consumer.close({ timeoutMs: 100 });
      });
      await Promise.all(closed);
    }
    await eventually(() => expect(mainThreads()).to.be.at.most(before));
  });

  it('by a coordinator that does not answer a commit keeps no processor busy', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    const consumer = consumerOn(cluster);
    await consumer.subscribe(topic);
    await takeSequences(consumer, 5);
    cluster.mock.setRoundTripTime(1, 60_000);
    await consumer.close({ timeoutMs: 100 });
    await sleep(1500); // the timer of a second that librdkafka does not run any more is due by now
    const from = process.cpuUsage();
    await sleep(1000);
    const { user, system } = process.cpuUsage(from);
    expect((user + system) / 1000).to.be.lessThan(500);
  });
});
