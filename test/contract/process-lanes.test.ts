import { expect } from 'chai';
import { type Consumer, type ConsumerConfig, type KafkaError, type Message, Producer } from 'seekafka';
import { deferred } from '../../lib/client/deferred.js';
import { type Cluster, describeOnBoth } from '../helpers/clusters.js';
import { committedOf, consumerOn, fill, range, takeSequences } from '../helpers/numbered.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// process(): what stands in order, what counts as processed, and what goes on while something waits.

const inGroup = (cluster: Cluster, config: Partial<ConsumerConfig> = {}): Consumer =>
  consumerOn(cluster, { 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest', ...config });

async function produce(
  cluster: Cluster,
  topic: string,
  messages: readonly (readonly [partition: number, key: string])[],
) {
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  await producer.send(messages.map(([partition, key], i) => ({ topic, partition, key: key || null, value: `${i}` })));
}

/** Runs process() until `enough`, and gives back what it ended with. */
async function until(enough: () => boolean | Promise<boolean>, stop: AbortController, running: Promise<void>) {
  await Promise.race([eventually(enough), running]);
  stop.abort();
  await inTime(running, 'process()');
}

describeOnBoth('process', (cluster) => {
  it('handles one message of a key after the other, other keys meanwhile, and so many at once as it may', async () => {
    const topic = await cluster().createTopic();
    const keys = ['a', 'b', 'c', 'd', ''];
    await produce(
      cluster(),
      topic,
      Array.from({ length: 100 }, (_, i) => [0, keys[i % 5]!] as const),
    );
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const seen = new Map<string, number[]>();
    const busy = new Set<string>();
    let most = 0;
    let atWork = 0;
    let count = 0;
    const stop = new AbortController();
    const running = consumer.process(
      async ({ key, offset }) => {
        const name = key?.toString() ?? `none ${offset}`;
        expect(busy.has(name), name).to.equal(false);
        busy.add(name);
        most = Math.max(most, ++atWork);
        await new Promise((resolve) => setTimeout(resolve, offset % 3));
        atWork--;
        busy.delete(name);
        seen.set(name, [...(seen.get(name) ?? []), offset]);
        count++;
      },
      { concurrency: 3, orderBy: 'key', signal: stop.signal },
    );
    await until(() => count === 100, stop, running);
    for (const [i, key] of ['a', 'b', 'c', 'd'].entries()) {
      expect(seen.get(key)).to.deep.equal(range(0, 20).map((n) => n * 5 + i));
    }
    expect(most).to.equal(3);
    expect(await consumer.committed()).to.deep.equal([{ topic, partition: 0, offset: 100 }]);
  });

  it('commits what is done without a gap, and nothing behind it', async () => {
    const topic = await cluster().createTopic();
    await produce(cluster(), topic, [
      [0, 'a'],
      [0, 'slow'],
      [0, 'b'],
      [0, 'c'],
      [0, 'slow'],
    ]);
    const group = uniqueGroup();
    await using consumer = inGroup(cluster(), { 'group.id': group, 'auto.commit.interval.ms': 20 });
    await consumer.assign([{ topic, partition: 0 }]);
    const gate = deferred<void>();
    const done: number[] = [];
    const running = consumer.process(
      async ({ key, offset }) => {
        if (String(key) === 'slow') await gate.promise;
        done.push(offset);
      },
      { concurrency: 4, orderBy: 'key' },
    );
    await eventually(() => done.length === 3);
    await eventually(async () => (await committedOf(cluster(), group, topic)) === 1);
    await consumer.commit(); // all that was processed: the same
    expect(await committedOf(cluster(), group, topic)).to.equal(1);
    expect(done).to.deep.equal([0, 2, 3]);
    gate.resolve();
    await eventually(async () => (await committedOf(cluster(), group, topic)) === 5);
    await consumer.close();
    await inTime(running, 'process()');
  });

  it('tries again in its lane while the other partitions go on, whose messages stand behind', async () => {
    const topic = await cluster().createTopic(2);
    // Far more than is fetched at once, so that the other partition waits behind it.
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    const value = Buffer.alloc(1200);
    await producer.send(range(0, 6000).map((i) => ({ topic, partition: i % 2, value })));
    await using consumer = inGroup(cluster());
    await consumer.assign(range(0, 2).map((partition) => ({ topic, partition })));
    const attempts: number[] = [];
    const done: Message[] = [];
    let ready = false;
    const stop = new AbortController();
    const running = consumer.process(
      (message, { attempt }) => {
        if (message.partition === 0 && message.offset === 5 && !ready) {
          attempts.push(attempt);
          throw new Error('not yet');
        }
        done.push(message);
      },
      { retry: { attempts: 1e6, backoffMs: 5 }, maxPending: 20, signal: stop.signal },
    );
    const of = (partition: number) => done.filter((m) => m.partition === partition).map(({ offset }) => offset);
    const goOn = () => of(1).length === 3000 && attempts.length >= 3;
    await Promise.race([eventually(goOn, { timeoutMs: 20_000 }), running]);
    expect(of(0)).to.deep.equal(range(0, 5));
    expect(attempts.slice(0, 3)).to.deep.equal([1, 2, 3]);
    expect(consumer.paused, 'it is not the user who has paused it').to.deep.equal([]);
    ready = true;
    await until(() => of(0).length === 3000, stop, running);
    expect(of(0)).to.deep.equal(range(0, 3000));
    expect(of(1)).to.deep.equal(range(0, 3000));
  });

  it('takes no more than it was told, whatever is handled', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 500 });
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    let least = 0;
    const stop = new AbortController();
    const running = consumer.process(
      async ({ offset }) => {
        const [position] = await consumer.position();
        expect(position!.offset - offset).to.be.at.most(10);
        least = offset;
      },
      { maxPending: 10, signal: stop.signal },
    );
    await until(() => least === 499, stop, running);
  });

  it('goes on where a single batch is more than it may keep in memory', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 300 });
    await using consumer = inGroup(cluster());
    await consumer.assign(range(0, 2).map((partition) => ({ topic, partition })));
    const offsets: number[][] = [[], []];
    const stop = new AbortController();
    const running = consumer.process(({ partition, offset }) => void offsets[partition]!.push(offset), {
      ...{ maxPendingBytes: 1, maxPending: 20, concurrency: 2, signal: stop.signal },
    });
    await until(() => offsets.every(({ length }) => length === 300), stop, running);
    expect(offsets).to.deep.equal([range(0, 300), range(0, 300)]);
  });

  it('lets onFailure decide, and without it rejects; the message comes again to who reads next', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const group = uniqueGroup();
    await using consumer = inGroup(cluster(), { 'group.id': group });
    await consumer.assign([{ topic, partition: 0 }]);
    const failed: [string, number, number][] = [];
    const handled: number[] = [];
    const error = await rejection(
      consumer.process(
        ({ offset }) => {
          if (offset === 3 || offset === 6) throw new Error(`no ${offset}`);
          handled.push(offset);
        },
        {
          retry: { attempts: 3, backoffMs: (attempt) => attempt },
          onFailure: (error, { offset }, { attempts }) => {
            if (offset === 6) throw new Error('not even that');
            failed.push([(error as Error).message, offset, attempts]);
          },
        },
      ),
    );
    expect(error).to.be.an('error').with.property('message', 'not even that');
    expect(failed).to.deep.equal([['no 3', 3, 3]]);
    expect(handled).to.deep.equal([0, 1, 2, 4, 5]);
    expect(await committedOf(cluster(), group, topic)).to.equal(6);

    const wrong = new Error('no');
    expect(await rejection(consumer.process(() => Promise.reject(wrong)))).to.equal(wrong);
    expect(await takeSequences(consumer, 4)).to.deep.equal([6, 7, 8, 9]);
  });

  it('asks after each attempt whether there is another one', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 4 });
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const attempts: string[] = [];
    const failed: number[] = [];
    const stop = new AbortController();
    const running = consumer.process(
      ({ offset }, { attempt }) => {
        attempts.push(`${offset}:${attempt}`);
        if (offset < 3) throw new RangeError(attempt < offset ? 'busy' : 'wrong');
      },
      {
        retry: { attempts: 10, backoffMs: (_attempt, error) => ((error as Error).message === 'busy' ? 1 : null) },
        onFailure: (_error, { offset }, context) => void failed.push(offset, context.attempts),
        signal: stop.signal,
      },
    );
    await until(() => attempts.includes('3:1'), stop, running);
    expect(attempts).to.deep.equal(['0:1', '1:1', '2:1', '2:2', '3:1']);
    expect(failed).to.deep.equal([0, 1, 1, 1, 2, 2]);
  });

  it('ends by its signal: what is being handled is finished and committed, the rest comes again', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const group = uniqueGroup();
    await using consumer = inGroup(cluster(), { 'group.id': group });
    await consumer.assign([{ topic, partition: 0 }]);
    const stop = new AbortController();
    let aborted = false;
    await inTime(
      consumer.process(
        async ({ offset }, { signal }) => {
          if (offset < 4) return;
          stop.abort();
          await new Promise((resolve) => setTimeout(resolve, 20));
          aborted = signal.aborted;
        },
        { signal: stop.signal },
      ),
    );
    expect(aborted).to.equal(false);
    expect(await committedOf(cluster(), group, topic)).to.equal(5);
    expect(await takeSequences(consumer, 5)).to.deep.equal(range(5, 10));
    await consumer.process(() => expect.fail('nothing is taken'), { signal: AbortSignal.abort() });
  });

  it('is finished by close(), which commits; a handler that hangs is given up after drainTimeoutMs', async () => {
    for (const hangs of [false, true]) {
      const topic = await cluster().createTopic();
      await fill(cluster(), topic, { count: 10 });
      const group = uniqueGroup();
      const consumer = inGroup(cluster(), { 'group.id': group });
      await consumer.subscribe(topic);
      const begun = deferred<AbortSignal>();
      const running = consumer.process(
        async ({ offset }, { signal }) => {
          if (offset < 4) return;
          begun.resolve(signal);
          await new Promise((resolve) => (hangs ? signal.addEventListener('abort', resolve) : setTimeout(resolve, 30)));
        },
        { drainTimeoutMs: hangs ? 30 : 10_000 },
      );
      const signal = await inTime(begun.promise);
      await inTime(consumer.close(), 'close()');
      await inTime(running, 'process()');
      expect(signal.aborted).to.equal(hangs);
      expect(await committedOf(cluster(), group, topic)).to.equal(hangs ? 4 : 5);
    }
  });

  it('waits at a revocation for what is being handled, so that nobody else gets it', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 50 });
    const group = uniqueGroup();
    const handled: string[] = [];
    const config = { 'group.id': group, 'partition.assignment.strategy': 'range' };
    const gate = deferred<void>();
    await using first = inGroup(cluster(), config);
    let begun = 0;
    let aborted = 0;
    const firstRuns = first.process(
      async ({ partition, offset }, { signal }) => {
        if (offset === 5) {
          begun++;
          await gate.promise;
        }
        if (signal.aborted) aborted++;
        handled.push(`${partition}:${offset}`);
      },
      { concurrency: 2 },
    );
    await first.subscribe(topic);
    await eventually(() => begun === 2);
    await using second = inGroup(cluster(), config);
    const secondRuns = second.process(({ partition, offset }) => void handled.push(`${partition}:${offset}`));
    const revoking = deferred<void>();
    first.once('revoked', () => revoking.resolve());
    await second.subscribe(topic);
    // The revocation waits; so there is nothing to see but that nobody else begins.
    setTimeout(() => gate.resolve(), 500);
    await inTime(revoking.promise, 'the revocation');
    await eventually(() => new Set(handled).size === 100, { timeoutMs: 20_000 });
    expect(aborted).to.equal(0);
    expect(handled.filter((name) => /:[0-5]$/.test(name))).to.have.lengthOf(12);
    expect(handled, 'none twice').to.have.lengthOf(100);
    await Promise.all([first.close(), second.close(), firstRuns, secondRuns]);
  });

  it('gives up at a revocation what takes longer than drainTimeoutMs: its signal is aborted, and it comes again', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 20 });
    const config = { 'group.id': uniqueGroup() };
    await using first = inGroup(cluster(), config);
    const handled: string[] = [];
    const hung = new Set<number>();
    const aborted: number[] = [];
    const firstRuns = first.process(
      async ({ partition, offset }, { signal }) => {
        if (offset === 5 && !hung.has(partition)) {
          hung.add(partition);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          aborted.push(partition);
          return; // which does not count
        }
        handled.push(`${partition}:${offset}`);
      },
      { concurrency: 2, drainTimeoutMs: 100 },
    );
    await first.subscribe(topic);
    await eventually(() => hung.size === 2);
    await using second = inGroup(cluster(), config);
    const secondRuns = second.process(({ partition, offset }) => void handled.push(`${partition}:${offset}`));
    await second.subscribe(topic);
    await eventually(() => new Set(handled).size === 40, { timeoutMs: 20_000 });
    expect(aborted.sort()).to.deep.equal([0, 1]);
    // What was done before may come again: the mock cluster refuses commits while its group rebalances.
    const again = handled.filter((name, i) => handled.indexOf(name) < i);
    expect(again.filter((name) => !/:[0-4]$/.test(name))).to.deep.equal([]);
    await Promise.all([first.close(), second.close(), firstRuns, secondRuns]);
  });

  it('gives up what was taken before a seek, from inside and from outside, and commits nothing of it', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    const group = uniqueGroup();
    await using consumer = inGroup(cluster(), { 'group.id': group, 'auto.commit.interval.ms': 10 });
    await consumer.assign([{ topic, partition: 0 }]);
    const handled: number[] = [];
    const aborted: number[] = [];
    const atTen = deferred<void>();
    let sought = false;
    const running = consumer.process(
      async ({ offset }, { signal }) => {
        handled.push(offset);
        if (offset === 3 && !sought) {
          sought = true;
          await consumer.seek({ topic, partition: 0, offset: 8 });
        } else if (offset === 10) {
          atTen.resolve();
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        }
        if (signal.aborted) aborted.push(offset);
      },
      { concurrency: 4 },
    );
    await inTime(atTen.promise);
    await eventually(async () => (await committedOf(cluster(), group, topic)) === 10);
    await consumer.seek({ topic, partition: 0, offset: 15 });
    await eventually(() => handled.at(-1) === 19);
    await consumer.close();
    await running;
    expect(handled).to.deep.equal([0, 1, 2, 3, 8, 9, 10, 15, 16, 17, 18, 19]);
    expect(aborted).to.deep.equal([3, 10]);
    expect(await committedOf(cluster(), group, topic)).to.equal(20);
  });

  it('begins nothing of a paused partition, and goes on where it was', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const handled: number[] = [];
    const stop = new AbortController();
    const running = consumer.process(
      ({ offset }) => {
        handled.push(offset);
        if (offset === 3) consumer.pause();
      },
      { signal: stop.signal },
    );
    await eventually(() => handled.length === 4);
    await consumer.committed(); // some time in which more could be handled
    expect(handled).to.deep.equal([0, 1, 2, 3]);
    consumer.resume();
    await until(() => handled.length === 20, stop, running);
    expect(handled).to.deep.equal(range(0, 20));
  });

  it('fetches again what a handler has transferred away before the others were handled', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 20 });
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const values: string[] = [];
    const stop = new AbortController();
    const running = consumer.process(
      ({ offset, value }) => {
        values.push(String(value));
        if (offset % 7 === 3) structuredClone(value!.buffer, { transfer: [value!.buffer as ArrayBuffer] });
      },
      { signal: stop.signal },
    );
    await until(() => values.length >= 20, stop, running);
    expect(values).to.deep.equal(range(0, 20).map((n) => values[0]!.replace(/\d+$/, String(n))));
  });

  it('is one of the loops, of which there is one at a time', async () => {
    const topic = await cluster().createTopic();
    await using consumer = inGroup(cluster());
    await consumer.assign([{ topic, partition: 0 }]);
    const stop = new AbortController();
    const running = consumer.process(() => undefined, { signal: stop.signal });
    const errors = await Promise.all([
      rejection(consumer.process(() => undefined)),
      rejection(consumer[Symbol.asyncIterator]().next()),
    ]);
    expect(errors.map((error) => (error as KafkaError).code)).to.deep.equal(['ERR__STATE', 'ERR__STATE']);
    stop.abort();
    await inTime(running);
    await fill(cluster(), topic, { count: 1 });
    expect(await takeSequences(consumer, 1)).to.deep.equal([0]);
  });

  it('stays in its group while a lane waits longer than max.poll.interval.ms, and leaves it where a handler hangs', async () => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 10 });
    const interval = 1500;
    const config = { 'max.poll.interval.ms': interval, 'session.timeout.ms': 1000, 'heartbeat.interval.ms': 100 };
    await using consumer = inGroup(cluster(), config);
    let lost = 0;
    consumer.on('lost', () => lost++).on('error', () => undefined);
    await consumer.subscribe(topic);
    const attempts: number[] = [];
    const hangs = deferred<AbortSignal>();
    const goesOn = deferred<void>();
    const running = consumer.process(
      async ({ offset }, { attempt, signal }) => {
        if (offset === 2 && attempt === 1) {
          attempts.push(performance.now());
          throw new Error('once more');
        }
        if (offset === 2) attempts.push(performance.now());
        if (offset !== 4) return;
        hangs.resolve(signal);
        await goesOn.promise;
      },
      { retry: { attempts: 2, backoffMs: 2 * interval }, drainTimeoutMs: 100 },
    );
    const signal = await inTime(hangs.promise);
    expect(lost, 'while the lane waited').to.equal(0);
    expect(attempts[1]! - attempts[0]!).to.be.above(2 * interval - 1);
    await eventually(() => lost === 1);
    expect(signal.aborted).to.equal(true);
    goesOn.resolve();
    await consumer.close();
    await inTime(running);
  });
});
