import { expect } from 'chai';
import { mockCluster } from '../helpers/clusters.js';
import { setGroup } from '../helpers/groups.js';
import { sortedPlaces } from '../helpers/member.js';
import { Pair, describeProtocols, nextEvent } from '../helpers/protocols.js';
import { inTime } from '../helpers/wait.js';

describeProtocols('the position that a seek has set', (cluster, protocol) => {
  it('S8 outlives a rebalance that gives the partition back, though something else is committed', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    await pair.firstReads();
    first.consumer.pause(); // so that it stands where it was sought to
    await inTime(first.consumer.seekToBeginning());
    const mark = first.mark();
    await pair.secondJoins();

    const { held } = first;
    const expected = held.map((p) => `${p}:0`).join(' ');
    expect(sortedPlaces(await inTime(first.consumer.position()))).to.equal(expected);
    const paused = first.consumer.paused.map(({ partition }) => partition).sort();
    expect(paused, 'S7: still paused').to.deep.equal(held);
    first.consumer.resume();
    await topic.produceAndAwait([first, second]);
    for (const p of held) expect(first.runs(p, mark), `kept, partition ${p}`).to.equal('0..10');
    for (const p of second.held) expect(second.runs(p), `gone, partition ${p}`).to.equal('10');
  });

  it('S8 outlives it in the middle of reading too, where nothing is committed: no message comes twice', async () => {
    await using pair = await Pair.create(cluster(), protocol, { 'enable.auto.commit': false });
    const { topic, first, second } = pair;
    const sought = first.consumer.seek(topic.partitions.map((p) => topic.at(p, 6)));
    void first.read();
    await first.subscribed(topic);
    await inTime(sought);
    await topic.isRead(first);
    await pair.secondJoins();
    await topic.produceAndAwait([first, second]);
    for (const p of first.held) expect(first.runs(p), `kept, partition ${p}`).to.equal('6..10');
    for (const p of second.held) expect(second.runs(p), `gone, partition ${p}`).to.equal('0..10');
  });

  it('S8 gives way to what another member has committed meanwhile: that counts when it comes back', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    await pair.firstReads();
    first.consumer.pause();
    await inTime(first.consumer.seekToBeginning());
    const mark = first.mark();
    await pair.secondJoins();
    const { held } = second;
    await topic.produceAndAwait([second], held);
    await second.consumer.commit();
    await pair.secondLeaves();
    first.consumer.resume();
    await topic.produceAndAwait(first);
    for (const p of topic.partitions) {
      expect(first.runs(p, mark), `partition ${p}`).to.equal(held.includes(p) ? '11' : '0..10');
    }
  });

  it('S8 is not forgotten over another member that has committed nothing: the partition goes on where it was sought to', async () => {
    await using pair = await Pair.create(cluster(), protocol);
    const { topic, first, second } = pair;
    await pair.firstReads();
    first.consumer.pause();
    await inTime(first.consumer.seekToBeginning());
    const mark = first.mark();
    await second.consumer.subscribe(topic.topic); // and does not read
    await pair.isShared();
    await pair.secondLeaves();
    first.consumer.resume();
    await topic.produceAndAwait(first);
    for (const p of topic.partitions) expect(first.runs(p, mark), `partition ${p}`).to.equal('0..10');
  });
});

// A real broker cannot be told to answer one heartbeat so; a member that misses its session takes as long as that.
const lost = describe('the position that a seek has set, when the partitions are lost (mock)', () => {
  const heartbeats = { range: 12, 'cooperative-sticky': 12, consumer: 68 } as const;
  const unknownMemberId = 25;

  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    const heartbeat = heartbeats[protocol];
    it(`S8 is not forgotten (${protocol}) when they come back and nobody else has committed`, async () => {
      const cluster = await mockCluster();
      try {
        await using pair = await Pair.create(cluster, protocol);
        const { topic, first } = pair;
        await pair.firstReads();
        first.consumer.pause();
        await inTime(first.consumer.seek(topic.partitions.map((p) => topic.at(p, 2))));
        const mark = first.mark();
        const gone = nextEvent(first.consumer, 'lost');
        cluster.mock.pushRequestError(1, heartbeat, unknownMemberId);
        await inTime(gone, 'the loss');
        await pair.isShared([first]);
        await inTime(first.consumer.position());
        first.consumer.resume();
        await topic.produceAndAwait(first);
        for (const p of topic.partitions) expect(first.runs(p, mark), `partition ${p}`).to.equal('2..10');
      } finally {
        await cluster.close();
      }
    });

    it(`S8 a seek that waited is not lost with them (${protocol})`, async () => {
      const cluster = await mockCluster();
      try {
        await using pair = await Pair.create(cluster, protocol);
        const { topic, first } = pair;
        let sought: Promise<unknown> | undefined;
        await pair.firstReads({ onLost: () => void (sought = first.consumer.seekToBeginning()) });
        const mark = first.mark();
        const gone = nextEvent(first.consumer, 'lost');
        cluster.mock.pushRequestError(1, heartbeat, unknownMemberId);
        await inTime(gone, 'the loss');
        await inTime(Promise.resolve(sought));
        await topic.produceAndAwait(first);
        for (const p of topic.partitions) expect(first.runs(p, mark), `partition ${p}`).to.equal('0..10');
      } finally {
        await cluster.close();
      }
    });
  }
});
setGroup(lost, 'mock');
