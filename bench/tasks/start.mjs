// From the import of the client to the first message in the application's hands, in a group that is new.

export async function run(load, job) {
  const started = performance.now();
  const driver = await load();
  const importMs = performance.now() - started;
  const { firstAt } = await driver.consumeBatches({ ...job, total: 1 });
  return { importMs, firstMs: firstAt - started };
}
