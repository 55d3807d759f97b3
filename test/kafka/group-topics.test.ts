import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, quickGroup } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { unique } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Topics that grow, and topics that appear, under a member that consumes: what is new starts where it should, what it
// has already goes on as if nothing were.

const quickMetadata = { 'topic.metadata.refresh.interval.ms': 300, 'metadata.max.age.ms': 1000 };

describeOnKafka('a group whose topics change', (cluster) => {
  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    const config = () => ({ ...quickGroup(cluster(), protocol), ...quickMetadata });

    it(`S8 partitions are added while it consumes: the new ones begin at their beginning, the old ones go on (${protocol})`, async () => {
      const topic = await cluster().createTopic(2);
      await fill(cluster(), topic, { partitions: 2, count: 10 });
      await using member = new Member(cluster(), config());
      const { consumer } = member;
      await consumer.subscribe(topic);
      void member.read();
      await eventually(() => member.mark() === 20);
      // A position that nothing was processed from: only carrying it over keeps it.
      await inTime(consumer.seek({ topic, partition: 1, offset: 7 }));
      await eventually(() => member.runs(1) === '0..9 7..9');
      consumer.pause([{ topic, partition: 1 }]);
      await inTime(consumer.seek({ topic, partition: 1, offset: 4 }));
      const mark = member.mark();
      await cluster().admin.createPartitions([{ topic, total: 4 }]);
      await eventually(() => consumer.assignment.length === 4, { timeoutMs: 15_000, what: 'four are assigned' });
      await fill(cluster(), topic, { partitions: 4, count: 5, from: 0 }).catch(() => undefined);
      await eventually(() => member.sequences(2, mark).length === 5 && member.sequences(3, mark).length === 5);
      expect(consumer.paused).to.deep.equal([{ topic, partition: 1 }]);
      expect([member.runs(0, mark), member.runs(1, mark)]).to.deep.equal(['0..4', '']);
      expect([member.runs(2, mark), member.runs(3, mark)]).to.deep.equal(['0..4', '0..4']);
      const offsets = (p: number) => member.delivered.slice(mark).flatMap((m) => (m.partition === p ? [m.offset] : []));
      expect(offsets(0)).to.deep.equal([10, 11, 12, 13, 14]);
      consumer.resume();
      await eventually(() => offsets(1).length === 11);
      expect(offsets(1)).to.deep.equal([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    });

    it(`S8 a pattern takes in a topic that is made later, and loses nothing of the others (${protocol})`, async () => {
      const prefix = unique('pattern');
      const create = async (name: string) => {
        await cluster().admin.createTopics([{ topic: name, partitions: 1, replicationFactor: 1 }]);
        await fill(cluster(), name, { count: 5 });
      };
      const names = ['a', 'b', 'other'].map((end) => `${prefix}-${end}`) as [string, string, string];
      await create(names[0]);
      await create(names[2]);
      await using member = new Member(cluster(), config());
      const { consumer } = member;
      await consumer.subscribe(new RegExp(`^${prefix}-[a-c]$`));
      void member.read();
      const came = (topic: string, since = 0) =>
        member.delivered.slice(since).flatMap((m) => (m.topic === topic ? [m.offset] : []));
      await eventually(() => came(names[0]).length === 5, { timeoutMs: 15_000 });
      await inTime(consumer.seekToBeginning());
      await eventually(() => came(names[0]).length === 10);
      const mark = member.mark();
      await create(names[1]);
      await eventually(() => came(names[1]).length === 5, { timeoutMs: 15_000, what: 'the new topic is read' });
      await fill(cluster(), names[0], { count: 2, from: 5 });
      await eventually(() => came(names[0], mark).length >= 2);
      expect(came(names[0], mark)).to.deep.equal([5, 6]);
      expect(came(names[1])).to.deep.equal([0, 1, 2, 3, 4]);
      expect(came(names[2])).to.deep.equal([]);
      expect(consumer.assignment.map(({ topic }) => topic).sort()).to.deep.equal([names[0], names[1]]);
      await inTime(consumer.seekToEnd());
      expect((await consumer.position()).map(({ offset }) => offset).sort()).to.deep.equal([5, 7]);
    });
  }
});
