import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Admin, Consumer, type KafkaError, type ListOffsetsOptions, type MockCluster, Producer } from 'seekafka';
import { type FaultyCluster, threeBrokers } from '../helpers/faults.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

// A broker that hangs keeps its connections open and answers nothing. What was asked of it waited there for
// socket.timeout.ms, metadata among it, while the partition had long had another leader. One that was killed has no
// connections any more, and its successor is elected a moment later.

interface Trouble {
  /** Before anything is asked. */
  readonly begin: (mock: MockCluster) => void;
  /** A second later, when there is a successor. */
  readonly elected?: (mock: MockCluster) => void;
}

const troubles: Record<string, Trouble> = {
  // The third one does not answer the first questions about leaders either, nor anything else on those connections.
  'a leader that hangs': {
    begin: (mock) => {
      for (const broker of [1, 2, 3]) mock.setRoundTripTime(broker, 50_000);
    },
    elected: (mock) => mock.setRoundTripTime(1, 0),
  },
  'a leader that was killed': {
    begin: (mock) => {
      for (const broker of [2, 3]) mock.brokerDown(broker);
    },
  },
};

const ELECTION_MS = 1000;
/** An attempt is given up after three seconds, and begun anew. */
const SOON_MS = 10_000;
/** Of a limit of 5 s. A pause of 4 s that began shortly before its end went beyond it. */
const LIMIT_MS = 6500;
const LIST_OFFSETS = 2;
const NOT_LEADER = 6;

for (const [title, { begin, elected }] of Object.entries(troubles)) {
  describe(title, () => {
    it('S19 is not waited for: questions, seeks and start offsets find its successor', async () => {
      const cluster = await threeBrokers();
      try {
        const topic = await cluster.createTopic(3);
        const rows = [0, 1, 2].map((partition) => ({ topic, partition }));
        const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
        await producer.send(rows.map((row) => ({ ...row, value: 'x' })));
        await producer.close();
        const config = { 'bootstrap.servers': cluster.bootstrapServers } as const;
        await using consumer = new Consumer(config);
        await using reads = new Consumer(config);
        await using seeks = new Consumer(config);
        await using starts = new Consumer({ ...config, 'auto.offset.reset': 'earliest' });
        await using admin = new Admin(config);
        for (const one of [consumer, reads, seeks, starts, admin]) one.on('error', () => undefined);
        const ends = rows.map((row) => ({ ...row, offset: 1 }));
        const beginnings = rows.map((row) => ({ ...row, offset: 0 }));
        await Promise.all([reads.assign(beginnings), seeks.assign(beginnings)]);
        expect(await consumer.endOffsets(rows)).to.deep.equal(ends); // it is connected to all of them
        const listOffsets = () => admin.listOffsets(rows.map((row) => ({ ...row, spec: 'latest' as const })));
        const listed = await listOffsets();
        expect(listed.map(({ offset }) => offset)).to.deep.equal([1, 1, 1]);
        begin(cluster.mock);
        const asked = {
          'listOffsets of an admin client': listOffsets(),
          endOffsets: consumer.endOffsets(rows),
          beginningOffsets: consumer.beginningOffsets(rows),
          lag: reads.lag(),
          seekToEnd: seeks.seekToEnd(),
          'the start offsets': starts.assign(rows).then(() => starts.position()),
        };
        const found = Promise.all(
          Object.entries(asked).map(async ([what, answer]) => [what, await inTime<unknown>(answer, what, SOON_MS)]),
        );
        await Promise.race([found, sleep(ELECTION_MS)]);
        elected?.(cluster.mock);
        for (const { partition } of rows) cluster.mock.setLeader(topic, partition, 1);
        expect(Object.fromEntries(await found)).to.deep.equal({
          'listOffsets of an admin client': listed,
          endOffsets: ends,
          beginningOffsets: beginnings,
          lag: rows.map((row) => ({ ...row, lag: 1 })),
          seekToEnd: ends,
          'the start offsets': beginnings,
        });
        await Promise.all([reads, seeks, starts].map((one) => one.close({ timeoutMs: 500 })));
        await consumer.close({ timeoutMs: 500 });
      } finally {
        await cluster.close();
      }
    });
  });
}

describe('an admin client', () => {
  let cluster: FaultyCluster;
  let topic: string;
  let admin: Admin;
  let listed: Awaited<ReturnType<Admin['listOffsets']>>;
  const listOffsets = (options?: ListOffsetsOptions) =>
    admin.listOffsets(
      [0, 1, 2].map((partition) => ({ topic, partition, spec: 'latest' })),
      options,
    );

  beforeEach(async () => {
    cluster = await threeBrokers();
    topic = await cluster.createTopic(3);
    admin = new Admin({ 'bootstrap.servers': cluster.bootstrapServers });
    admin.on('error', () => undefined);
    listed = await listOffsets(); // it knows the leaders
  });
  afterEach(async () => {
    await admin.close();
    await cluster.close();
  });

  it('S19 finds the successor of a leader that is killed while it is asked', async () => {
    cluster.mock.setRoundTripTime(2, 1500);
    const again = listOffsets();
    await sleep(500);
    cluster.mock.brokerDown(2);
    await sleep(ELECTION_MS);
    cluster.mock.setLeader(topic, 1, 1);
    expect(await inTime(again, 'listOffsets()', SOON_MS)).to.deep.equal(listed);
  });

  it('waits for a broker that is slow and no more, and tells the time limit as it was given', async () => {
    for (const broker of [1, 2, 3]) cluster.mock.setRoundTripTime(broker, 6000);
    const began = performance.now();
    expect(await inTime(listOffsets(), 'listOffsets()', SOON_MS)).to.deep.equal(listed);
    expect(performance.now() - began, 'one round trip')
      .to.be.lessThan(SOON_MS)
      .and.greaterThan(5900);
    for (const broker of [1, 2, 3]) cluster.mock.setRoundTripTime(broker, 60_000);
    const error = (await rejection(listOffsets({ timeoutMs: 6000 }))) as KafkaError;
    expect(error).to.include({ code: 'ERR__TIMED_OUT' });
    expect(error.message).to.contain('6000 ms');
  });

  it('asks anew where a leader says that it is none, keeps the time limit, and tells what was answered', async () => {
    for (const broker of [1, 2, 3]) {
      for (let i = 0; i < 50; i++) cluster.mock.pushRequestError(broker, LIST_OFFSETS, NOT_LEADER);
    }
    const began = performance.now();
    const error = await inTime(rejection(listOffsets({ timeoutMs: 5000 })), 'listOffsets()', LIMIT_MS);
    expect(error).to.include({ code: 'ERR_NOT_LEADER_FOR_PARTITION' });
    expect(performance.now() - began).to.be.greaterThan(4000);
  });
});
