import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { leave, Member, NumberedTopic, quickGroup } from '../helpers/member.js';
import { describeProtocols } from '../helpers/protocols.js';
import { inTime } from '../helpers/wait.js';

// A loop that asks for a message now and then lives, however long all that was fetched ahead of it lasts: it stays in its group,
// while statistics and log lines are polled as well, which are no sign of life.

const INTERVAL_MS = 1500;
/** Twice the interval of work in all, a tenth of it a message. */
const STEPS = 20;

describeProtocols('a slow loop that lives, while statistics and logs come', (cluster, protocol) => {
  it('stays in its group, and takes one message after the other', async () => {
    await using topic = await NumberedTopic.create(cluster(), { messages: 2 * STEPS });
    await using member = new Member(cluster(), {
      ...quickGroup(cluster(), protocol),
      ...(protocol === 'consumer' ? {} : { 'session.timeout.ms': 1500 }),
      'max.poll.interval.ms': INTERVAL_MS,
      'statistics.interval.ms': 50,
      debug: 'cgrp',
    });
    const seen = { assigned: 0, lost: 0, revoked: 0 };
    for (const event of ['assigned', 'lost', 'revoked'] as const) member.consumer.on(event, () => seen[event]++);
    await member.subscribed(topic);
    const loop = member.read('by message', async () => {
      await sleep(INTERVAL_MS / 10);
      return member.mark() === STEPS ? leave : undefined;
    });
    await inTime(loop, 'the loop', 30_000);
    expect(member.runs(0)).to.equal(`0..${STEPS - 1}`);
    expect(seen).to.deep.equal({ assigned: 1, lost: 0, revoked: 0 });
  });
});
