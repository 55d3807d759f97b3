import type { MockCluster } from 'seekafka';
import { type Cluster, mockCluster } from './clusters.js';
import { Member, NumberedTopic } from './member.js';
import { uniqueTopic } from './unique.js';
import { eventually } from './wait.js';

// Faults need to know who leads what. Only the mock cluster has them on demand.

export type FaultyCluster = Cluster & { readonly mock: MockCluster };

/** Three brokers. Partition 0 of each topic is led by broker 1, partition 1 by broker 2, and so on. */
export async function threeBrokers(): Promise<FaultyCluster> {
  const cluster = await mockCluster({ brokers: 3 });
  return {
    ...cluster,
    createTopic(partitions = 1) {
      const topic = uniqueTopic();
      cluster.mock.createTopic(topic, partitions, 3);
      for (let partition = 0; partition < partitions; partition++) {
        cluster.mock.setLeader(topic, partition, (partition % 3) + 1);
      }
      return Promise.resolve(topic);
    },
  };
}

/** A cluster, a topic with 20 messages in each partition, and one that has read them all and reads on. */
export class Scene implements AsyncDisposable {
  readonly cluster: FaultyCluster;
  readonly mock: MockCluster;
  readonly topic: NumberedTopic;
  readonly member: Member;

  private constructor(cluster: FaultyCluster, topic: NumberedTopic, member: Member) {
    this.cluster = cluster;
    this.mock = cluster.mock;
    this.topic = topic;
    this.member = member;
  }

  /** `config` of the consumer. It is assigned all partitions by hand, and has read them to the end, unless `idle`. */
  static async create(
    start: () => Promise<FaultyCluster>,
    config: ConstructorParameters<typeof Member>[1] = {},
    { partitions = 3, idle = false } = {},
  ): Promise<Scene> {
    const cluster = await start();
    const topic = await NumberedTopic.create(cluster, { partitions, messages: 20 });
    const member = new Member(cluster, { 'reconnect.backoff.max.ms': 300, 'reconnect.backoff.ms': 50, ...config });
    const scene = new Scene(cluster, topic, member);
    if (idle) return scene;
    void member.read();
    await member.consumer.assign(topic.rows());
    await topic.isRead(member);
    return scene;
  }

  get consumer(): Member['consumer'] {
    return this.member.consumer;
  }

  /** Waits until the last message of each of these partitions has come since. */
  async isRead(partitions: readonly number[], since = 0): Promise<void> {
    const read = (p: number) => this.member.sequences(p, since).at(-1) === this.topic.next(p) - 1;
    await eventually(() => partitions.every(read), {
      what: `partitions ${partitions.join(', ')} have come to their ends`,
    });
  }

  /** For each partition what came since, as runs(). Asked when one more of each has come, so there is nothing behind. */
  async came(since: number): Promise<string[]> {
    await this.topic.produceAndAwait(this.member);
    return this.topic.partitions.map((partition) => this.member.runs(partition, since));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.member.consumer.close({ timeoutMs: 2000 });
      this.member.rethrow();
    } finally {
      await this.topic[Symbol.asyncDispose]();
      await this.cluster.close();
    }
  }
}
