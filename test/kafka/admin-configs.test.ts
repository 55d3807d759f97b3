import { expect } from 'chai';
import type { ConfigChanges, ConfigResource } from 'seekafka';
import { fails } from '../helpers/admin.js';
import { describeOnKafka } from '../helpers/clusters.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Admin requests about the configuration of topics, brokers and groups.

describeOnKafka('the configuration of', (cluster) => {
  const entry = async (resource: ConfigResource, key: string) => {
    const [told] = await inTime(cluster().admin.describeConfigs([{ ...resource, keys: [key] }]));
    expect(told!.entries.map(({ name }) => name)).to.deep.equal([key]);
    return told!.entries[0]!;
  };
  const alter = (...changes: ConfigChanges[]) => inTime(cluster().admin.alterConfigs(changes));
  const becomes = (resource: ConfigResource, key: string, value: string) =>
    eventually(async () => (await entry(resource, key)).value === value, { what: `${key} is ${value}` });

  it('a topic changes one setting at a time, and goes back to its default', async () => {
    const topic = { type: 'topic', name: await cluster().createTopic(1, { 'segment.ms': '70000' }) } as const;
    await alter({ ...topic, set: { 'retention.ms': 1234, 'cleanup.policy': 'compact' } });
    await becomes(topic, 'retention.ms', '1234');
    expect((await entry(topic, 'segment.ms')).value).to.equal('70000');
    await alter({ ...topic, append: { 'cleanup.policy': ['delete'] }, delete: ['retention.ms'] });
    await becomes(topic, 'cleanup.policy', 'compact,delete');
    expect(await entry(topic, 'retention.ms')).to.include({ value: '604800000', source: 'default', readOnly: false });
    await alter({ ...topic, subtract: { 'cleanup.policy': 'compact' } });
    await becomes(topic, 'cleanup.policy', 'delete');
  });

  it('a broker, whose number may be a number, and of two things in one request, in the order asked', async () => {
    const broker = { type: 'broker', name: 1 } as const;
    const topic = { type: 'topic', name: await cluster().createTopic() } as const;
    const told = await inTime(cluster().admin.describeConfigs([broker, topic]));
    expect(told.map(({ type, name }) => [type, name])).to.deep.equal([
      ['broker', '1'],
      ['topic', topic.name],
    ]);
    const names = told[0]!.entries.map(({ name }) => name);
    expect(names).to.deep.equal([...names].sort());
    expect(await entry(broker, 'node.id')).to.include({ value: '1', readOnly: true, source: 'static' });
    await alter({ ...broker, set: { 'log.cleaner.threads': 2 } });
    try {
      await becomes(broker, 'log.cleaner.threads', '2');
      const { source, synonyms } = await entry(broker, 'log.cleaner.threads');
      expect(source).to.equal('broker');
      expect(synonyms.map((synonym) => [synonym.value, synonym.source])).to.deep.equal([
        ['2', 'broker'],
        ['1', 'default'],
      ]);
    } finally {
      await alter({ ...broker, delete: ['log.cleaner.threads'] });
    }
  });

  it('a group', async () => {
    const group = { type: 'group', name: uniqueGroup() } as const;
    await alter({ ...group, set: { 'consumer.session.timeout.ms': 12_000 } });
    await becomes(group, 'consumer.session.timeout.ms', '12000');
    expect((await entry(group, 'consumer.session.timeout.ms')).source).to.equal('group');
  });

  it('what is only validated stays as it is', async () => {
    const { admin } = cluster();
    const topic = { type: 'topic', name: await cluster().createTopic() } as const;
    await inTime(admin.alterConfigs([{ ...topic, set: { 'retention.ms': 1 } }], { validateOnly: true }));
    const { error } = await fails(
      admin.alterConfigs([{ ...topic, set: { 'retention.ms': 'long' } }], { validateOnly: true }),
    );
    expect(error.code).to.equal('ERR_INVALID_CONFIG');
    expect((await entry(topic, 'retention.ms')).source).to.equal('default');
  });

  it('what fails is named, and hurts nothing else of the request', async () => {
    const { admin } = cluster();
    const there = await cluster().createTopic();
    const absent = uniqueTopic();
    const described = await fails(
      admin.describeConfigs(
        [
          { type: 'topic', name: absent },
          { type: 'broker', name: 77 },
          { type: 'topic', name: there },
        ],
        { timeoutMs: 2_000 },
      ),
    );
    expect(described.items).to.deep.equal([
      [`topic ${absent}`, 'ERR_UNKNOWN_TOPIC_OR_PART'],
      ['broker 77', 'ERR__TIMED_OUT'],
      [`topic ${there}`, undefined],
    ]);
    expect(described.error.items![2]!.result).to.have.property('name', there);
    const altered = await fails(
      admin.alterConfigs([
        { type: 'topic', name: there, set: { 'no.such.key': 1 } },
        { type: 'broker', name: 1, set: { 'node.id': 5 } },
      ]),
    );
    expect(altered.items.map(([name]) => name)).to.deep.equal([`topic ${there}`, 'broker 1']);
    expect(altered.error).to.include({ code: 'ERR_INVALID_CONFIG', operation: 'alterConfigs' });
    expect(altered.error.message).to.include('no.such.key');
  });
});
