import { expect } from 'chai';
import { Admin, Consumer, type ConsumerConfig, Producer } from 'seekafka';
import { describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { uniqueGroup } from '../helpers/unique.js';
import { awake, eventually, inTime } from '../helpers/wait.js';

// Every call that asks a broker takes { timeoutMs, signal } as its last argument, and keeps to them where no broker
// answers: whether it stands still, is away, or was never there.

/** A busy machine may take so much longer; a limit that is not counted from the call is missed by more. */
const GRACE_MS = 900;
const LIMIT_MS = 700;

interface Options {
  timeoutMs?: number;
  signal?: AbortSignal;
}
interface Clients {
  readonly consumer: Consumer;
  /** In no group's assignment by hand. */
  readonly subscribed: Consumer;
  readonly producer: Producer;
  readonly admin: Admin;
  readonly topic: string;
}
type Call = (clients: Clients, options: Options) => Promise<unknown>;

const row = (topic: string) => ({ topic, partition: 0 });

const calls: Readonly<Record<string, Call>> = {
  'commit(offsets)': ({ consumer, topic }, o) => consumer.commit([{ ...row(topic), offset: 1 }], o),
  'commit() of a member': ({ subscribed, topic }, o) => subscribed.commit([{ ...row(topic), offset: 1 }], o),
  committed: ({ consumer, topic }, o) => consumer.committed([row(topic)], o),
  'committed of the assignment': ({ consumer }, o) => consumer.committed(undefined, o),
  beginningOffsets: ({ consumer, topic }, o) => consumer.beginningOffsets([row(topic)], o),
  endOffsets: ({ consumer, topic }, o) => consumer.endOffsets([row(topic)], o),
  'endOffsets of the assignment': ({ consumer }, o) => consumer.endOffsets(undefined, o),
  offsetsForTimes: ({ consumer, topic }, o) => consumer.offsetsForTimes([{ ...row(topic), timestamp: 1 }], o),
  lag: ({ consumer }, o) => consumer.lag(o),
  seekToEnd: ({ consumer }, o) => consumer.seekToEnd(undefined, o),
  seekToCommitted: ({ consumer }, o) => consumer.seekToCommitted(undefined, o),
  flush: async ({ producer, topic }, o) => {
    producer.send({ topic, partition: 0, value: 'x' }).catch(() => undefined);
    await producer.flush(o);
  },
  'Admin.listTopics': ({ admin }, o) => admin.listTopics(o),
  'Admin.createTopics': ({ admin, topic }, o) => admin.createTopics([{ topic: `${topic}-more` }], o),
  'Admin.deleteTopics': ({ admin, topic }, o) => admin.deleteTopics([topic], o),
  'Admin.describeTopics': ({ admin, topic }, o) => admin.describeTopics([topic], o),
  'Admin.createPartitions': ({ admin, topic }, o) => admin.createPartitions([{ topic, total: 9 }], o),
};
// Not deleteRecords: the mock cluster does not know the request, which is told at once, before anything is sent.

const faults = ['silent', 'down'] as const;

async function outcomeOf(promise: Promise<unknown>): Promise<{ error: unknown; after: number; took: number }> {
  const since = awake();
  const start = performance.now();
  let error: unknown = 'resolved';
  await promise.catch((e: unknown) => (error = e));
  return { error, after: awake() - since, took: performance.now() - start };
}

describe('a limit of a call', () => {
  for (const fault of faults) {
    describe(`with brokers that are ${fault}`, () => {
      let cluster: Awaited<ReturnType<typeof mockCluster>>;
      let clients: Clients;
      before(async () => {
        cluster = await mockCluster();
        const topic = await cluster.createTopic();
        const servers = { 'bootstrap.servers': cluster.bootstrapServers };
        const config = () => ({ ...servers, 'group.id': uniqueGroup(), 'auto.offset.reset': 'earliest' as const });
        const [consumer, subscribed] = [new Consumer(config()), new Consumer(config())];
        const [producer, admin] = [new Producer(servers), new Admin(servers)];
        clients = { consumer, subscribed, producer, admin, topic };
        await producer.send({ topic, partition: 0, value: 'x' });
        await consumer.assign([{ ...row(topic), offset: 0 }]);
        for await (const _ of consumer) break;
        await subscribed.subscribe(topic);
        for await (const _ of subscribed) break;
        // All connections are there.
        await Promise.all([
          consumer.endOffsets(),
          consumer.commit([{ ...row(topic), offset: 0 }]),
          consumer.committed(),
        ]);
        await Promise.all([subscribed.commit([{ ...row(topic), offset: 0 }]), admin.listTopics()]);
        if (fault === 'silent') cluster.mock.setRoundTripTime(1, 600_000);
        else cluster.mock.brokerDown(1);
        for (const client of [consumer, subscribed, producer, admin]) client.on('error', () => undefined);
      });
      after(async () => {
        const { consumer, subscribed, producer, admin } = clients;
        await Promise.all([consumer, subscribed, producer].map((client) => client.close({ timeoutMs: 300 })));
        await (admin as { close(options?: object): Promise<void> }).close({ timeoutMs: 300 });
        await cluster.close();
      });

      for (const [name, call] of Object.entries(calls)) {
        it(`is kept, three times at once: ${name}`, async () => {
          const outcomes = [1, 2, 3].map(() => outcomeOf(call(clients, { timeoutMs: LIMIT_MS })));
          for (const { error, after, took } of await inTime(Promise.all(outcomes), name, 20_000)) {
            expect(error).to.include({
              code: 'ERR__TIMED_OUT',
              operation: /(\w+)/.exec(name.replace('Admin.', ''))![1],
            });
            expect(took).to.be.at.least(LIMIT_MS * 0.9);
            expect(after).to.be.lessThan(LIMIT_MS + GRACE_MS);
          }
        });

        it(`is the signal's reason at once, whatever else is asked: ${name}`, async () => {
          const controller = new AbortController();
          const reason = new Error('enough');
          const others = [1, 2].map(() => outcomeOf(call(clients, { timeoutMs: LIMIT_MS })));
          const pending = outcomeOf(call(clients, { signal: controller.signal }));
          const both = outcomeOf(call(clients, { signal: controller.signal, timeoutMs: 30_000 }));
          await new Promise((resolve) => setTimeout(resolve, 50));
          const since = awake();
          controller.abort(reason);
          for (const { error } of await inTime(Promise.all([pending, both]), name)) expect(error).to.equal(reason);
          expect(awake() - since).to.be.lessThan(500);
          await Promise.all(others);
        });

        it(`is the reason of a signal that is aborted already, and nothing is asked: ${name}`, async () => {
          for (const reason of [new Error('before'), 'a text', undefined]) {
            const signal = reason === undefined ? AbortSignal.abort() : AbortSignal.abort(reason);
            const { error, after } = await outcomeOf(inTime(call(clients, { signal }), name));
            expect(error).to.equal(signal.reason);
            expect(after).to.be.lessThan(300);
          }
        });

        it(`of nothing is a time-out at once: ${name}`, async () => {
          const { error, after } = await outcomeOf(inTime(call(clients, { timeoutMs: 0 }), name));
          expect(error).to.have.property('code', 'ERR__TIMED_OUT');
          expect(after).to.be.lessThan(GRACE_MS);
        });
      }

      it('leaves no listener on a signal that lives long', async () => {
        const { signal } = new AbortController();
        let listeners = 0;
        const add = signal.addEventListener.bind(signal);
        const remove = signal.removeEventListener.bind(signal);
        signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
        signal.removeEventListener = (...args: Parameters<typeof remove>) => (listeners--, remove(...args));
        const all = Object.values(calls).map((call) => outcomeOf(call(clients, { signal, timeoutMs: 300 })));
        await inTime(Promise.all(all), 'all of them');
        await eventually(() => listeners === 0, { what: `no listener is left, of ${listeners}` });
      });
    });
  }

  it('of Admin and of look-ups counts from the call, also where no broker was ever there', async () => {
    const servers = { 'bootstrap.servers': '127.0.0.1:1' };
    const admin = new Admin(servers);
    const consumer = new Consumer({ ...servers, 'group.id': 'g' });
    for (const client of [admin, consumer]) client.on('error', () => undefined);
    const limited = (timeoutMs: number) => ({ timeoutMs });
    const asked = [300, 600, 900].flatMap((ms) => [
      [ms, outcomeOf(admin.listTopics(limited(ms)))] as const,
      [ms, outcomeOf(admin.createTopics([{ topic: 'x' }], limited(ms)))] as const,
      [ms, outcomeOf(consumer.endOffsets([row('t')], limited(ms)))] as const,
      [ms, outcomeOf(consumer.committed([row('t')], limited(ms)))] as const,
      [ms, outcomeOf(consumer.commit([{ ...row('t'), offset: 1 }], limited(ms)))] as const,
    ]);
    for (const [ms, outcome] of asked) {
      const { error, after } = await inTime(outcome);
      expect(error).to.have.property('code', 'ERR__TIMED_OUT');
      expect(after).to.be.lessThan(ms + GRACE_MS);
    }
    await Promise.all([admin.close(), consumer.close({ timeoutMs: 300 })]);
  });
});

describeOnKafka('a limit of Admin', (cluster) => {
  it('may be as long as an int32 says, as its check does', async () => {
    const topic = await cluster().createTopic();
    await using admin = new Admin({ 'bootstrap.servers': cluster().bootstrapServers });
    for (const timeoutMs of [3_600_000, 3_600_001, 2 ** 31 - 1]) {
      expect(await inTime(admin.listTopics({ timeoutMs }))).to.include(topic);
      expect(await inTime(admin.describeTopics([topic], { timeoutMs }))).to.have.length(1);
    }
  });
});

describe('a limit of a call that waits for what brokers do not decide', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('is kept by position(), where the start of a partition is not known yet', async () => {
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const consumer = new Consumer({ ...servers, 'group.id': uniqueGroup(), 'auto.offset.reset': 'latest' });
    consumer.on('error', () => undefined);
    for (let i = 0; i < 500; i++) cluster.mock.pushRequestError(1, 9, 14, 30_000); // OffsetFetch
    consumer.assign([row(topic)]).catch(() => undefined);
    await eventually(() => consumer.assignment.length === 1);
    const outcomes = [1, 2, 3].map(() => outcomeOf(consumer.position(undefined, { timeoutMs: LIMIT_MS })));
    for (const { error, after } of await inTime(Promise.all(outcomes))) {
      expect(error).to.include({ code: 'ERR__TIMED_OUT', operation: 'position' });
      expect(after).to.be.lessThan(LIMIT_MS + GRACE_MS);
    }
    const reason = new Error('enough');
    const { error } = await outcomeOf(inTime(consumer.position(undefined, { signal: AbortSignal.abort(reason) })));
    expect(error).to.equal(reason);
    await consumer.close({ timeoutMs: 300 });
  });

  it('is kept by unsubscribe(), where a listener never ends', async () => {
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    const consumer = new Consumer({ ...servers, 'group.id': uniqueGroup() });
    await consumer.subscribe(topic, { onRevoked: () => new Promise(() => undefined) });
    await eventually(() => consumer.assignment.length > 0);
    const controller = new AbortController();
    const bySignal = outcomeOf(consumer.unsubscribe({ signal: controller.signal }));
    const { error, after } = await inTime(outcomeOf(consumer.unsubscribe({ timeoutMs: LIMIT_MS })));
    expect(error).to.include({ code: 'ERR__TIMED_OUT', operation: 'unsubscribe' });
    expect(after).to.be.lessThan(LIMIT_MS + GRACE_MS);
    controller.abort();
    expect((await inTime(bySignal)).error).to.equal(controller.signal.reason);
    await inTime(consumer.close({ timeoutMs: 300 }));
  });
});

describe('a call without a limit of its own', () => {
  const SOCKET_MS = 1500;
  for (const fault of faults) {
    it(`is ended by socket.timeout.ms, with brokers that are ${fault}: commit()`, async () => {
      const cluster = await mockCluster();
      await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
      const topic = await cluster.createTopic();
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await producer.send({ topic, value: 'x' });
      const config: ConsumerConfig = {
        'bootstrap.servers': cluster.bootstrapServers,
        'group.id': uniqueGroup(),
        'auto.offset.reset': 'earliest',
        'enable.auto.commit': false,
        'socket.timeout.ms': SOCKET_MS,
      };
      const consumer = new Consumer(config);
      consumer.on('error', () => undefined);
      await consumer.subscribe(topic);
      for await (const message of consumer) {
        if (fault === 'silent') cluster.mock.setRoundTripTime(1, 600_000);
        else cluster.mock.brokerDown(1);
        const { error, after } = await inTime(outcomeOf(consumer.commit(message)), 'commit()', 20_000);
        expect(error)
          .to.have.property('code')
          .that.matches(/^ERR__(TIMED_OUT|TIMED_OUT_QUEUE|TRANSPORT|WAIT_COORD)$/);
        expect(after).to.be.lessThan(SOCKET_MS + 1000 + GRACE_MS);
        break;
      }
      await consumer.close({ timeoutMs: 300 });
    });
  }

  it('does not pile up: of auto-commits with a silent coordinator one is on its way', async () => {
    const cluster = await mockCluster();
    await using _ = { [Symbol.asyncDispose]: () => cluster.close() };
    const topic = await cluster.createTopic();
    const servers = { 'bootstrap.servers': cluster.bootstrapServers };
    await using producer = new Producer({ ...servers, 'linger.ms': 0 });
    await producer.send(Array.from({ length: 200 }, (_, i) => ({ topic, partition: 0, value: `${i}` })));
    const consumer = new Consumer({
      ...servers,
      'group.id': uniqueGroup(),
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': 20,
      debug: 'broker,protocol',
    });
    consumer.on('error', () => undefined);
    let asked = 0;
    consumer.on('log', ({ message }) => (asked += /Sent OffsetCommitRequest/.test(message) ? 1 : 0));
    await consumer.assign([{ ...row(topic), offset: 0 }]);
    let seen = 0;
    for await (const message of consumer) {
      if (message.offset === 20) {
        await consumer.commit(message);
        // 8: OffsetCommit. Each is answered after a long time; heartbeats and fetches are not touched.
        for (let i = 0; i < 500; i++) cluster.mock.pushRequestError(1, 8, 0, 60_000);
        asked = 0;
      }
      if (message.offset > 20) await new Promise((resolve) => setTimeout(resolve, 10));
      if (++seen === 120) break; // a second of it, some fifty intervals of the timer
    }
    // One that was sent just before may be told only now.
    expect(asked, 'OffsetCommit requests, of which one has no answer yet').to.be.at.most(2);
    await consumer.close({ timeoutMs: 300 });
  });
});
