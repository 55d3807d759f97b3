import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Admin, type Consumer, KafkaError, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { Reader, at, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { awake } from '../helpers/wait.js';

// What close() ends, and what comes after it.

describe('close()', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  const prepare = async () => {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    const consumer = consumerOn(cluster);
    await consumer.subscribe(topic);
    return { topic, consumer };
  };

  it('twice, and at once, is closed once, and both calls wait for the end', async () => {
    const { consumer } = await prepare();
    await takeSequences(consumer, 1);
    let first = false;
    const [, second] = await Promise.all([
      consumer.close().then(() => (first = true)),
      consumer.close().then(() => first),
      consumer[Symbol.asyncDispose](),
    ]);
    expect(second).to.be.a('boolean');
    await consumer.close();
    await consumer.close({ timeoutMs: 0 });
    for (const client of [
      new Producer({ 'bootstrap.servers': cluster.bootstrapServers }),
      new Admin({ 'bootstrap.servers': cluster.bootstrapServers }),
    ]) {
      await Promise.all([client.close(), client.close()]);
      await client.close();
    }
  });

  it('of a client that never did anything ends at once', async () => {
    const start = awake();
    await consumerOn(cluster).close();
    await consumerOn({ bootstrapServers: '127.0.0.1:1' }).close();
    await new Producer({ 'bootstrap.servers': '127.0.0.1:1' }).close();
    await new Admin({ 'bootstrap.servers': '127.0.0.1:1' }).close();
    expect(awake() - start).to.be.lessThan(5000);
  });

  it('finishes a loop that waits for messages, without an error', async () => {
    const { consumer } = await prepare();
    const reader = new Reader(consumer);
    await reader.until(10);
    await consumer.close();
    await reader.done;
  });

  it('finishes a batch loop that waits for messages, without an error', async () => {
    const { consumer } = await prepare();
    let count = 0;
    const loop = (async () => {
      for await (const batch of consumer.batches()) {
        count += batch.length;
        if (count === 10) setTimeout(() => void consumer.close(), 20);
      }
    })();
    await loop;
    expect(count).to.equal(10);
  });

  it('from inside of a loop finishes that loop, and what was fetched does not come any more', async () => {
    const { consumer } = await prepare();
    const seen: number[] = [];
    for await (const message of consumer) {
      seen.push(message.offset);
      if (message.offset === 3) await consumer.close();
    }
    expect(seen).to.deep.equal([0, 1, 2, 3]);
  });

  it('from inside of a loop that is not awaited there does not wait for the body either', async () => {
    const { consumer } = await prepare();
    let closing: Promise<void> | undefined;
    const reader = new Reader(consumer, () => {
      if (reader.seen.length === 3) closing = consumer.close();
    });
    await reader.done;
    expect(reader.sequences()).to.deep.equal([0, 1, 2]);
    await closing;
  });

  it('finishes a loop that is begun after it', async () => {
    const { consumer } = await prepare();
    await consumer.close();
    expect(await new Reader(consumer).done).to.equal(undefined);
    for await (const _ of consumer.batches()) throw new Error('there was a batch');
  });

  it('ends while the group is being joined, and while partitions come', async () => {
    const topic = await cluster.createTopic(3);
    for (const ms of [0, 1, 5, 20, 40, 60, 80]) {
      const consumer = consumerOn(cluster);
      const subscribing = consumer.subscribe(topic).catch((error: unknown) => error);
      if (ms) await sleep(ms);
      await consumer.close();
      const outcome = await subscribing;
      if (outcome !== undefined) expect(outcome).to.include({ code: 'ERR__DESTROY' });
    }
  });

  it('waits for onRevoked, in which commit still works', async () => {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 10 });
    const consumer = consumerOn(cluster, { 'enable.auto.commit': false });
    const told: string[] = [];
    await consumer.subscribe(topic, {
      async onRevoked() {
        await sleep(100);
        await consumer.commit([at(topic, 7)]);
        told.push('committed');
      },
    });
    await takeSequences(consumer, 5);
    await consumer.close();
    expect(told).to.deep.equal(['committed']);
  });

  it('does not wait for an onRevoked that never ends, longer than it was told to', async () => {
    const { consumer, topic } = await prepare();
    await consumer.subscribe(topic, { onRevoked: () => new Promise<void>(() => {}) });
    await takeSequences(consumer, 1);
    const start = performance.now();
    const limitFrom = awake();
    await consumer.close({ timeoutMs: 300 });
    expect(performance.now() - start).to.be.at.least(250);
    expect(awake() - limitFrom).to.be.lessThan(3000);
  });

  it('rejects every call that comes after it with ERR__DESTROY, each by its name', async () => {
    const { consumer, topic } = await prepare();
    await takeSequences(consumer, 1);
    await consumer.close();
    const calls: Record<string, (c: Consumer) => Promise<unknown>> = {
      subscribe: (c) => c.subscribe(topic),
      unsubscribe: (c) => c.unsubscribe(),
      assign: (c) => c.assign([{ topic, partition: 0 }]),
      seek: (c) => c.seek(at(topic, 0)),
      seekToBeginning: (c) => c.seekToBeginning(),
      seekToEnd: (c) => c.seekToEnd(),
      seekToTimestamp: (c) => c.seekToTimestamp(0),
      seekToCommitted: (c) => c.seekToCommitted(),
      seekBy: (c) => c.seekBy(1),
      seekToLast: (c) => c.seekToLast(1),
      position: (c) => c.position(),
      commit: (c) => c.commit(),
      committed: (c) => c.committed(),
      beginningOffsets: (c) => c.beginningOffsets(),
      endOffsets: (c) => c.endOffsets(),
      offsetsForTimes: (c) => c.offsetsForTimes([{ topic, partition: 0, timestamp: 0 }]),
      lag: (c) => c.lag(),
    };
    for (const [operation, call] of Object.entries(calls)) {
      const error = await rejection(call(consumer));
      expect(error, operation).to.be.instanceOf(KafkaError);
      expect(error, operation).to.include({ code: 'ERR__DESTROY', operation });
    }
    for (const operation of ['pause', 'resume'] as const) {
      expect(() => consumer[operation](), operation)
        .to.throw(KafkaError)
        .with.property('code', 'ERR__DESTROY');
    }
    expect(consumer.assignment).to.deep.equal([]);
    expect(consumer.paused).to.deep.equal([]);
  });

  it('rejects what is asked of a closed producer and admin client', async () => {
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const producer = new Producer(servers);
    const admin = new Admin(servers);
    await Promise.all([producer.close(), admin.close()]);
    for (const [operation, call] of Object.entries({
      send: () => producer.send({ topic: 't', value: 'x' }),
      flush: () => producer.flush(),
      createTopics: () => admin.createTopics([{ topic: 't' }]),
      deleteTopics: () => admin.deleteTopics(['t']),
      createPartitions: () => admin.createPartitions([{ topic: 't', total: 2 }]),
      deleteRecords: () => admin.deleteRecords([at('t', 1)]),
    })) {
      const error = await rejection(call());
      expect(error, operation).to.be.instanceOf(KafkaError);
      expect(error, operation).to.include({ code: 'ERR__DESTROY', operation });
    }
  });

  it('rejects calls that wait, whatever they wait for', async () => {
    const consumer = consumerOn({ bootstrapServers: '127.0.0.1:1' });
    const waiting = {
      seek: consumer.seek(at('t', 3)),
      committed: consumer.committed([{ topic: 't', partition: 0 }]),
      endOffsets: consumer.endOffsets([{ topic: 't', partition: 0 }]),
      commit: consumer.commit([at('t', 3)]),
    };
    const rejections = Object.entries(waiting).map(
      async ([operation, promise]) => [operation, await rejection(promise)] as const,
    );
    await sleep(100);
    await consumer.close({ timeoutMs: 1000 });
    for (const [operation, error] of await Promise.all(rejections)) {
      expect(error, operation).to.include({ code: 'ERR__DESTROY', operation });
    }
  });

  it('leaves nothing behind: a hundred consumers come and go', async function () {
    const { topic } = await prepare();
    const before = process.getActiveResourcesInfo().length;
    for (let i = 0; i < 10; i++) {
      await Promise.all(
        range(0, 10).map(async () => {
          await using consumer = consumerOn(cluster, { 'group.id': undefined });
          await consumer.assign([{ topic, partition: 0 }]);
          expect(await takeSequences(consumer, 3)).to.deep.equal([0, 1, 2]);
        }),
      );
    }
    // Some timers of the helpers are still there, and nothing of the clients.
    expect(process.getActiveResourcesInfo().length - before).to.be.lessThan(20);
  });
});
