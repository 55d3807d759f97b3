import {
  type Admin,
  type AclBinding,
  type AclOperation,
  type ClusterDescription,
  type ConfigDescription,
  type GroupDescription,
  type GroupListing,
  type GroupOffset,
  KafkaError,
  type KafkaErrorItem,
  type ListedOffset,
  type ScramUser,
  type TopicDescription,
} from 'seekafka';

export async function topics(admin: Admin): Promise<TopicDescription[]> {
  await admin.createTopics([{ topic: 't', replicaAssignment: [[1, 2], [2]] }, { topic: 'u' }], { validateOnly: true });
  await admin.createPartitions([{ topic: 't', total: 3, replicaAssignment: [[1]] }], { timeoutMs: 1000 });
  const listed: ListedOffset[] = await admin.listOffsets(
    [
      { topic: 't', partition: 0, spec: 'earliest' },
      { topic: 't', partition: 1, spec: new Date() },
    ],
    { isolationLevel: 'read_committed', signal: AbortSignal.timeout(1000) },
  );
  console.log(listed[0]!.offset, listed[0]!.timestamp);
  const described = await admin.describeTopics(['t'], { includeAuthorizedOperations: true });
  const allowed: AclOperation[] | undefined = described[0]!.authorizedOperations;
  console.log(allowed?.includes('write'));
  return described;
}

export async function configs(admin: Admin): Promise<ConfigDescription[]> {
  await admin.alterConfigs([
    { type: 'topic', name: 't', set: { 'retention.ms': 1, 'cleanup.policy': 'compact' }, delete: ['segment.ms'] },
    { type: 'broker', name: 1, append: { 'a.list': ['x', 'y'] }, subtract: { 'b.list': 'z' } },
  ]);
  const told = await admin.describeConfigs([{ type: 'group', name: 'g', keys: ['consumer.session.timeout.ms'] }]);
  const value: string | null = told[0]!.entries[0]!.value;
  console.log(value, told[0]!.entries[0]!.synonyms[0]!.source === 'default');
  return told;
}

export async function groups(admin: Admin): Promise<GroupDescription[]> {
  const listed: GroupListing[] = await admin.listGroups({ states: ['stable', 'empty'], types: ['consumer'] });
  const committed: GroupOffset[] = await admin.listGroupOffsets('g');
  await admin.alterGroupOffsets('g', committed);
  await admin.alterGroupOffsets('g', [{ topic: 't', partition: 0, offset: 0, metadata: 'why' }], { timeoutMs: 1000 });
  await admin.deleteGroupOffsets('g', committed);
  await admin.deleteGroups(listed.map(({ group }) => group));
  const told = await admin.describeGroups(['g']);
  console.log(told[0]!.coordinator?.host, told[0]!.members[0]!.assignment[0]!.partition);
  return told;
}

export async function rights(admin: Admin): Promise<AclBinding[]> {
  await admin.createAcls([{ resourceType: 'cluster', principal: 'User:a', operation: 'alter', permission: 'allow' }]);
  const bindings = await admin.describeAcls();
  await admin.createAcls(bindings);
  const deleted: AclBinding[][] = await admin.deleteAcls([{ principal: 'User:a' }, ...bindings]);
  const users: ScramUser[] = await admin.describeScramUsers();
  await admin.alterScramUsers([
    { user: 'a', mechanism: 'SCRAM-SHA-512', password: Buffer.from('p'), iterations: 4096, salt: 'salt' },
    { user: 'b', mechanism: 'SCRAM-SHA-256', delete: true },
  ]);
  console.log(users[0]!.credentials[0]!.mechanism);
  return deleted.flat();
}

export async function cluster(admin: Admin): Promise<ClusterDescription> {
  const elections = await admin.electLeaders(undefined, { type: 'preferred' });
  console.log(elections[0]!.elected, (await admin.electLeaders()).length);
  return admin.describeCluster();
}

export function failed(error: unknown): string[] {
  if (!(error instanceof KafkaError)) return [];
  const items: readonly KafkaErrorItem[] = error.items ?? [];
  const names = error.groups?.map(({ group, error: reason }) => `${group} ${reason.code}`) ?? [];
  return [...names, ...items.map(({ name, error: reason }) => `${name} ${reason?.code}`)];
}
