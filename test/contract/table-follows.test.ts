import { expect } from 'chai';
import { Consumer, type KafkaError, Producer } from 'seekafka';
import { type TableChange, type TableMessage, table } from 'seekafka/table';
import { deferred } from '../../lib/client/deferred.js';
import { type Cluster, describeOnBoth, describeOnKafka } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// table(): the newest value of each key, at the start, and followed.

const servers = (cluster: Cluster) => ({ 'bootstrap.servers': cluster.bootstrapServers });

async function put(
  cluster: Cluster,
  topic: string,
  entries: readonly (readonly [key: string | null, value: string | null])[],
) {
  await using producer = new Producer(servers(cluster));
  await producer.send(entries.map(([key, value]) => ({ topic, key, value })));
}

const text = (map: Iterable<[string, Buffer]>) =>
  Object.fromEntries([...map].map(([key, value]) => [key, String(value)]));

describeOnBoth('a table', (cluster) => {
  it('is ready with what was there, follows, deletes by tombstones, and has seen what a barrier asks for', async () => {
    const topic = await cluster().createTopic(3);
    await put(cluster(), topic, [['a', '1'], ['b', '1'], ['c', '1'], ['a', '2'], ['b', null], [null, 'no key'], ['d', null]]); // prettier-ignore
    await using users = table(servers(cluster()), topic);
    await inTime(users.ready, 'ready');
    expect(text(users)).to.deep.equal({ a: '2', c: '1' });
    expect([users.size, users.has('a'), users.has('b'), String(users.get('c')), users.get('x')]).to.deep.equal([
      ...[2, true, false, '1', undefined],
    ]);
    for (let i = 0; i < 5; i++) {
      await put(cluster(), topic, [['a', `new ${i}`], [`k${i}`, 'v']]); // prettier-ignore
      await inTime(users.barrier(), 'a barrier');
      expect(String(users.get('a'))).to.equal(`new ${i}`);
      expect(users.has(`k${i}`)).to.equal(true);
    }
    await put(cluster(), topic, [['a', null]]);
    await users.barrier({ timeoutMs: 10_000 });
    expect([...users.keys()].sort()).to.deep.equal(['c', 'k0', 'k1', 'k2', 'k3', 'k4']);
    const seen: string[] = [];
    users.forEach((value, key, map) => seen.push(`${key} ${value.toString()} ${map === users}`));
    expect(seen).to.have.lengthOf(6).and.include('c 1 true');
  });

  it('of an empty topic is ready at once', async () => {
    await using empty = table(servers(cluster()), await cluster().createTopic(2));
    await inTime(empty.ready);
    await inTime(empty.barrier());
    expect(empty.size).to.equal(0);
  });

  it('tells changes, to a slow reader the latest of each key', async () => {
    const topic = await cluster().createTopic();
    await put(cluster(), topic, [['a', '1']]);
    await using users = table(servers(cluster()), topic, { load: ({ value }) => value.toString() });
    await users.ready;
    const changes = users.changes();
    const slow = users.changes();
    const told: unknown[] = [];
    const reading = (async () => {
      for await (const { key, value, previous } of changes) told.push([key, value, previous]);
    })();
    const messages = [['a', '2'], ['b', '1'], ['a', '3'], ['b', null], ['a', '4']] as const; // prettier-ignore
    for (const message of messages) {
      await put(cluster(), topic, [message]);
      await users.barrier();
    }
    await eventually(() => told.length === 5);
    expect(told).to.deep.equal([
      ['a', '2', '1'],
      ['b', '1', undefined],
      ['a', '3', '2'],
      ['b', undefined, '1'],
      ['a', '4', '3'],
    ]);
    await users.close();
    await inTime(reading, 'the loop over changes');
    const late: TableChange<string, string>[] = [];
    for await (const change of slow) late.push(change);
    expect(late).to.deep.equal([
      { key: 'b', value: undefined, previous: undefined },
      { key: 'a', value: '4', previous: '1' },
    ]);
    for await (const change of users.changes()) expect.fail(`${change.key} after the end`);
  });

  it('keeps of a message what load gives, tells drop what is let go of, and takes other keys', async () => {
    const topic = await cluster().createTopic();
    await put(cluster(), topic, [['1', 'one'], ['2', 'two'], ['1', 'uno'], ['2', null]]); // prettier-ignore
    const kept = new Map<number, string>();
    await using places = table(servers(cluster()), topic, {
      key: Number,
      load: async ({ offset, value }) => {
        await Promise.resolve();
        kept.set(offset, value.toString());
        return offset;
      },
      drop: (_key, place) => void kept.delete(place),
    });
    await places.ready;
    expect([...places]).to.deep.equal([[1, 2]]);
    expect([...kept]).to.deep.equal([[2, 'uno']]);
  });

  it('ends with what load throws, and everybody who waits is told so', async () => {
    const topic = await cluster().createTopic();
    const wrong = new Error('not JSON');
    await using users = table(servers(cluster()), topic, {
      load: ({ value }) => {
        if (value.toString() === 'wrong') throw wrong;
        return 1;
      },
    });
    await users.ready;
    const changes = users.changes();
    await put(cluster(), topic, [['a', 'right'], ['b', 'wrong']]); // prettier-ignore
    const barrier = rejection(users.barrier());
    expect((await changes.next()).value).to.deep.include({ key: 'a' });
    expect(await rejection(changes.next())).to.equal(wrong);
    expect(await barrier).to.equal(wrong);
    expect(await rejection(users.barrier())).to.equal(wrong);
    expect(users.failure).to.equal(wrong);
    expect(users.has('a'), 'what was there stays').to.equal(true);
  });

  it('of a consumer that it is given leaves that one usable; closed, it lets nobody wait', async () => {
    const topic = await cluster().createTopic();
    await put(cluster(), topic, [['a', '1']]);
    await using consumer = new Consumer(servers(cluster()));
    const users = table(consumer, topic);
    await users.ready;
    expect(consumer.assignment).to.deep.equal([{ topic, partition: 0 }]);
    await users.close();
    await users.close();
    expect(((await rejection(users.barrier())) as KafkaError).code).to.equal('ERR__DESTROY');
    expect(consumer.assignment).to.deep.equal([]);
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    for await (const { offset } of consumer) {
      expect(offset).to.equal(0);
      break;
    }
    expect(String(users.get('a'))).to.equal('1');
  });

  it('closes at once: while load never ends, from inside of load, and while no broker answers', async () => {
    const topic = await cluster().createTopic();
    await put(cluster(), topic, [['a', '1']]);
    const begun = deferred<void>();
    const hangs = table(servers(cluster()), topic, {
      load: () => (begun.resolve(), new Promise<string>(() => undefined)),
    });
    await inTime(begun.promise);
    await inTime(hangs.close(), 'close() while load never ends');
    expect(((await rejection(hangs.ready)) as KafkaError).code).to.equal('ERR__DESTROY');

    const closed = deferred<void>();
    const closesItself = table(servers(cluster()), topic, {
      load: async ({ value }) => {
        await closesItself.close();
        closed.resolve();
        return value.length;
      },
    });
    await inTime(closed.promise, 'close() in load');

    await using nowhere = new Consumer({ 'bootstrap.servers': '127.0.0.1:1' });
    nowhere.on('error', () => undefined);
    const waits = table(nowhere, topic);
    await inTime(waits.close(), 'close() without a broker');
  });

  it('of a topic that does not exist says so, and ends', async () => {
    await using users = table(servers(cluster()), uniqueTopic(), {});
    const changes = users.changes();
    const error = (await rejection(inTime(users.ready))) as KafkaError;
    expect(error.code).to.equal('ERR_UNKNOWN_TOPIC_OR_PART');
    expect(await rejection(changes.next())).to.equal(error);
  });

  it('refuses wrong arguments before it does anything', () => {
    const config = servers(cluster());
    expect(() => table(config, '')).to.throw(TypeError, 'topic');
    expect(() => table({}, 't', { loda: 1 } as never)).to.throw(TypeError, "did you mean 'load'");
    expect(() => table(config, 't', { key: 'string' } as never)).to.throw(
      TypeError,
      'options.key: expected a function',
    );
    expect(() => table(config, 't', { partitionsEveryMs: 0 })).to.throw(RangeError, 'options.partitionsEveryMs');
    expect(() => table({ 'group.idd': 'x' } as never, 't')).to.throw(TypeError, 'group.idd');
  });
});

// The mock cluster cannot add partitions to a topic.
describeOnKafka('a table of a topic that gets more partitions', (cluster) => {
  /** The least keys of which each is in another partition, by what the producer says. */
  async function addPartitions(topic: string): Promise<{ added: readonly string[] }> {
    await cluster().admin.createPartitions([{ topic, total: 3 }]);
    await using producer = new Producer(servers(cluster()));
    const added: string[] = [];
    for (let i = 0; !added[1] || !added[2]; i++) {
      const partition = i % 3;
      const sent = await producer.send({ topic, partition, key: `k${i}`, value: `${i}` }).catch(() => undefined);
      if (sent && partition > 0) added[partition] = `k${i}`; // the broker may not know the partition yet
    }
    return { added: added.slice(1) };
  }

  it('has seen them too when a barrier is passed, and goes on with those that it had', async () => {
    const topic = await cluster().createTopic();
    await put(cluster(), topic, [['a', '1'], ['b', '1']]); // prettier-ignore
    const loaded: string[] = [];
    const load = ({ partition, offset, value }: TableMessage) => {
      loaded.push(`${partition}:${offset}`);
      return value.toString();
    };
    await using users = table(servers(cluster()), topic, { load, partitionsEveryMs: 2 ** 31 - 1 });
    await inTime(users.ready, 'ready');
    const { added } = await addPartitions(topic);
    await inTime(Promise.all([users.barrier(), users.barrier({ timeoutMs: 20_000 })]), 'barriers');
    expect(added.map((key) => users.has(key))).to.deep.equal([true, true]);
    expect(users.get('a')).to.equal('1');
    expect(new Set(loaded).size, `none twice: ${loaded.join()}`).to.equal(loaded.length);
  });

  it('looks for them by itself', async () => {
    const topic = await cluster().createTopic();
    await using users = table(servers(cluster()), topic, { partitionsEveryMs: 100 });
    await inTime(users.ready, 'ready');
    const { added } = await addPartitions(topic);
    await eventually(() => added.every((key) => users.has(key)));
  });

  it('of a consumer that it was given gives all of them back', async () => {
    const topic = await cluster().createTopic();
    await using consumer = new Consumer(servers(cluster()));
    const users = table(consumer, topic);
    await inTime(users.ready, 'ready');
    await addPartitions(topic);
    const passing = rejection(users.barrier()); // whether it comes that far or not
    await users.close();
    await passing;
    expect(consumer.assignment).to.deep.equal([]);
  });
});

describeOnKafka('a table of a topic that ends in markers', (cluster) => {
  it('is ready, and passes its barriers', async () => {
    const topic = await cluster().createTopic(1, { 'cleanup.policy': 'compact' });
    await using producer = new Producer({ ...servers(cluster()), 'transactional.id': topic });
    await producer.transaction((tx) => tx.send({ topic, key: 'a', value: '1' }));
    await rejection(
      producer.transaction(async (tx) => {
        await tx.send({ topic, key: 'a', value: 'aborted' });
        throw new Error('no');
      }),
    );
    await using users = table(servers(cluster()), topic);
    await inTime(users.ready, 'ready');
    expect(text(users)).to.deep.equal({ a: '1' });
    await producer.transaction((tx) => tx.send({ topic, key: 'a', value: '2' }));
    await inTime(users.barrier(), 'a barrier');
    expect(text(users)).to.deep.equal({ a: '2' });
  });
});
