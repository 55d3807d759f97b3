import type { Admin, GroupDescription, KafkaError } from 'seekafka';

declare const admin: Admin;

// @ts-expect-error How many partitions in all?
void admin.createPartitions([{ topic: 'topic' }]);
// @ts-expect-error The brokers of each partition are a list.
void admin.createTopics([{ topic: 'topic', replicaAssignment: [1, 2] }]);
// @ts-expect-error It is validateOnly.
void admin.createTopics([{ topic: 'topic' }], { validate: true });
// @ts-expect-error What is deleted cannot be tried only.
void admin.deleteTopics(['topic'], { validateOnly: true });
// @ts-expect-error Which offset?
void admin.listOffsets([{ topic: 'topic', partition: 0 }]);
// @ts-expect-error It is 'latest'.
void admin.listOffsets([{ topic: 'topic', partition: 0, spec: 'end' }]);
// @ts-expect-error A cluster has no configuration of its own: each broker has.
void admin.describeConfigs([{ type: 'cluster', name: 'name' }]);
// @ts-expect-error A setting is deleted by its key in `delete`.
void admin.alterConfigs([{ type: 'topic', name: 'topic', set: { 'retention.ms': null } }]);
// @ts-expect-error Nobody can be asked for unknown states.
void admin.listGroups({ states: ['unknown'] });
// @ts-expect-error A group, then the partitions.
void admin.listGroupOffsets([{ topic: 'topic', partition: 0 }]);
// @ts-expect-error Which group?
void admin.alterGroupOffsets([{ topic: 'topic', partition: 0, offset: 0 }]);
// @ts-expect-error `any` stands in filters alone.
void admin.createAcls([{ resourceType: 'any', principal: 'User:a', operation: 'read', permission: 'allow' }]);
// @ts-expect-error A new user needs a password.
void admin.alterScramUsers([{ user: 'user', mechanism: 'SCRAM-SHA-256' }]);
// @ts-expect-error There is no other mechanism.
void admin.alterScramUsers([{ user: 'user', mechanism: 'PLAIN', password: 'password' }]);

declare const group: GroupDescription;
// @ts-expect-error It may be that nobody looks after it.
console.log(group.coordinator.host);

declare const error: KafkaError;
// @ts-expect-error Other errors have no items.
console.log(error.items.length);
