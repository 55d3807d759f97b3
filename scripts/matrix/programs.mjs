// What the cells of the matrix run with an installed package.

import { packageEntries } from '../entries.mjs';

/** Produce, consume, seek in ten lines, and another entry of the package. `header` brings MockCluster, Producer, Consumer and table. */
const program = (header) => `${header}
async function main() {
  const cluster = await MockCluster.start();
  cluster.createTopic('topic', 1);
  const config = { 'bootstrap.servers': cluster.bootstrapServers };
  const producer = new Producer(config);
  await producer.send(['a', 'b', 'c'].map((value) => ({ topic: 'topic', partition: 0, key: value, value })));
  const consumer = new Consumer({ ...config, 'group.id': 'group', 'auto.offset.reset': 'earliest' });
  await consumer.assign([{ topic: 'topic', partition: 0, offset: 0 }]);
  const seen: string[] = [];
  for await (const message of consumer) {
    seen.push(message.offset + String(message.value));
    if (seen.length === 3) await consumer.seek({ topic: 'topic', partition: 0, offset: 1 });
    if (seen.length === 5) break;
  }
  const newest = table(config, 'topic');
  await newest.ready;
  seen.push('of ' + newest.size);
  await newest.close();
  await Promise.all([consumer.close(), producer.close()]);
  await cluster.close();
  return seen.join(' ');
}
`;

const plain = (text) => text.replace(': string[]', '');
const IMPORT = "import { Consumer, MockCluster, Producer } from 'seekafka';\nimport { table } from 'seekafka/table';";
const REQUIRE =
  "const { Consumer, MockCluster, Producer } = require('seekafka');\nconst { table } = require('seekafka/table');";
const PRINT = 'main().then((seen) => console.log(seen));\n';

export const esModule = plain(program(IMPORT)) + PRINT;
export const commonJs = plain(program(REQUIRE)) + PRINT;
export const typeScript = program(IMPORT) + PRINT;
/** What each of them prints. */
export const PRINTED = '0a 1b 2c 1b 2c of 3';
const TEST = `test('works', async () => expect(await main()).toBe('${PRINTED}'));\n`;
export const jestTest = plain(program(REQUIRE)) + TEST;
export const vitestTest = `import { expect, test } from 'vitest';\n${plain(program(IMPORT))}\n${TEST}`;

/** A program that uses the types: each public class, an iterator, an event, an error; and each entry of the package. */
export const typedProgram = `${packageEntries()
  .map(({ specifier }, i) => `import * as entry${i} from '${specifier}';\nvoid entry${i};\n`)
  .join(
    '',
  )}import { Admin, Consumer, KafkaError, MockCluster, Producer, type Message, type TopicPartitionOffset } from 'seekafka';
export async function main(): Promise<TopicPartitionOffset[]> {
  const consumer = new Consumer({ 'bootstrap.servers': 'a:1', 'group.id': 'g' });
  consumer.on('error', (error: KafkaError) => console.error(error.code, error.partitions));
  for await (const message of consumer) {
    const { topic, offset }: Message = message;
    if (offset > 3) await consumer.seek({ topic, partition: 0, offset: 1 });
    break;
  }
  for await (const batch of consumer.batches()) for (const { value } of batch) console.log(value);
  const producer = new Producer({ 'bootstrap.servers': 'a:1' });
  await producer.send({ topic: 't', value: null });
  await new Admin({ 'bootstrap.servers': 'a:1' }).listTopics();
  await MockCluster.start();
  return consumer.position();
}
`;
