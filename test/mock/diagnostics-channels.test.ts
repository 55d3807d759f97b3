import { AsyncLocalStorage } from 'node:async_hooks';
import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel';
import { expect } from 'chai';
import {
  Admin,
  type AdminEvent,
  type CommitEvent,
  type ConsumeEvent,
  Consumer,
  type DeliverEvent,
  MockCluster,
  type ProcessEvent,
  Producer,
  type RebalanceEvent,
  type SeekEvent,
  type SendEvent,
  type TracedEvent,
} from 'seekafka';
import { rejection } from '../helpers/rejection.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// The channels of node:diagnostics_channel: names and payloads, which are public; their order; and what subscribers may do.

const steps = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const;

/** Everything that is published on a channel until it is disposed of. */
function listen<Event>(name: string) {
  const told: { step: string; event: Event }[] = [];
  const subscribed: [Channel, (event: unknown) => void][] = [];
  const on = (to: Channel, step: string) => {
    const take = (event: unknown) => void told.push({ step, event: event as Event });
    to.subscribe(take);
    subscribed.push([to, take]);
  };
  const traced = tracingChannel(name);
  for (const step of steps) on(traced[step], step);
  on(channel(name), 'point');
  return {
    told,
    events: () => [...new Set(told.map(({ event }) => event))],
    stepsOf: (event: Event) => told.filter((each) => each.event === event).map(({ step }) => step),
    [Symbol.dispose]: () => subscribed.forEach(([to, take]) => to.unsubscribe(take)),
  };
}

const settled = ['start', 'end', 'asyncStart', 'asyncEnd'];
const failed = ['start', 'end', 'error', 'asyncStart', 'asyncEnd'];

describe('the channels of node:diagnostics_channel', () => {
  let cluster: MockCluster;
  let topic: string;
  beforeEach(async () => {
    cluster = await MockCluster.start();
    topic = uniqueTopic();
    cluster.createTopic(topic, 1);
  });
  afterEach(() => cluster.close());
  const servers = () => ({ 'bootstrap.servers': cluster.bootstrapServers });

  it('tell of send() and of what is delivered, one by one and by arrays, refused ones too', async () => {
    using sends = listen<SendEvent>('seekafka:send');
    using delivered = listen<DeliverEvent>('seekafka:deliver');
    await using producer = new Producer({ ...servers(), 'client.id': 'mine' });
    const one = { topic, value: 'a' };
    const several = [one, { topic, value: 'b' }];
    const stored = await producer.send(one);
    const all = await producer.send(several);
    const error = await rejection(producer.send({ topic } as never));
    const [first, second, third] = sends.events();
    expect(first).to.deep.include({ client: producer, clientId: 'mine', transactional: false, messages: [one] });
    expect(first!.result).to.equal(stored);
    expect(second!.messages).to.equal(several);
    expect(second!.result).to.equal(all);
    expect(third!.error).to.equal(error);
    expect(sends.stepsOf(first!)).to.deep.equal(settled);
    expect(sends.stepsOf(third!)).to.deep.equal(failed);
    const sum = (what: 'delivered' | 'failed') => delivered.events().reduce((n, event) => n + event[what], 0);
    expect([sum('delivered'), sum('failed')]).to.deep.equal([3, 0]);
  });

  it('let a subscriber of send add headers, but none that a message has itself', async () => {
    const add = (event: unknown) => void (event as SendEvent).headers.push(['trace', 'added'], ['more', 'added']);
    const { start } = tracingChannel('seekafka:send');
    start.subscribe(add);
    using _ = { [Symbol.dispose]: () => start.unsubscribe(add) };
    await using producer = new Producer(servers());
    await producer.send([
      { topic, value: '0' },
      { topic, value: '1', headers: { trace: 'own', other: 'own' } },
    ]);
    await producer.send({ topic, value: '2' });
    start.unsubscribe(add);
    await producer.send({ topic, value: '3' });
    await using consumer = new Consumer(servers());
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const got: string[] = [];
    for await (const { headers } of consumer.messages({ until: 'end' })) {
      got.push(headers.map(([name, value]) => `${name}=${value?.toString()}`).join(' '));
    }
    expect(got).to.deep.equal([
      'trace=added more=added',
      'trace=own other=own more=added',
      'trace=added more=added',
      '',
    ]);
  });

  it('tell of what a loop is handed, without reading its batches', async () => {
    await using producer = new Producer(servers());
    await producer.send(['a', 'b', 'c'].map((value) => ({ topic, value, headers: value === 'b' ? { h: 'x' } : {} })));
    using consumed = listen<ConsumeEvent>('seekafka:consume');
    await using consumer = new Consumer({ ...servers(), 'group.id': uniqueGroup() });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    for await (const message of consumer) {
      expect(consumed.events().at(-1)).to.deep.include({ client: consumer, message, batch: null });
      break;
    }
    const waited = consumed.events()[0]!;
    expect(waited.waitedMs).to.be.above(0);
    await consumer.seek({ topic, partition: 0, offset: 0 });
    for await (const batch of consumer.batches({ minMessages: 3 })) {
      const event = consumed.events().at(-1)!;
      expect(event.batch).to.equal(batch);
      expect(event.message).to.equal(null);
      expect(event.sample(5).map(({ value }) => String(value))).to.deep.equal(['b']);
      expect(event.sample(0)).to.deep.equal([]);
      expect(Array.from(batch, ({ value }) => String(value))).to.deep.equal(['a', 'b', 'c']);
      break;
    }
    expect(consumed.told.every(({ step }) => step === 'point')).to.equal(true);
  });

  it('tell of rebalances, seeks and commits', async () => {
    await using producer = new Producer(servers());
    await producer.send({ topic, value: 'a' });
    using rebalances = listen<RebalanceEvent>('seekafka:rebalance');
    using seeks = listen<SeekEvent>('seekafka:seek');
    using commits = listen<CommitEvent>('seekafka:commit');
    const groupId = uniqueGroup();
    const consumer = new Consumer({ ...servers(), 'group.id': groupId });
    await consumer.subscribe(topic);
    const positions = await consumer.seekToBeginning();
    for await (const message of consumer) {
      await consumer.commit(message);
      break;
    }
    const named = [{ topic: 'strange', partition: 7 }];
    const error = await rejection(consumer.seekToEnd(named));
    await consumer.commit([{ topic, partition: 0, offset: 0 }]);
    await consumer.seek({ topic, partition: 0, offset: 0 });
    for await (const message of consumer) {
      expect(message.offset).to.equal(0);
      await producer.send({ topic, value: 'b' });
      break;
    }
    for await (const message of consumer) {
      expect(message.offset).to.equal(1); // what is before it is processed, and committed at the end
      break;
    }
    await consumer.close();

    const partitions = [{ topic, partition: 0 }];
    const about = { client: consumer, clientId: 'rdkafka', groupId };
    const [whole, strange, absolute] = seeks.events();
    expect(whole).to.deep.include({ ...about, operation: 'seekToBeginning', partitions: null, result: positions });
    expect(strange).to.deep.include({ ...about, operation: 'seekToEnd', partitions: named, error });
    expect(seeks.stepsOf(strange!)).to.deep.equal(failed);
    expect(absolute).to.deep.include({ operation: 'seek', partitions });
    expect(rebalances.events().map(({ kind }) => kind)).to.deep.equal(['assigned', 'revoked']);
    for (const event of rebalances.events()) {
      expect(event).to.deep.include({ ...about, partitions });
      expect(rebalances.stepsOf(event)).to.deep.equal(settled);
    }
    const told = commits.events().map(({ automatic, offsets }) => ({ automatic, offset: offsets[0]!.offset }));
    expect(told.slice(0, 2)).to.deep.equal([1, 0].map((offset) => ({ automatic: false, offset })));
    expect(told.at(-1)).to.deep.equal({ automatic: true, offset: 1 });
    expect(commits.events()[0]).to.deep.include(about);
  });

  it('tell of the handlers of process(), each attempt, in their own asynchronous context', async () => {
    await using producer = new Producer(servers());
    await producer.send(['a', 'b'].map((value) => ({ topic, value })));
    using processed = listen<ProcessEvent>('seekafka:process');
    const storage = new AsyncLocalStorage<string>();
    const { start } = tracingChannel('seekafka:process');
    start.bindStore(storage, ((event: ProcessEvent) => `at ${event.message.offset}`) as never);
    await using consumer = new Consumer({ ...servers(), 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' });
    await consumer.subscribe(topic);
    const over = new AbortController();
    const seen: unknown[] = [];
    const boom = new Error('boom');
    await consumer.process(
      async ({ offset }, { attempt }) => {
        await Promise.resolve();
        seen.push([offset, attempt, storage.getStore()]);
        if (offset === 0 && attempt === 1) throw boom;
        if (offset === 1) over.abort();
      },
      { retry: { attempts: 2, backoffMs: 0 }, signal: over.signal },
    );
    start.unbindStore(storage);
    expect(seen).to.deep.equal([
      [0, 1, 'at 0'],
      [0, 2, 'at 0'],
      [1, 1, 'at 1'],
    ]);
    const told = processed.events().map(({ message, attempt, error }) => [message.offset, attempt, error]);
    expect(told).to.deep.equal([
      [0, 1, boom],
      [0, 2, undefined],
      [1, 1, undefined],
    ]);
  });

  it('tell of transactions, of requests of an Admin, and of connect()', async () => {
    using transactions = listen<TracedEvent<unknown>>('seekafka:transaction');
    using requests = listen<AdminEvent>('seekafka:admin');
    using connects = listen<TracedEvent<void>>('seekafka:connect');
    using sends = listen<SendEvent>('seekafka:send');
    await using producer = new Producer({ ...servers(), 'transactional.id': uniqueGroup() });
    await producer.transaction(async (tx) => {
      await tx.send({ topic, value: 'a' });
      return 5;
    });
    const error = new Error('no');
    await rejection(producer.transaction(() => Promise.reject(error)));
    expect(transactions.events().map(({ result, error }) => [result, error])).to.deep.equal([
      [5, undefined],
      [undefined, error],
    ]);
    expect(sends.events()).to.have.lengthOf(1);
    expect(sends.events()[0]!.transactional).to.equal(true);

    await using admin = new Admin(servers());
    expect(await admin.listTopics()).to.equal(requests.events()[0]!.result);
    expect(requests.events()[0]).to.deep.include({ client: admin, operation: 'listTopics' });
    await using consumer = new Consumer(servers());
    for (const client of [producer, admin, consumer]) await client.connect();
    expect(connects.events().map(({ client }) => client)).to.deep.equal([producer, admin, consumer]);
    await using nobody = new Producer({ 'bootstrap.servers': '127.0.0.1:1' });
    nobody.on('error', () => undefined);
    const refused = await rejection(nobody.connect());
    expect(connects.events().at(-1)!.error).to.equal(refused);
  });

  it('refuse a message with what a subscriber of send has added wrongly', async () => {
    const add = (event: unknown) => void (event as { headers: unknown[] }).headers.push(['n', 5]);
    const { start } = tracingChannel('seekafka:send');
    start.subscribe(add);
    using _ = { [Symbol.dispose]: () => start.unsubscribe(add) };
    await using producer = new Producer(servers());
    const error = await rejection(producer.send([{ topic, value: '0' }]));
    expect(String(error)).to.match(/^TypeError: headers of tracing:seekafka:send.*got 5$/);
  });

  it('do the work also where around throws', async () => {
    const wrong = (event: unknown) => {
      (event as ProcessEvent).around = () => {
        throw new Error('around');
      };
    };
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const thrown: unknown[] = [];
    process.on('uncaughtException', (error) => thrown.push(error));
    const { start } = tracingChannel('seekafka:send');
    start.subscribe(wrong);
    try {
      await using producer = new Producer(servers());
      expect(await producer.send({ topic, value: '0' })).to.have.property('offset', 0);
      await eventually(() => thrown.length > 0);
      expect(String(thrown[0])).to.equal('Error: around');
    } finally {
      start.unsubscribe(wrong);
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    }
  });

  it('do the work inside of what a subscriber sets as around', async () => {
    const storage = new AsyncLocalStorage<string>();
    const around = (event: unknown) => {
      (event as ProcessEvent).around = (work) => storage.run('inside', work);
    };
    const { start } = tracingChannel('seekafka:transaction');
    start.subscribe(around);
    using _ = { [Symbol.dispose]: () => start.unsubscribe(around) };
    await using producer = new Producer({ ...servers(), 'transactional.id': uniqueGroup() });
    const seen = await producer.transaction(async (tx) => {
      await tx.send({ topic, value: 'a' });
      return storage.getStore();
    });
    expect(seen).to.equal('inside');
  });

  it('have subscribers whose errors are uncaught exceptions, and end nothing of what is done', async () => {
    const thrown: unknown[] = [];
    const others = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => thrown.push(error));
    const fail = () => {
      throw new Error('a subscriber');
    };
    const names = ['seekafka:send', 'seekafka:commit', 'seekafka:rebalance'].map((name) => tracingChannel(name).start);
    const failing = [...names, channel('seekafka:consume'), channel('seekafka:deliver')];
    for (const each of failing) each.subscribe(fail);
    try {
      await using producer = new Producer(servers());
      await producer.send({ topic, value: 'a' });
      const consumer = new Consumer({ ...servers(), 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' });
      await consumer.subscribe(topic);
      for await (const message of consumer) {
        await consumer.commit(message);
        break;
      }
      await consumer.close();
      await eventually(() => thrown.length >= 5);
      expect(thrown.every((error) => (error as Error).message === 'a subscriber')).to.equal(true);
    } finally {
      for (const each of failing) each.unsubscribe(fail);
      process.removeAllListeners('uncaughtException');
      for (const other of others) process.on('uncaughtException', other);
    }
  });
});
