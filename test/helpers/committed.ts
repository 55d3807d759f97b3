import { Producer } from 'seekafka';
import type { Cluster } from './clusters.js';
import { consumerOn } from './numbered.js';
import { inTime } from './wait.js';

const END = 'the end';

/**
 * The values that a reader of what is committed sees in a topic of one partition. A message of no transaction tells the
 * end; who reads waits there for every transaction that was begun before it, so an open one is seen too.
 */
export async function committedValues(cluster: Cluster, topic: string): Promise<string[]> {
  const servers = { 'bootstrap.servers': cluster.bootstrapServers };
  await using producer = new Producer(servers);
  await producer.send({ topic, partition: 0, value: END });
  await using consumer = consumerOn(cluster);
  await consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const values: string[] = [];
  const reading = (async () => {
    for await (const { value } of consumer) {
      if (value!.toString() === END) break;
      values.push(value!.toString());
    }
  })();
  await inTime(reading, () => `a reader at ${values.length} messages`);
  return values;
}
