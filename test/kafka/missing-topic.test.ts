import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, quickGroup } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// Who subscribes before the topic is made waited for it in silence, and for five minutes after it was there.

describeOnKafka('a topic that is subscribed and not there', (cluster) => {
  for (const protocol of ['range', 'cooperative-sticky', 'consumer'] as const) {
    it(`is told, once, and is read soon after it was made (${protocol})`, async () => {
      const there = await cluster().createTopic();
      const topic = uniqueTopic('later');
      await fill(cluster(), there, { count: 3 });
      await using member = new Member(cluster(), quickGroup(cluster(), protocol));
      void member.read();
      await member.consumer.subscribe([topic, there]);
      const missing = () => member.errors.filter(({ code }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART');
      const told = await eventually(() => missing()[0], { what: 'ERR_UNKNOWN_TOPIC_OR_PART' });
      expect(told.message).to.include(topic);
      await eventually(() => member.mark() === 3, { what: 'the topic that is there is read' });
      await cluster().admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
      await fill(cluster(), topic, { count: 2 });
      await eventually(() => member.mark() === 5, { timeoutMs: 20_000, what: 'the new topic is read' });
      expect(missing()).to.have.lengthOf(1);
    });
  }
});
