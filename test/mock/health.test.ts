import { expect } from 'chai';
import { Admin, Consumer, type KafkaError, MockCluster, Producer, type Stall } from 'seekafka';
import { deferred } from '../../lib/client/deferred.js';
import { describeOnKafka, mockCluster } from '../helpers/clusters.js';
import { consumerOn, fill } from '../helpers/numbered.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// health(): told at once, from what is known; and the event `stalled`, which tells messages that do not come from a log
// that has none, and a broker that hangs from a loop that does.

const FETCH = 1;

describe('health', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  beforeEach(async () => {
    cluster = await mockCluster({ brokers: 1 });
  });
  afterEach(() => cluster.close());

  const servers = () => ({ 'bootstrap.servers': cluster.bootstrapServers });
  const stallingConsumer = (stalledAfterMs: number) => {
    const consumer = new Consumer({ ...servers(), 'group.id': uniqueGroup() }, { stalledAfterMs });
    const stalls: Stall[] = [];
    consumer.on('stalled', (stall) => stalls.push(stall)).on('error', () => undefined);
    return { consumer, stalls };
  };

  for (const Kind of [Producer, Admin, Consumer]) {
    it(`of ${Kind.name} follows its connections, from the first to the end`, async () => {
      const begun = Date.now();
      // Of nobody: a mock broker may have answered before the constructor is through.
      await using lonely = new Kind({ 'bootstrap.servers': '127.0.0.1:1' });
      const fresh = lonely.health();
      expect(fresh).to.deep.include({ state: 'connecting', brokersUp: 0 }).and.not.have.property('lastError');
      expect(fresh.since.getTime()).to.be.within(begun - 1, Date.now());
      lonely.on('error', () => undefined);

      await using client = new Kind(servers());
      const errors: KafkaError[] = [];
      client.on('error', (error) => errors.push(error));
      // (The connection by which the brokers were learned is closed, and there may be none for a moment.)
      await eventually(() => client.health().state === 'up' && client.health().brokersUp === 1);
      const since = client.health().since.getTime();
      expect(since).to.be.within(begun - 1, Date.now());
      // Long enough for the clock to tell the two apart.
      await eventually(() => Date.now() > since + 20);

      cluster.mock.brokerDown(1);
      // (The number and its time are counted one after the other, and may be read in between.)
      await eventually(() => client.health().state === 'connecting' && client.health().since.getTime() > since);
      const down = client.health();
      expect(down.brokersUp).to.equal(0);
      expect(down.lastError?.code).to.be.oneOf(['ERR__TRANSPORT', 'ERR__ALL_BROKERS_DOWN']);
      expect(down.lastError).to.equal(errors.at(-1));

      cluster.mock.brokerUp(1);
      await eventually(() => client.health().state === 'up');
      expect(client.health().since.getTime()).to.be.at.least(down.since.getTime());

      await client.close();
      const closed = client.health();
      expect(closed).to.deep.include({ state: 'closed', brokersUp: 0 });
      expect(client.health().since).to.deep.equal(closed.since);
    });
  }

  it('counts the brokers of which it needs a connection, each once', async () => {
    await using three = await MockCluster.start({ brokers: 3 });
    three.createTopic('spread', 3);
    for (const p of [0, 1, 2]) three.setLeader('spread', p, p + 1);
    await using producer = new Producer({ 'bootstrap.servers': three.bootstrapServers });
    await producer.send([0, 1, 2].map((partition) => ({ topic: 'spread', partition, value: '' })));
    // (A connection is counted by a thread of its own, maybe a moment after it has brought the answer.)
    await eventually(() => producer.health().state === 'up' && producer.health().brokersUp === 3);
  });

  it('of a consumer tells its group, its assignment, its last message, and what its loop does', async () => {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 2 });
    await using consumer = consumerOn(cluster);
    expect(consumer.health()).to.deep.include({
      ...{ joined: false, assignment: [], lastMessageAt: null, loop: { state: 'none', forMs: 0 } },
    });
    const goesOn = deferred<void>();
    const begun = Date.now();
    const loop = (async () => {
      for await (const { offset } of consumer) if (offset === 1) await goesOn.promise;
    })();
    expect(consumer.health().loop.state).to.equal('waiting');
    await consumer.subscribe(topic);
    await eventually(() => consumer.health().joined);
    expect(consumer.health().assignment).to.deep.equal([{ topic, partition: 0 }]);
    await eventually(() => consumer.health().loop.forMs > 300);
    expect(consumer.health().loop.state).to.equal('working');
    expect(consumer.health().lastMessageAt!.getTime()).to.be.within(begun, Date.now());
    goesOn.resolve();
    await eventually(() => consumer.health().loop.state === 'waiting');
    await consumer.unsubscribe();
    expect(consumer.health()).to.deep.include({ joined: false, assignment: [] });
    await consumer.close();
    await loop;
    expect(consumer.health()).to.deep.include({ state: 'closed', joined: false });
  });

  it('is stalled where messages are there and none comes, once, until one comes', async () => {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 5 });
    const { consumer, stalls } = stallingConsumer(300);
    await using _closed = consumer;
    // Its fetch is answered much later, while questions for the end of the log are answered at once.
    for (let i = 0; i < 3; i++) cluster.mock.pushRequestError(1, FETCH, 0, 3000);
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const came = consumer[Symbol.asyncIterator]().next();
    await eventually(() => stalls.length === 1);
    expect(stalls[0]!.partitions).to.deep.equal([{ topic, partition: 0 }]);
    expect(stalls[0]!.sinceMs).to.be.at.least(300);
    expect(consumer.health().state).to.equal('stalled');
    expect(consumer.health().loop).to.deep.equal({ state: 'waiting', forMs: 0 });
    expect(Date.now() - consumer.health().since.getTime()).to.be.within(-1, 60_000);
    await inTime(came);
    await eventually(() => consumer.health().state === 'up');
    expect(stalls).to.have.lengthOf(1);
  });

  it('is not stalled at the end of a log, nor where it is paused, nor where the loop does not ask', async () => {
    const [empty, paused, unread] = await Promise.all([1, 2, 3].map(() => cluster.createTopic()));
    await fill(cluster, paused!, { count: 5 });
    await fill(cluster, unread!, { count: 5 });
    const others = [empty!, paused!, unread!].map((topic) => ({ topic, ...stallingConsumer(60) }));
    try {
      for (const { consumer, topic } of others) await consumer.assign([{ topic, partition: 0, offset: 0 }]);
      others[1]!.consumer.pause();
      const waiting = others.slice(0, 2).map(({ consumer }) => consumer[Symbol.asyncIterator]().next());
      // One that is stalled meanwhile shows that there was time.
      const { consumer, stalls } = stallingConsumer(300);
      await using _closed = consumer;
      await consumer.assign([{ topic: unread!, partition: 0, offset: 0 }]);
      for (let i = 0; i < 9; i++) cluster.mock.pushRequestError(1, FETCH, 0, 2000);
      const came = consumer[Symbol.asyncIterator]().next();
      await eventually(() => stalls.length === 1);
      for (const other of others) expect(other.stalls, other.topic).to.deep.equal([]);
      await consumer.close();
      await inTime(came);
      await Promise.all(others.map((other) => other.consumer.close()));
      await Promise.all(waiting);
    } finally {
      await Promise.all(others.map((other) => other.consumer.close()));
    }
  });

  it('of process() is not stalled while a lane that is full waits', async () => {
    const topic = await cluster.createTopic();
    await fill(cluster, topic, { count: 50 });
    const { consumer, stalls } = stallingConsumer(100);
    await using _closed = consumer;
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const gate = deferred<void>();
    const running = consumer.process(() => gate.promise, { maxPending: 2 });
    await eventually(() => consumer.health().loop.forMs > 600);
    expect(consumer.health().loop.state).to.equal('working');
    expect(stalls).to.deep.equal([]);
    gate.resolve();
    await consumer.close();
    await inTime(running);
  });

  it('takes a wrong option for what it is', () => {
    for (const stalledAfterMs of [0, -1, 1.5, '5', null]) {
      expect(() => new Consumer(servers(), { stalledAfterMs } as never), String(stalledAfterMs))
        .to.throw(Error, 'options.stalledAfterMs: expected an integer from 1')
        .with.property('name')
        .that.is.oneOf(['TypeError', 'RangeError']);
    }
    expect(() => new Consumer(servers(), { stalledAfter: 5 } as never)).to.throw(
      TypeError,
      "did you mean 'stalledAfterMs'",
    );
  });
});

describeOnKafka('health (kafka)', (kafka) => {
  it('of a producer that was fenced is failed, and says why', async () => {
    const config = { 'bootstrap.servers': kafka().bootstrapServers, 'transactional.id': uniqueGroup() };
    await using first = new Producer(config);
    first.on('error', () => undefined);
    await first.initTransactions();
    await using second = new Producer(config);
    await second.initTransactions();
    const topic = await kafka().createTopic();
    const failed = await first
      .transaction((tx) => tx.send({ topic, value: '' }))
      .then(
        () => undefined,
        (error: KafkaError) => error,
      );
    expect(failed?.fatal).to.equal(true);
    expect(first.health().state).to.equal('failed');
    expect(first.health().lastError?.fatal).to.equal(true);
  });
});
