// Sends numbered messages: by arrays with some of them in flight, or by single calls with many in flight.
// A fifth as many go before, unmeasured: what is compared is a service that runs, not one that starts.

const WARM_UP = 1 / 5;

export async function run(load, { servers, topic, total, bytes, way, perCall, inFlight, lingerMs }) {
  const warmUp = total * WARM_UP;
  for (const count of [total, warmUp]) {
    if (count % perCall !== 0) throw new Error(`${count} messages are no whole number of calls of ${perCall}`);
  }
  const driver = await load();
  const producer = await driver.producer({ servers, topic, lingerMs });
  // Each acknowledgement sends the next call of its lane, so that `inFlight` of them are on their way at any time. A
  // lane has its buffers made beforehand, and numbers them anew for each call: that is all that is measured besides.
  const lanes = Array.from({ length: inFlight }, lane);
  await send(total, total + warmUp);
  const started = performance.now();
  const cpuAtStart = process.cpuUsage();
  await send(0, total);
  const sendMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpuAtStart);
  await producer.close();
  return { sent: total + warmUp, sendMs, cpuMs: (user + system) / 1000 };

  async function send(from, to) {
    let next = from;
    await Promise.all(
      lanes.map(async ({ values, number }) => {
        while (next < to) {
          number(next);
          next += perCall;
          await (way === 'sendArray' ? producer.sendArray(values) : producer.sendOne(values[0]));
        }
      }),
    );
  }

  function lane() {
    const block = Buffer.alloc(perCall * bytes, 'x');
    const values = Array.from({ length: perCall }, (_, i) => block.subarray(i * bytes, (i + 1) * bytes));
    const number = (from) => values.forEach((value, i) => value.writeUInt32LE(from + i, 0));
    return { values, number };
  }
}
