import { strict as assert } from 'node:assert';
import { test } from 'mocha';
import { World } from './world.ts';

test('an order becomes an invoice', async () => {
  await using world = await World.start();
  await world.order('ann', { pieces: 3, price: 5 });
  assert.deepEqual(await world.invoices(1), [['ann', 15]]);
});

test('an order is billed when the broker is back', async () => {
  await using world = await World.start();
  await world.order('ann', { pieces: 1, price: 1 });
  await world.invoices(1);
  world.cluster.brokerDown(1);
  const ordered = world.order('bob', { pieces: 2, price: 5 }); // waits for the broker
  world.cluster.brokerUp(1);
  await ordered;
  assert.deepEqual((await world.invoices(2))[1], ['bob', 10]);
});
