// The work of the order services: what it does with an order is not their point.

import { setTimeout as wait } from 'node:timers/promises';

const failed = new Map();

export async function bill(value) {
  const { id, customer, total } = JSON.parse(value.toString());
  await wait(2);
  if (total < 0) throw new RangeError('a negative total');
  if (total % 50 === 0 && !failed.has(id)) {
    failed.set(id, true);
    throw new Error('the bank is busy');
  }
  console.log(`billed ${id} of ${customer}`);
}
