import { Admin, Consumer, MockCluster } from 'seekafka';
import { setGroup } from './groups.js';
import { describeKafka, kafkaOfThisRun } from './kafka.js';
import { uniqueTopic } from './unique.js';

/** What a suite needs that runs on the mock cluster and on a real Kafka alike. */
export interface Cluster {
  readonly name: 'mock' | 'kafka';
  readonly bootstrapServers: string;
  /** Makes a topic and gives its name back as soon as clients can use it. The mock cluster takes no `config`. */
  createTopic(partitions?: number, config?: Readonly<Record<string, string>>): Promise<string>;
  /** Moves the beginning of a partition up to `offset`. */
  deleteRecordsBefore(topic: string, partition: number, offset: number): Promise<void>;
  close(): Promise<void>;
}

export async function mockCluster(options?: { brokers?: number }): Promise<Cluster & { readonly mock: MockCluster }> {
  const mock = await MockCluster.start(options);
  return {
    name: 'mock',
    mock,
    bootstrapServers: mock.bootstrapServers,
    createTopic(partitions = 1, config) {
      if (config) return Promise.reject(new Error('the mock cluster has no topic configuration'));
      const topic = uniqueTopic();
      mock.createTopic(topic, partitions);
      return Promise.resolve(topic);
    },
    deleteRecordsBefore(topic, partition, offset) {
      mock.deleteRecords(topic, partition, offset);
      return Promise.resolve();
    },
    close: () => mock.close(),
  };
}

export type RealKafka = Cluster & { readonly admin: Admin };

export async function realKafka(): Promise<RealKafka> {
  const bootstrapServers = await kafkaOfThisRun();
  const admin = new Admin({ 'bootstrap.servers': bootstrapServers });
  const probe = new Consumer({ 'bootstrap.servers': bootstrapServers });
  return {
    name: 'kafka',
    admin,
    bootstrapServers,
    async createTopic(partitions = 1, config = {}) {
      const topic = uniqueTopic();
      await admin.createTopics([{ topic, partitions, replicationFactor: 1, config }]);
      // Kafka answers when its controller knows the topic, a moment before its broker does; a look-up waits for that.
      await probe.endOffsets(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })));
      return topic;
    },
    async deleteRecordsBefore(topic, partition, offset) {
      await admin.deleteRecords([{ topic, partition, offset }]);
    },
    async close() {
      await Promise.all([probe.close(), admin.close()]);
    },
  };
}

/** Defines a suite twice: on a mock cluster of its own, and on the Kafka of this run. */
export function describeOnBoth(title: string, define: (cluster: () => Cluster) => void): void {
  const onMock = describe(`${title} (mock)`, () => defineOn(mockCluster, define));
  setGroup(onMock, 'mock');
  describeKafka(`${title} (kafka)`, () => defineOn(realKafka, define));
}

/** As describeOnBoth(), of what the mock cluster cannot show. */
export function describeOnKafka(title: string, define: (cluster: () => RealKafka) => void): void {
  describeKafka(title, () => defineOn(realKafka, define));
}

function defineOn<C extends Cluster>(start: () => Promise<C>, define: (cluster: () => C) => void): void {
  let cluster: C | undefined;
  before('cluster', async () => {
    cluster = await start();
  });
  after('end of the cluster', () => cluster?.close());
  define(() => {
    if (!cluster) throw new Error('the cluster runs within hooks and tests, not while suites are being defined');
    return cluster;
  });
}
