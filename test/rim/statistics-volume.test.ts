import { expect } from 'chai';
import { Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { inTime } from '../helpers/wait.js';

describe('statistics behind an event loop that is blocked', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('are not gathered: the newest is told', async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer({ ...servers, 'statistics.interval.ms': 5 });
    let told = 0;
    await inTime(new Promise<void>((resolve) => producer.on('statistics', () => void (told++, resolve()))));
    told = 0;
    const cell = new Int32Array(new SharedArrayBuffer(4));
    Atomics.wait(cell, 0, 0, 1000); // some two hundred come meanwhile
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).to.be.within(1, 20);
  });

  it('leave the event loop to others, also where the listener takes longer than the interval', async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer({ ...servers, 'statistics.interval.ms': 1 });
    const cell = new Int32Array(new SharedArrayBuffer(4));
    let told = 0;
    let mostInARow = 0;
    let inARow = 0;
    const done = new Promise<void>((resolve) =>
      producer.on('statistics', () => {
        Atomics.wait(cell, 0, 0, 20);
        mostInARow = Math.max(mostInARow, ++inARow);
        if (++told === 60) resolve();
      }),
    );
    const others = setInterval(() => (inARow = 0), 1);
    await inTime(done);
    clearInterval(others);
    expect(mostInARow).to.be.lessThan(10);
  });
});
