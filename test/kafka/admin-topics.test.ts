import { expect } from 'chai';
import { Admin, type KafkaError, type NewTopic } from 'seekafka';
import { fails } from '../helpers/admin.js';
import { type Cluster, describeOnBoth, describeOnKafka } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// Admin requests about topics: what they do, and what they tell of the things that fail.

const adminOf = ({ bootstrapServers }: Cluster) => new Admin({ 'bootstrap.servers': bootstrapServers });

describeOnBoth('the topics of a cluster', (cluster) => {
  it('are listed by name, in order', async () => {
    await using client = adminOf(cluster());
    const made = [await cluster().createTopic(), await cluster().createTopic(3)];
    const names = await inTime(client.listTopics());
    expect(names).to.include.members(made);
    expect(names).to.deep.equal([...new Set(names)].sort());
  });

  it('are not told by a client that is closed, and after its time-out by one that finds no broker', async () => {
    const closed = adminOf(cluster());
    await closed.close();
    for (const ask of [() => closed.listTopics(), () => closed.describeTopics(['t'])]) {
      expect(await rejection(ask())).to.include({ code: 'ERR__DESTROY' });
    }
    await using lost = new Admin({ 'bootstrap.servers': '127.0.0.1:1' });
    for (const [operation, ask] of [
      ['listTopics', () => lost.listTopics({ timeoutMs: 300 })],
      ['describeTopics', () => lost.describeTopics(['t'], { timeoutMs: 300 })],
    ] as const) {
      const error = (await inTime(rejection(ask()))) as KafkaError;
      expect(error).to.include({ operation, retriable: true });
      expect(error.code).to.be.oneOf(['ERR__TIMED_OUT', 'ERR__TRANSPORT']);
    }
  });
});

// The mock cluster does not answer the request in the version that tells of topic ids.
describeOnKafka('the description of topics', (cluster) => {
  it('are described in the order asked for: partitions, leaders, replicas', async () => {
    await using client = adminOf(cluster());
    const [one, three] = [await cluster().createTopic(), await cluster().createTopic(3)];
    const described = await inTime(client.describeTopics([three, one]));
    expect(described.map(({ topic }) => topic)).to.deep.equal([three, one]);
    expect(described[0]!.partitions).to.deep.equal(
      [0, 1, 2].map((partition) => ({ partition, leader: 1, replicas: [1], isr: [1] })),
    );
    expect(described.map(({ internal }) => internal)).to.deep.equal([false, false]);
    const ids = described.map(({ topicId }) => topicId);
    expect(new Set(ids)).to.have.property('size', 2);
    expect(await inTime(client.describeTopics([one]))).to.deep.equal([described[1]]);
  });

  it('that does not exist is named; the others do not matter', async () => {
    await using client = adminOf(cluster());
    const there = await cluster().createTopic();
    const absent = uniqueTopic();
    const error = (await inTime(rejection(client.describeTopics([there, absent])))) as KafkaError;
    expect(error).to.include({ code: 'ERR_UNKNOWN_TOPIC_OR_PART', operation: 'describeTopics' });
    expect(error.partitions?.map(({ topic }) => topic)).to.deep.equal([absent]);
  });

  it('tells what the client may do with them only where that is asked for', async () => {
    await using client = adminOf(cluster());
    const topic = await cluster().createTopic();
    const [plain] = await inTime(client.describeTopics([topic]));
    expect(plain).not.to.have.property('authorizedOperations');
    const [asked] = await inTime(client.describeTopics([topic], { includeAuthorizedOperations: true }));
    expect(asked!.authorizedOperations).to.include.members(['read', 'write', 'delete', 'describe-configs']);
  });
});

describeOnKafka('topics that are created', (cluster) => {
  const create = async (topic: Omit<NewTopic, 'topic'>, options = {}) => {
    const name = uniqueTopic();
    await inTime(cluster().admin.createTopics([{ topic: name, ...topic }], options));
    return name;
  };
  const known = (topic: string) =>
    eventually(async () => (await cluster().admin.describeTopics([topic]))[0], { what: `${topic} is known` });

  it('have the configuration and the replicas that were asked for', async () => {
    const topic = await create({ replicaAssignment: [[1], [1], [1]], config: { 'retention.ms': 12_345 } });
    expect((await known(topic)).partitions.map(({ partition, replicas }) => [partition, replicas])).to.deep.equal([
      [0, [1]],
      [1, [1]],
      [2, [1]],
    ]);
    const [config] = await inTime(
      cluster().admin.describeConfigs([{ type: 'topic', name: topic, keys: ['retention.ms'] }]),
    );
    expect(config!.entries.map(({ name, value, source }) => [name, value, source])).to.deep.equal([
      ['retention.ms', '12345', 'topic'],
    ]);
  });

  it('do not come to be by validateOnly, which tells what would be refused', async () => {
    const topic = await create({ partitions: 2 }, { validateOnly: true });
    expect(await inTime(cluster().admin.listTopics())).not.to.include(topic);
    const { error } = await fails(create({ partitions: 2, replicationFactor: 3 }, { validateOnly: true }));
    expect(error).to.include({ code: 'ERR_INVALID_REPLICATION_FACTOR', operation: 'createTopics' });
  });

  it('are made although others of the same request are refused, each of which is named', async () => {
    const there = await cluster().createTopic();
    const [good, absent] = [uniqueTopic(), uniqueTopic()];
    const { error, items } = await fails(
      cluster().admin.createTopics([
        { topic: there, partitions: 1 },
        { topic: good, partitions: 1 },
        { topic: absent, replicaAssignment: [[77]] },
      ]),
    );
    expect(error).to.include({ code: 'ERR_TOPIC_ALREADY_EXISTS', operation: 'createTopics' });
    expect(error.message).to.include(`createTopics: ${there}, ${absent}: `).and.not.include('[-1]');
    expect(items).to.deep.equal([
      [there, 'ERR_TOPIC_ALREADY_EXISTS'],
      [good, undefined],
      [absent, 'ERR_INVALID_REPLICA_ASSIGNMENT'],
    ]);
    expect(error.partitions?.map(({ topic }) => topic)).to.deep.equal([there, absent]);
    await known(good);
  });

  it('get more partitions, whose replicas can be given, or are asked for in vain', async () => {
    const { admin } = cluster();
    const topic = await cluster().createTopic();
    await inTime(admin.createPartitions([{ topic, total: 3 }], { validateOnly: true }));
    expect((await known(topic)).partitions).to.have.length(1);
    await inTime(admin.createPartitions([{ topic, total: 3, replicaAssignment: [[1], [1]] }]));
    await eventually(async () => (await admin.describeTopics([topic]))[0]!.partitions.length === 3);
    const absent = uniqueTopic();
    const { items } = await fails(
      admin.createPartitions([
        { topic, total: 2 },
        { topic: absent, total: 2 },
      ]),
    );
    expect(items).to.deep.equal([
      [topic, 'ERR_INVALID_PARTITIONS'],
      [absent, 'ERR_UNKNOWN_TOPIC_OR_PART'],
    ]);
  });

  it('are deleted although others of the same request do not exist', async () => {
    const { admin } = cluster();
    const [topic, absent] = [await cluster().createTopic(), uniqueTopic()];
    const { error, items } = await fails(admin.deleteTopics([absent, topic]));
    expect(error).to.include({ code: 'ERR_UNKNOWN_TOPIC_OR_PART', operation: 'deleteTopics' });
    expect(items).to.deep.equal([
      [absent, 'ERR_UNKNOWN_TOPIC_OR_PART'],
      [topic, undefined],
    ]);
    await eventually(async () => !(await admin.listTopics()).includes(topic));
  });
});
