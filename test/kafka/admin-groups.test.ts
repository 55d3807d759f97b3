import { expect } from 'chai';
import { Consumer, type ConsumerConfig } from 'seekafka';
import { fails } from '../helpers/admin.js';
import { type RealKafka, describeOnKafka } from '../helpers/clusters.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Admin requests about groups of consumers.

/** A member of a group that has its assignment. */
async function member(cluster: RealKafka, group: string, topic: string, config: Partial<ConsumerConfig> = {}) {
  const consumer = new Consumer({
    'bootstrap.servers': cluster.bootstrapServers,
    'group.id': group,
    'client.id': 'the-reader',
    ...config,
  });
  const joined = new Promise((resolve) => consumer.once('assigned', resolve));
  await consumer.subscribe(topic);
  await inTime(joined, 'the assignment', 30_000);
  return consumer;
}

describeOnKafka('groups', (cluster) => {
  for (const type of ['classic', 'consumer'] as const) {
    it(`of the type ${type} are listed, described, and deleted when they are empty`, async () => {
      const { admin } = cluster();
      const [group, topic] = [uniqueGroup(), await cluster().createTopic(2)];
      const consumer = await member(cluster(), group, topic, { 'group.protocol': type });
      try {
        const described = await eventually(async () => {
          const [one] = await admin.describeGroups([group]);
          return one?.state === 'stable' && one.members[0]?.assignment.length === 2 ? one : undefined;
        });
        expect(described).to.include({ group, state: 'stable', type, simple: false });
        expect(described.assignor).to.equal(type === 'classic' ? 'range' : 'uniform');
        expect(described.coordinator).to.include({ id: 1 });
        expect(described).not.to.have.property('authorizedOperations');
        const [one] = described.members;
        expect(described.members).to.have.length(1);
        expect(one).to.include({ clientId: 'the-reader', instanceId: null });
        expect(one!.memberId).not.to.equal('');
        expect(one!.assignment).to.deep.equal([0, 1].map((partition) => ({ topic, partition })));
        expect(one!.targetAssignment).to.deep.equal(type === 'classic' ? undefined : one!.assignment);

        const listed = async (options: Parameters<typeof admin.listGroups>[0]) =>
          (await inTime(admin.listGroups(options))).find((listing) => listing.group === group);
        expect(await listed({})).to.deep.equal({ group, state: 'stable', type, simple: false });
        expect(await listed({ states: ['stable'], types: [type] })).not.to.equal(undefined);
        expect(await listed({ states: ['empty', 'preparing-rebalance'] })).to.equal(undefined);
        expect(await listed({ types: [type === 'classic' ? 'consumer' : 'classic'] })).to.equal(undefined);

        const busy = await fails(admin.deleteGroups([group]));
        expect(busy.error).to.include({ code: 'ERR_NON_EMPTY_GROUP', operation: 'deleteGroups' });
        expect(busy.error.message).to.include(`group ${group}`);
      } finally {
        await consumer.close();
      }
      await eventually(async () => (await admin.describeGroups([group]))[0]!.state === 'empty');
      await inTime(admin.deleteGroups([group]));
      expect((await fails(admin.describeGroups([group]))).error.code).to.equal('ERR_GROUP_ID_NOT_FOUND');
    });
  }

  it('that do not exist are named; the others are done nevertheless, and told in the order asked', async () => {
    const { admin } = cluster();
    const topic = await cluster().createTopic();
    const [one, absent, other] = [uniqueGroup(), uniqueGroup(), uniqueGroup()];
    for (const group of [one, other])
      await inTime(admin.alterGroupOffsets(group, [{ topic, partition: 0, offset: 0 }]));
    const told = await inTime(admin.describeGroups([other, one], { includeAuthorizedOperations: true }));
    expect(told.map(({ group, simple, state }) => [group, simple, state])).to.deep.equal([
      [other, true, 'empty'],
      [one, true, 'empty'],
    ]);
    expect(told[0]!.authorizedOperations).to.include.members(['read', 'delete', 'describe']);
    const described = await fails(admin.describeGroups([one, absent, other]));
    expect(described.items).to.deep.equal([
      [`group ${one}`, undefined],
      [`group ${absent}`, 'ERR_GROUP_ID_NOT_FOUND'],
      [`group ${other}`, undefined],
    ]);
    expect(described.error.items![0]!.result).to.have.property('group', one);
    const deleted = await fails(admin.deleteGroups([absent, one, other]));
    expect(deleted.error).to.include({ code: 'ERR_GROUP_ID_NOT_FOUND', operation: 'deleteGroups' });
    expect(deleted.error.groups?.map(({ group }) => group)).to.deep.equal([absent]);
    expect((await inTime(admin.listGroups())).filter(({ group }) => [one, other].includes(group))).to.deep.equal([]);
  });
});

describeOnKafka('the offsets of groups', (cluster) => {
  it('are set, told and forgotten', async () => {
    const { admin } = cluster();
    const [group, topic] = [uniqueGroup(), await cluster().createTopic(3)];
    expect(await inTime(admin.listGroupOffsets(group))).to.deep.equal([]);
    await inTime(
      admin.alterGroupOffsets(group, [
        { topic, partition: 2, offset: 22 },
        { topic, partition: 0, offset: 0, metadata: 'by hand', leaderEpoch: 0 },
      ]),
    );
    const zero = { topic, partition: 0, offset: 0, metadata: 'by hand', leaderEpoch: 0 };
    expect(await inTime(admin.listGroupOffsets(group))).to.deep.equal([zero, { topic, partition: 2, offset: 22 }]);
    const asked = [2, 1, 0].map((partition) => ({ topic, partition }));
    expect(await inTime(admin.listGroupOffsets(group, asked, { requireStable: true }))).to.deep.equal([
      { topic, partition: 2, offset: 22 },
      { topic, partition: 1, offset: -1 },
      zero,
    ]);
    await inTime(admin.deleteGroupOffsets(group, [{ topic, partition: 2 }]));
    expect(await inTime(admin.listGroupOffsets(group))).to.deep.equal([zero]);
  });

  it('of a group with members are refused by names of the group and its partitions', async () => {
    const { admin } = cluster();
    const [group, topic] = [uniqueGroup(), await cluster().createTopic()];
    await using _member = await member(cluster(), group, topic);
    const place = { topic, partition: 0 };
    const altered = await fails(admin.alterGroupOffsets(group, [{ ...place, offset: 1 }]));
    expect(altered.error).to.include({ code: 'ERR_UNKNOWN_MEMBER_ID', operation: 'alterGroupOffsets' });
    expect(altered.items).to.deep.equal([[`${topic}[0] of group ${group}`, 'ERR_UNKNOWN_MEMBER_ID']]);
    expect(altered.error.partitions?.map(({ topic: name, partition }) => [name, partition])).to.deep.equal([
      [topic, 0],
    ]);
    const deleted = await fails(admin.deleteGroupOffsets(group, [place]));
    expect(deleted.items).to.deep.equal([[`${topic}[0] of group ${group}`, 'ERR_GROUP_SUBSCRIBED_TO_TOPIC']]);
  });

  it('of what does not exist: a topic, a group', async () => {
    const { admin } = cluster();
    const [group, topic] = [uniqueGroup(), await cluster().createTopic()];
    const { items } = await fails(
      admin.alterGroupOffsets(group, [
        { topic, partition: 0, offset: 5 },
        { topic, partition: 7, offset: 5 },
      ]),
    );
    expect(items).to.deep.equal([
      [`${topic}[0] of group ${group}`, undefined],
      [`${topic}[7] of group ${group}`, 'ERR_UNKNOWN_TOPIC_OR_PART'],
    ]);
    expect(await inTime(admin.listGroupOffsets(group))).to.deep.equal([{ topic, partition: 0, offset: 5 }]);
    const absent = uniqueGroup();
    const deleted = await fails(admin.deleteGroupOffsets(absent, [{ topic, partition: 0 }]));
    expect(deleted.error).to.include({ code: 'ERR_GROUP_ID_NOT_FOUND' });
    expect(deleted.error.groups?.map(({ group: name }) => name)).to.deep.equal([absent]);
    expect(deleted.error.message).to.include(`deleteGroupOffsets: group ${absent}: `);
  });
});
