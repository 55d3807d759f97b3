import { expect } from 'chai';
import { Consumer, Producer, type Statistics } from 'seekafka';
import { threeBrokers } from '../helpers/faults.js';
import { Member } from '../helpers/member.js';
import { eventually, inTime } from '../helpers/wait.js';

// A leader that hangs keeps its connection open and answers nothing: the consumer's Fetch waited there for a minute, and
// nobody looked for the leader that the partition had had for long (cmake/deps/patches/silent-leader.patch). The brokers
// that hang here have a round trip of a minute and a half.

const HANGS_MS = 90_000;
/** Some 4 s until a broker is taken for silent, and a second until others are asked: with much room for a busy machine. */
const FOUND_MS = 30_000;
const LED = 1; // the partition that broker 2 leads

/** The address of broker 1 alone: who is given that asks nothing of the broker that hangs. */
const firstOf = (servers: string) => servers.split(',')[0]!;

describe('a consumer whose leader hangs', () => {
  it('goes on with the next one: idle, with a backlog, sought, and where it knows no other broker', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      const produce = async (from: number, count: number) => {
        await using producer = new Producer({ 'bootstrap.servers': firstOf(cluster.bootstrapServers) });
        const value = (i: number) => `${LED}:${from + i}`;
        const messages = Array.from({ length: count }, (_, i) => ({ topic, partition: LED, value: value(i) }));
        await inTime(producer.send(messages), 'production');
      };
      await produce(0, 500);
      const config = { 'group.id': undefined };
      const second = { ...cluster, bootstrapServers: cluster.bootstrapServers.split(',')[1]! };
      const few = { 'queued.min.messages': 10, 'max.partition.fetch.bytes': 500 };
      await using idle = new Member(cluster, config);
      await using batches = new Member(cluster, config);
      await using alone = new Member(second, config);
      await using sought = new Member(cluster, config);
      await using backlog = new Member(cluster, { ...config, ...few });
      const members = { idle, batches, alone, sought, backlog };
      let open = () => {};
      const gate = new Promise<void>((resolve) => (open = resolve));
      void idle.read();
      void batches.read('by batch');
      void alone.read();
      void sought.read();
      void backlog.read('by message', ({ sequence }) => (sequence === 50 ? gate : undefined));
      for (const one of Object.values(members)) await one.consumer.assign([{ topic, partition: LED, offset: 0 }]);
      const came = (one: Member, sequence: number) => one.last(LED) === sequence;
      await eventually(() => [idle, batches, alone, sought].every((one) => came(one, 499)) && came(backlog, 50));

      cluster.mock.setRoundTripTime(2, HANGS_MS);
      open();
      const since = sought.mark();
      await inTime(sought.consumer.seek([{ topic, partition: LED, offset: 490 }]), 'the seek');
      cluster.mock.setLeader(topic, LED, 3);
      await produce(500, 10);
      await eventually(
        () => {
          const late = Object.entries(members).filter(([, one]) => !came(one, 509));
          if (late.length) throw new Error(late.map(([what, one]) => `${what}: ${one.runs(LED)}`).join(', '));
          return true;
        },
        { timeoutMs: FOUND_MS, what: 'what the next leader has comes' },
      );
      for (const one of [idle, batches, alone, backlog]) expect(one.runs(LED)).to.equal('0..509');
      expect(sought.runs(LED, since)).to.equal('490..509');
      await Promise.all(Object.values(members).map(({ consumer }) => consumer.close({ timeoutMs: 500 })));
    } finally {
      await cluster.close();
    }
  });

  it('goes on with it where the leader was elected late', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      let last: Statistics | undefined;
      await using member = new Member(cluster, { 'group.id': undefined, 'statistics.interval.ms': 100 });
      member.consumer.on('statistics', (statistics) => (last = statistics));
      void member.read();
      await member.consumer.assign([0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
      await fetches(() => last, 2);
      cluster.mock.setRoundTripTime(2, HANGS_MS);
      const asked = sum(last, 'Metadata');
      await eventually(() => sum(last, 'Metadata') >= asked + 2, {
        timeoutMs: FOUND_MS,
        what: 'others were asked twice',
      });
      cluster.mock.setLeader(topic, LED, 1);
      await using producer = new Producer({ 'bootstrap.servers': firstOf(cluster.bootstrapServers) });
      await inTime(producer.send({ topic, partition: LED, value: `${LED}:0` }), 'production');
      await eventually(() => member.last(LED) === 0, { timeoutMs: FOUND_MS, what: 'its message comes' });
      await member.consumer.close({ timeoutMs: 500 });
    } finally {
      await cluster.close();
    }
  });
});

describe('a producer whose leader hangs', () => {
  it('sends to the next one', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      // It knows no other broker at first, so that no question for something else tells it of the next leader.
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers.split(',')[1]! });
      const send = () => producer.send({ topic, partition: LED, value: 'x' });
      await inTime(send());
      cluster.mock.setRoundTripTime(2, HANGS_MS);
      cluster.mock.setLeader(topic, LED, 3);
      // What is at the broker that hangs waits there: a real cluster drops such a broker, which frees it. The mock cluster does not.
      let acknowledged = false;
      const sent = () => {
        send().then(
          () => (acknowledged = true),
          () => undefined,
        );
        return acknowledged;
      };
      await eventually(sent, { timeoutMs: FOUND_MS, intervalMs: 500, what: 'the next leader acknowledges' });
      await producer.close({ timeoutMs: 500 });
    } finally {
      await cluster.close();
    }
  });
});

describe('a leader that is slow', () => {
  it('keeps its partition and its connection, and its answers count', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      const row = { topic, partition: LED };
      await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await producer.send(Array.from({ length: 5 }, (_, i) => ({ ...row, value: String(i) })));
      await using consumer = new Consumer({
        'bootstrap.servers': cluster.bootstrapServers,
        'statistics.interval.ms': 100,
        'fetch.wait.max.ms': 100,
        'queued.min.messages': 1,
        'max.partition.fetch.bytes': 1,
      });
      let last: Statistics | undefined;
      consumer.on('statistics', (statistics) => (last = statistics));
      await consumer.assign([0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
      const iterator = consumer[Symbol.asyncIterator]();
      const next = async () => {
        const step = await inTime(iterator.next(), 'the next message', FOUND_MS);
        return step.done ? undefined : String(step.value.value);
      };
      expect(await next()).to.equal('0');
      await fetches(() => last, 2);
      cluster.mock.setRoundTripTime(2, 5_000);
      const asked = sum(last, 'Metadata');
      const connects = () => Object.values(last!.brokers).map(({ nodeid, connects }) => `${nodeid}: ${connects}`);
      const before = connects();
      await producer.send({ ...row, value: '5' });
      for (const value of ['1', '2', '3', '4', '5']) expect(await next()).to.equal(value);
      await eventually(() => sum(last, 'Metadata') > asked, { timeoutMs: FOUND_MS, what: 'others were asked' });
      expect(connects()).to.deep.equal(before);
      cluster.mock.setRoundTripTime(2, 0);
      await producer.send({ ...row, value: '6' });
      expect(await next()).to.equal('6');
    } finally {
      await cluster.close();
    }
  });

  it('because the consumer wants to wait for messages for so long is not taken for one that hangs', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      await using consumer = new Consumer({
        'bootstrap.servers': cluster.bootstrapServers,
        'statistics.interval.ms': 100,
        'fetch.wait.max.ms': 6_000,
      });
      let last: Statistics | undefined;
      consumer.on('statistics', (statistics) => (last = statistics));
      await consumer.assign([0, 1, 2].map((partition) => ({ topic, partition, offset: 0 })));
      await fetches(() => last, 1);
      const asked = sum(last, 'Metadata');
      await fetches(() => last, 2);
      expect(sum(last, 'Metadata')).to.equal(asked);
    } finally {
      await cluster.close();
    }
  });
});

/** Of all brokers: how many requests of a kind. */
const sum = (statistics: Statistics | undefined, kind: string): number =>
  Object.values(statistics?.brokers ?? {}).reduce((all, { req }) => all + (req?.[kind] ?? 0), 0);

/** Resolves when each of the three brokers was sent so many Fetch requests. */
async function fetches(last: () => Statistics | undefined, count: number): Promise<void> {
  const learned = () => Object.values(last()?.brokers ?? {}).filter(({ nodeid }) => nodeid > 0);
  await eventually(() => learned().length === 3 && learned().every(({ req }) => (req?.['Fetch'] ?? 0) >= count), {
    timeoutMs: FOUND_MS,
    what: `${count} Fetch requests to each`,
  });
}
