import { expect } from 'chai';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member } from '../helpers/member.js';
import { fill } from '../helpers/numbered.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A loop that waits for a partition which is not there waits for ever. That it is not there was in the log alone.

describeOnKafka('a partition that is assigned and not there', (cluster) => {
  it('is told by an error event that names it', async () => {
    const topic = await cluster().createTopic(2);
    await using member = new Member(cluster());
    const logged: string[] = [];
    member.consumer.on('log', ({ message }) => logged.push(message));
    void member.read();
    await member.consumer.assign([
      { topic, partition: 0, offset: 0 },
      { topic, partition: 7, offset: 0 },
    ]);
    const told = await eventually(() => member.errors.find(({ code }) => code === 'ERR__UNKNOWN_PARTITION'), {
      what: 'ERR__UNKNOWN_PARTITION',
    });
    expect(told.partitions?.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal([
      { topic, partition: 7 },
    ]);
    expect(logged.filter((line) => line.includes(topic))).to.deep.equal([]);
  });

  it('is told where there is no loop, too: of a topic that does not exist', async () => {
    const topic = uniqueTopic('none');
    await using member = new Member(cluster(), {
      'topic.metadata.refresh.interval.ms': 1000,
      'topic.metadata.propagation.max.ms': 500,
    });
    await member.consumer.assign([{ topic, partition: 0, offset: 0 }]);
    const told = await eventually(() => member.errors.find(({ code }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART'), {
      timeoutMs: 20_000,
      what: 'ERR_UNKNOWN_TOPIC_OR_PART',
    });
    expect(told.partitions?.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal([
      { topic, partition: 0 },
    ]);
  });
});

describeOnKafka('a topic that is deleted while it is read', (cluster) => {
  const read = async (member: Member, begin: (topic: string) => Promise<unknown>) => {
    const topic = await cluster().createTopic();
    await fill(cluster(), topic, { count: 1 });
    void member.read();
    await begin(topic);
    await eventually(() => member.mark() === 1, { what: 'the topic is read' });
    await cluster().admin.deleteTopics([topic]);
    return topic;
  };
  // Nobody waits five minutes for the periodic refresh.
  const config = { 'topic.metadata.refresh.interval.ms': 1000 };

  it('is told by an error event that names its partition', async () => {
    await using member = new Member(cluster(), config);
    const topic = await read(member, (name) => member.consumer.assign([{ topic: name, partition: 0, offset: 0 }]));
    const told = await eventually(() => member.errors.find(({ code }) => code === 'ERR_UNKNOWN_TOPIC_OR_PART'), {
      timeoutMs: 20_000,
      what: 'ERR_UNKNOWN_TOPIC_OR_PART',
    });
    expect(told.partitions?.map(({ topic, partition }) => ({ topic, partition }))).to.deep.equal([
      { topic, partition: 0 },
    ]);
    expect(told.message).to.include(topic);
  });

  it('is told, or revoked, where the coordinator assigns what there is (KIP-848)', async () => {
    await using member = new Member(cluster(), { ...config, 'group.protocol': 'consumer' });
    let revoked = 0;
    for (const event of ['revoked', 'lost'] as const) member.consumer.on(event, () => revoked++);
    const topic = await read(member, (name) => member.consumer.subscribe(name));
    const tells = () => member.errors.some(({ message }) => message.includes(topic));
    await eventually(() => revoked > 0 || tells(), { timeoutMs: 20_000, what: 'an event of its end' });
  });
});
