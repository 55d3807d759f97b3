// Brokers and topics for an example: those of KAFKA_BROKERS, where the topics are deleted at the end, or mock ones.

import { randomBytes } from 'node:crypto';
import { Admin, MockCluster } from 'seekafka';

interface Wanted {
  readonly partitions: number;
  readonly config?: Readonly<Record<string, string>>;
}

/** Runs `work` with the topics, which have names of their own in each run. */
export async function withTopics<Name extends string>(
  topics: Readonly<Record<Name, Wanted>>,
  work: (servers: string, names: Readonly<Record<Name, string>>) => Promise<void>,
): Promise<void> {
  const run = randomBytes(4).toString('hex');
  const wanted = Object.entries<Wanted>(topics).map(([name, { partitions, config }]) => {
    return { name, topic: `seekafka-${name}-${run}`, partitions, config };
  });
  const names = Object.fromEntries(wanted.map(({ name, topic }) => [name, topic])) as Record<Name, string>;
  const servers = process.env.KAFKA_BROKERS;
  if (!servers) {
    await using mock = await MockCluster.start();
    for (const { topic, partitions } of wanted) mock.createTopic(topic, partitions);
    await work(mock.bootstrapServers, names);
    return;
  }
  await using admin = new Admin({ 'bootstrap.servers': servers });
  await admin.createTopics(wanted.map(({ topic, partitions, config }) => ({ topic, partitions, config })));
  try {
    await work(servers, names);
  } finally {
    await admin.deleteTopics(wanted.map(({ topic }) => topic));
  }
}
