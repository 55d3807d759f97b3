import { expect } from 'chai';
import { Producer } from 'seekafka';
import { describeOnBoth } from '../helpers/clusters.js';
import { consumerOn } from '../helpers/numbered.js';
import { inTime } from '../helpers/wait.js';

/** What Java's Utils.murmur2 gives for the UTF-8 bytes of each, of Kafka's own tests. kafkajs has the same. */
const MURMUR2 = {
  '21': -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
};
const PARTITIONS = 12;

describeOnBoth('where a message goes', (cluster) => {
  it('is where the Java client and kafkajs send its key, text or bytes', async () => {
    const topic = await cluster().createTopic(PARTITIONS);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers });
    for (const bytes of [(key: string) => key, (key: string) => Buffer.from(key)]) {
      const sent = await inTime(
        producer.send(Object.keys(MURMUR2).map((key) => ({ topic, key: bytes(key), value: 'x' }))),
      );
      const expected = Object.values(MURMUR2).map((hash) => (hash & 0x7fffffff) % PARTITIONS);
      expect(sent.map(({ partition }) => partition)).to.deep.equal(expected);
    }
  });

  it('is told but for the offset, where acks is 0 and nobody knows that', async () => {
    const topic = await cluster().createTopic(2);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers, acks: 0 });
    const message = { topic, partition: 1, value: 'x', timestamp: 5 };
    const expected = { topic, partition: 1, offset: -1, timestamp: 5 };
    expect(await inTime(producer.send(message))).to.deep.equal(expected);
    expect(await inTime(producer.send([message, message]))).to.deep.equal([expected, expected]);
    await using consumer = consumerOn(cluster());
    await consumer.assign([{ topic, partition: 1, offset: 0 }]);
    const stored: number[] = [];
    for await (const { offset } of consumer) if (stored.push(offset) === 3) break;
    expect(stored).to.deep.equal([0, 1, 2]);
  });
});
