// Reads a topic again and again at full speed for minutes, and looks at the memory meanwhile.

import { setTimeout as delay } from 'node:timers/promises';

export async function run(load, { servers, topic, group, partitions, total, minutes }) {
  const driver = await load();
  let count = 0;
  let left = 0;
  const tail = await driver.tail({ servers, topic, group, partitions }, () => {
    count++;
    if (--left === 0) void again();
  });
  const again = () => {
    left = total;
    return tail.toBeginning();
  };
  await again();
  const samples = [];
  const started = performance.now();
  for (let minute = 1; minute <= minutes; minute++) {
    await delay(started + minute * 60_000 - performance.now());
    const { rss, heapUsed } = process.memoryUsage();
    const mb = (n) => Math.round(n / 2 ** 20);
    samples.push({ minute, rssMb: mb(rss), heapMb: mb(heapUsed) });
  }
  left = Infinity;
  await tail.close();
  const last = samples.at(-1);
  const residentAt = (minute) => samples.findLast((sample) => sample.minute <= minute).rssMb;
  return {
    count,
    ...Object.fromEntries([1, 2, 4, 6, 8].map((minute) => [`after${minute}Mb`, residentAt(minute)])),
    lastMb: last.rssMb,
    lastHeapMb: last.heapMb,
  };
}
