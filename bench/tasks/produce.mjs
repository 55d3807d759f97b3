// Sends numbered messages: by arrays with some of them in flight, or by single calls with many in flight.
// Those with which it warms up, one for each partition, are numbered behind the others.

export async function run(load, { servers, topic, total, bytes, partitions, way, perCall, inFlight, lingerMs }) {
  const driver = await load();
  const producer = await driver.producer({ servers, topic, lingerMs });
  const warmUp = lane(partitions);
  warmUp.number(total, partitions);
  await producer.sendArray(warmUp.values, warmUp.partitions);

  // Each acknowledgement sends the next call of its lane, so that `inFlight` of them are on their way at any time. A
  // lane has its buffers made beforehand, and numbers them anew for each call: that is all that is measured besides.
  let next = 0;
  const lanes = Array.from({ length: inFlight }, () => lane(perCall));
  const ways = {
    async sendArray({ values, partitions: list, number }) {
      while (next < total) {
        const from = next;
        next += perCall;
        number(from, partitions);
        await producer.sendArray(values, list);
      }
    },
    async sendOne({ values, partitions: list, number }) {
      while (next < total) {
        number(next++, partitions);
        await producer.sendOne(values[0], list[0]);
      }
    },
  };
  if (total % perCall !== 0) throw new Error(`${total} messages are no whole number of calls of ${perCall}`);
  const started = performance.now();
  const cpuAtStart = process.cpuUsage();
  await Promise.all(lanes.map(ways[way]));
  const sendMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpuAtStart);
  await producer.close();
  return { sent: total + partitions, sendMs, cpuMs: (user + system) / 1000 };

  function lane(count) {
    const block = Buffer.alloc(count * bytes, 'x');
    const values = Array.from({ length: count }, (_, i) => block.subarray(i * bytes, (i + 1) * bytes));
    const list = new Array(count).fill(0);
    const number = (from, of) => {
      for (let i = 0; i < count; i++) {
        block.writeUInt32LE(from + i, i * bytes);
        list[i] = (from + i) % of;
      }
    };
    return { values, partitions: list, number };
  }
}
