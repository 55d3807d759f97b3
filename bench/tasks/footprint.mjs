// Several consumers in one process: its memory and threads while they idle, and while all of them read.

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export async function run(load, { servers, topic, group, partitions, total, consumers }) {
  const driver = await load();
  const bare = sample();
  let count = 0;
  const tails = await Promise.all(
    Array.from({ length: consumers }, (_, i) =>
      driver.tail({ servers, topic, group: `${group}-${i}`, partitions }, () => count++),
    ),
  );
  await delay(3000);
  const cpuAtStart = process.cpuUsage();
  await delay(5000);
  const { user, system } = process.cpuUsage(cpuAtStart);
  const idle = sample();
  let busyMb = 0;
  const timer = setInterval(() => (busyMb = Math.max(busyMb, sample().rssMb)), 20);
  await Promise.all(tails.map((tail) => tail.toBeginning()));
  while (count < total * consumers) await delay(20);
  clearInterval(timer);
  const busy = sample();
  await Promise.all(tails.map((tail) => tail.close()));
  return {
    bareMb: bare.rssMb,
    idleMb: idle.rssMb,
    busyMb: Math.max(busyMb, busy.rssMb),
    threads: busy.threads - bare.threads,
    idleCpu: (user + system) / 1000 / 5000,
  };
}

function sample() {
  const threads = Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  return { rssMb: process.memoryUsage.rss() / 2 ** 20, threads };
}
