// A consumer reads at full speed, and is sent to the beginning at random moments, awaited. How long does the promise
// take, how long until the first message from there, and what does the event loop feel of it?

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { summary } from '../statistics.mjs';

export async function run(load, { servers, topic, group, partitions, times, betweenMs }) {
  const driver = await load();
  const promised = [];
  const arrived = [];
  let count = 0;
  let called;
  const tail = await driver.tail({ servers, topic, group, partitions }, (value) => {
    count++;
    if (called !== undefined && value.readUInt32LE(0) < partitions) {
      arrived.push(performance.now() - called);
      called = undefined;
    }
  });
  await tail.toBeginning();
  const loop = monitorEventLoopDelay({ resolution: 1 });
  loop.enable();
  const started = performance.now();
  for (let i = 0; i < times; i++) {
    await delay(betweenMs[i]);
    const at = (called = performance.now());
    await tail.toBeginning();
    promised.push(performance.now() - at);
    while (called !== undefined) await delay(1);
  }
  const seconds = (performance.now() - started) / 1000;
  loop.disable();
  await tail.close();
  return {
    ...summary(promised),
    arrivedP50: summary(arrived).p50,
    arrivedP99: summary(arrived).p99,
    // The monitor's own timer is in it: 1 ms.
    loopP99: loop.percentile(99) / 1e6 - 1,
    loopMax: loop.max / 1e6 - 1,
    rate: count / seconds,
  };
}
