import 'reflect-metadata';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MockCluster } from 'seekafka';
import { AppModule } from './app-module.ts';

let cluster: MockCluster;
let app: INestApplication;
let url: string;

before(async () => {
  cluster = await MockCluster.start();
  cluster.createTopic('orders', 3);
  const testing = await Test.createTestingModule({ imports: [AppModule.on(cluster.bootstrapServers)] }).compile();
  app = testing.createNestApplication();
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
after(async () => {
  await app.close();
  await cluster.close();
});

const order = (customer: string, pieces: number) =>
  fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer, pieces }),
  });

/** Asks until the answer is as wanted: the consumer hears of an order a moment after its sender does. */
async function eventually(path: string, wanted: object): Promise<void> {
  for (const begun = Date.now(); ; await setTimeout(20)) {
    const answer = await fetch(`${url}/${path}`).then((response) => response.json());
    if (JSON.stringify(answer) === JSON.stringify(wanted)) return;
    if (Date.now() - begun > 20_000) assert.deepEqual(answer, wanted);
  }
}

test('is ready when the consumer has joined its group', () => eventually('ready', { state: 'up', joined: true }));

test('stores an order, and knows of it', async () => {
  const response = await order('ann', 3);
  assert.equal(response.status, 201);
  assert.equal(((await response.json()) as { topic: string }).topic, 'orders');
  await order('ann', 4);
  await eventually('orders/ann', { customer: 'ann', pieces: 7 });
});
