import { expect } from 'chai';
import type { ConsumerConfig } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, type Protocol, quickGroup } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { awake, eventually } from '../helpers/wait.js';

// Who subscribes before the topic is made waited for it in silence, and for five minutes after it was there.

const SOON_MS = 10_000;

const protocols: Record<Protocol, Partial<ConsumerConfig>> = {
  range: {},
  'cooperative-sticky': { 'partition.assignment.strategy': 'cooperative-sticky' },
  consumer: { 'group.protocol': 'consumer' },
};

describeOnKafka('a topic that is subscribed and not there', (cluster) => {
  const missing = (member: Member) => member.errors.filter(({ code }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART');

  const isTold = async (member: Member, topic: string) => {
    const told = await eventually(() => missing(member)[0], { what: 'ERR_UNKNOWN_TOPIC_OR_PART' });
    expect(told.message).to.include(topic);
  };

  /** Makes it, and waits for what is sent to it: no longer than it may take. */
  const isRead = async (member: Member, topic: string) => {
    await cluster().admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }]);
    const made = awake();
    const before = member.mark();
    await fill(cluster(), topic, { count: 2 });
    const timeoutMs = SOON_MS - (awake() - made);
    await eventually(() => member.mark() === before + 2, { timeoutMs, what: 'the new topic is read' });
  };

  for (const [protocol, config] of Object.entries(protocols)) {
    // Nothing else makes librdkafka look: no quick heartbeats, no statistics, no topic that is there.
    it(`alone is told, once, and is read soon after it was made (${protocol})`, async () => {
      const topic = uniqueTopic('later');
      await using member = new Member(cluster(), { 'group.id': uniqueGroup(), ...config, debug: 'metadata' });
      let looks = 0;
      member.consumer.on('log', ({ message }) => (looks += /Received metadata.* are looked for/.test(message) ? 1 : 0));
      void member.read();
      await member.consumer.subscribe(topic);
      await isTold(member, topic);
      // In vain: who looks once does not see what is made later.
      await eventually(() => looks >= 2, { timeoutMs: 15_000, what: 'it is looked for again and again' });
      await isRead(member, topic);
      expect(missing(member)).to.have.lengthOf(1);
    });

    it(`beside one that is there is told, once, and is read soon after it was made (${protocol})`, async () => {
      const there = await cluster().createTopic();
      const topic = uniqueTopic('later');
      await fill(cluster(), there, { count: 3 });
      await using member = new Member(cluster(), quickGroup(cluster(), protocol as Protocol));
      void member.read();
      await member.consumer.subscribe([topic, there]);
      await isTold(member, topic);
      await eventually(() => member.mark() === 3, { what: 'the topic that is there is read' });
      await isRead(member, topic);
      expect(missing(member)).to.have.lengthOf(1);
    });
  }
});
