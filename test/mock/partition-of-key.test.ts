import { expect } from 'chai';
import { MockCluster, Producer } from 'seekafka';
import { uniqueTopic } from '../helpers/unique.js';

// Keys go where the Java client and kafkajs send them: the hashes are those of the tests of Kafka's own murmur2.

const PARTITIONS = 7;
const hashes: Readonly<Record<string, number>> = {
  21: -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
};

describe('the partition of a key', () => {
  it("is the Java client's", async () => {
    await using mock = await MockCluster.start();
    const topic = uniqueTopic();
    mock.createTopic(topic, PARTITIONS);
    await using producer = new Producer({ 'bootstrap.servers': mock.bootstrapServers });
    for (const of of [(key: string) => key, (key: string) => Buffer.from(key)]) {
      const stored = await producer.send(Object.keys(hashes).map((key) => ({ topic, key: of(key), value: 'v' })));
      expect(stored.map(({ partition }) => partition)).to.deep.equal(
        Object.values(hashes).map((hash) => (hash & 0x7fffffff) % PARTITIONS),
      );
    }
  });
});
