import { expect } from 'chai';
import { KafkaError, Producer } from 'seekafka';
import { type Cluster, mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { inTime } from '../helpers/wait.js';

describe('a message that is not sent', () => {
  let cluster: Cluster;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  it('is named by topic and partition, before and after the cluster is known', async () => {
    const topic = await cluster.createTopic();
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    for (const moment of ['before', 'after']) {
      const error = (await inTime(rejection(producer.send({ topic, partition: 77, value: 'v' })))) as KafkaError;
      expect(error.code, moment).to.equal('ERR__UNKNOWN_PARTITION');
      expect(error.message, moment).to.match(new RegExp(`^send: ${topic}\\[77\\]: `));
    }
    const large = { topic, partition: 0, value: Buffer.alloc(2_000_000) };
    const error = (await inTime(rejection(producer.send([{ topic, value: 'v' }, large])))) as KafkaError;
    expect(error.message).to.match(new RegExp(`^send: ${topic}\\[0\\]: .*too large`));
    expect(error.results![0]).not.to.be.instanceOf(KafkaError);
  });
});
