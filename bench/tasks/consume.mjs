// Reads a topic from its beginning, by batches or message by message.

export async function run(load, { way, ...job }) {
  const driver = await load();
  const started = performance.now();
  const cpuAtStart = process.cpuUsage();
  const { count, sum, firstAt, lastAt } = await driver[way](job);
  const { user, system } = process.cpuUsage(cpuAtStart);
  return { count, sum, readMs: lastAt - firstAt, firstMs: firstAt - started, cpuMs: (user + system) / 1000 };
}
