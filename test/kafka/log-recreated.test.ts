import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, quickGroup, sortedPlaces } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { eventually, inTime } from '../helpers/wait.js';

// A topic that is deleted and made again under the same name: its log is another one, so neither a position nor what was
// committed in the old one says anything about it.

/** So that a member notices at once what became of its topic. */
const quickMetadata = { 'topic.metadata.refresh.interval.ms': 300, 'metadata.max.age.ms': 1000 };

describeOnKafka('a topic that is deleted and made again', (cluster) => {
  const recreate = async (topic: string, partitions: number) => {
    await cluster().admin.deleteTopics([topic]);
    // Kafka answers before it has forgotten the name everywhere.
    await eventually(
      () =>
        cluster()
          .admin.createTopics([{ topic, partitions, replicationFactor: 1 }])
          .then(() => true),
      { what: 'the topic can be made again', intervalMs: 100 },
    );
  };

  it('S15 assigned by hand: a position beyond the new log is told, and its first message comes', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 20 });
    await using member = new Member(cluster(), quickMetadata);
    await member.consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })));
    void member.read();
    await eventually(() => member.mark() === 40);
    await recreate(topic, 2);
    await fill(cluster(), topic, { partitions: 2, count: 3 });
    const mark = 40;
    await eventually(() => member.mark() === mark + 6, { timeoutMs: 20_000, what: 'the new log is read' });
    expect([member.runs(0, mark), member.runs(1, mark)]).to.deep.equal(['0..2', '0..2']);
    expect(member.resets.map(({ partition, offset }) => `${partition}:${offset}`).sort()).to.deep.equal(['0:0', '1:0']);
  });

  it('S3 S5 assigned by hand, then sought: the beginning and the end are those of the new log', async () => {
    const topic = await cluster().createTopic(2);
    await fill(cluster(), topic, { partitions: 2, count: 20 });
    await using member = new Member(cluster(), quickMetadata);
    const { consumer } = member;
    await consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })));
    void member.read();
    await eventually(() => member.mark() === 40);
    await recreate(topic, 2);
    await fill(cluster(), topic, { partitions: 2, count: 5 });
    const mark = member.mark();
    expect(sortedPlaces(await inTime(consumer.seekToBeginning()))).to.equal('0:0 1:0');
    await eventually(() => member.last(0) === 4 && member.last(1) === 4, { timeoutMs: 20_000 });
    expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal('0:5 1:5');
    await fill(cluster(), topic, { partitions: 2, count: 1, from: 5 });
    await eventually(() => member.last(0) === 5 && member.last(1) === 5, { timeoutMs: 20_000 });
    for (const p of [0, 1]) expect(member.runs(p, mark)).to.match(/(^|\d )0\.\.5$/);
  });

  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    for (const commits of protocol === 'range' ? [true] : [true, false]) {
      it(`in a group (${protocol}, ${commits ? 'committed' : 'nothing committed'}): nothing of the old log counts in the new one`, async () => {
        const topic = await cluster().createTopic(2);
        await fill(cluster(), topic, { partitions: 2, count: 5 });
        await using member = new Member(cluster(), {
          ...quickGroup(cluster(), protocol),
          ...quickMetadata,
          'enable.auto.commit': commits,
        });
        const { consumer } = member;
        await consumer.subscribe(topic);
        void member.read();
        await eventually(() => member.mark() === 10);
        if (commits) await consumer.commit();
        await cluster().admin.deleteTopics([topic]);
        await eventually(() => consumer.assignment.length === 0, { what: 'the topic is given up', timeoutMs: 15_000 });
        await eventually(() =>
          cluster()
            .admin.createTopics([{ topic, partitions: 3, replicationFactor: 1 }])
            .then(() => true),
        );
        const mark = member.mark();
        // More than the old one held: a position of the old log would pass over the first five.
        await fill(cluster(), topic, { partitions: 3, count: 20 });
        await eventually(() => [0, 1, 2].every((p) => member.sequences(p, mark).at(-1) === 19), {
          timeoutMs: 15_000,
          what: 'the new log is read',
        });
        expect([0, 1, 2].map((p) => member.runs(p, mark))).to.deep.equal(['0..19', '0..19', '0..19']);
      });
    }
  }
});
