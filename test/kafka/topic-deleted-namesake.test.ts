import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, quickGroup, sortedPlaces } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { eventually } from '../helpers/wait.js';

// The positions of a topic that is deleted are not carried over the rebalance that follows, for one of the same name may come.
// Those of a topic whose name is a part of that one's were forgotten with them, and a seek that was not committed was undone.

describeOnKafka('a topic whose name begins as that of a deleted one', (cluster) => {
  for (const suffix of ['-old', '.1', 's']) {
    it(`S8 keeps its position when that one (…${suffix}) is deleted`, async () => {
      const topic = await cluster().createTopic(2);
      const deleted = `${topic}${suffix}`;
      await cluster().admin.createTopics([{ topic: deleted, partitions: 1, replicationFactor: 1 }]);
      await fill(cluster(), topic, { partitions: 2, count: 10 });
      await using member = new Member(cluster(), {
        ...quickGroup(cluster()),
        'topic.metadata.refresh.interval.ms': 300,
        'metadata.max.age.ms': 1000,
        'enable.auto.commit': false,
      });
      const { consumer } = member;
      await consumer.subscribe([topic, deleted]);
      void member.read();
      await eventually(() => member.mark() === 20 && consumer.assignment.length === 3);
      await consumer.commit([0, 1].map((partition) => ({ topic, partition, offset: 8 })));
      consumer.pause();
      await consumer.seekToBeginning();
      let assigned = 0;
      consumer.on('assigned', () => assigned++);
      await cluster().admin.deleteTopics([deleted]);
      const isGone = { what: 'the deleted one is given up', timeoutMs: 20_000 };
      await eventually(() => assigned > 0 && consumer.assignment.length === 2, isGone);
      expect(sortedPlaces(await consumer.position())).to.equal('0:0 1:0');
    });
  }
});
