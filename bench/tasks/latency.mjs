// From the call that sends a message to the moment when a consumer in the same process has it in its hands, at a
// steady rate. Nothing is measured in the first seconds.

import { setTimeout as delay } from 'node:timers/promises';
import { summary } from '../statistics.mjs';

const WARM_UP_MS = 2000;

export async function run(load, { servers, topic, group, bytes, rate, seconds }) {
  const driver = await load();
  const latencies = [];
  let measuring = false;
  let probed = false;
  const tail = await driver.tail({ servers, topic, group, partitions: 1 }, (value) => {
    probed = true;
    const at = value.readDoubleLE(8);
    if (measuring && at > measuring) latencies.push(performance.now() - at);
  });
  const producer = await driver.producer({ servers, topic, lingerMs: 0 });
  const send = () => {
    const value = Buffer.alloc(bytes, 'x');
    value.writeDoubleLE(performance.now(), 8);
    return producer.sendOne(value);
  };
  while (!probed) {
    await send();
    await delay(20);
  }

  let sent = 0;
  let failure;
  const started = performance.now();
  const end = started + WARM_UP_MS + seconds * 1000;
  for (let now = started; now < end && !failure; now = performance.now()) {
    if (!measuring && now - started > WARM_UP_MS) measuring = now;
    for (const due = ((now - started) * rate) / 1000; sent < due; sent++) {
      send().catch((error) => (failure = error));
    }
    await delay(1);
  }
  if (failure) throw failure;
  await delay(500);
  await tail.close();
  await producer.close();
  return { count: latencies.length, ...summary(latencies) };
}
