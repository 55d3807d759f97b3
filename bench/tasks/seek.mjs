// An idle consumer at the log end is sent to the beginning: how long until it has the first message in its hands?
// Then it reads to the end again, and idles for another while.

import { once, EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { summary } from '../statistics.mjs';

export async function run(load, { servers, topic, group, total, idleMs }) {
  const driver = await load();
  const seen = new EventEmitter();
  const took = [];
  let called;
  const tail = await driver.tail({ servers, topic, group, partitions: 1 }, (value) => {
    const n = value.readUInt32LE(0);
    if (n === 0 && called !== undefined) {
      took.push(performance.now() - called);
      called = undefined;
    }
    if (n === total - 1) seen.emit('end');
  });
  for (const ms of idleMs) {
    await delay(ms);
    const end = once(seen, 'end');
    called = performance.now();
    await tail.toBeginning();
    await end;
    if (called !== undefined) throw new Error('the last message came before the first');
  }
  await tail.close();
  return { count: took.length, ...summary(took) };
}
