import { expect } from 'chai';
import { Admin, type KafkaError } from 'seekafka';
import { type Cluster, describeOnBoth, describeOnKafka } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// What the admin client tells of topics.

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
});
