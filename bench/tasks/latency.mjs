// From the call that sends a message to the moment when a consumer in the same process has it in its hands, at a
// steady rate; and until the send is acknowledged. Nothing is measured while clients and broker warm up.

import { setTimeout as delay } from 'node:timers/promises';
import { summary } from '../statistics.mjs';

export async function run(load, { servers, topic, group, bytes, rate, seconds, warmUpSeconds }) {
  const driver = await load();
  const latencies = [];
  const acknowledged = [];
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
    const at = performance.now();
    value.writeDoubleLE(at, 8);
    return producer.sendOne(value).then(() => {
      if (measuring && at > measuring) acknowledged.push(performance.now() - at);
    });
  };
  while (!probed) {
    await send();
    await delay(20);
  }

  let sent = 0;
  let failure;
  const started = performance.now();
  const warm = started + warmUpSeconds * 1000;
  const end = warm + seconds * 1000;
  for (let now = started; now < end && !failure; now = performance.now()) {
    if (!measuring && now > warm) measuring = now;
    for (const due = ((now - started) * rate) / 1000; sent < due; sent++) {
      send().catch((error) => (failure = error));
    }
    await delay(1);
  }
  if (failure) throw failure;
  await delay(500);
  await tail.close();
  await producer.close();
  return { count: latencies.length, ...summary(latencies), acknowledgedP50: summary(acknowledged).p50 };
}
