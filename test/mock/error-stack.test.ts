import { expect } from 'chai';
import { Admin, Consumer, KafkaError, Producer } from 'seekafka';
import { mockCluster } from '../helpers/clusters.js';
import { rejection } from '../helpers/rejection.js';
import { uniqueTopic } from '../helpers/unique.js';

// Whatever answered, and in whichever callback: the stack of an error begins where the user has called. Of send() of a single
// message it does not, which send() says.

describe('the stack of an error', () => {
  let cluster: Awaited<ReturnType<typeof mockCluster>>;
  before(async () => {
    cluster = await mockCluster();
  });
  after(() => cluster.close());

  const limits = { timeoutMs: 200 };
  const config = () => ({ 'bootstrap.servers': cluster.bootstrapServers });
  const nobody = { topic: uniqueTopic(), partition: 9999 };

  function theCaller(work: () => Promise<unknown>): Promise<unknown> {
    return work();
  }

  async function expectCaller(calls: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
    for (const [name, work] of Object.entries(calls)) {
      const error = await rejection(theCaller(work));
      expect(error, name).to.be.instanceOf(KafkaError);
      const { stack, message } = error as KafkaError;
      expect(stack, name).to.include(message).and.include('theCaller');
    }
  }

  it("is the caller's, of a consumer", async () => {
    const topic = await cluster.createTopic();
    await using consumer = new Consumer(config());
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    await expectCaller({
      seek: () => consumer.seek({ ...nobody, offset: 1 }, limits),
      seekToEnd: () => consumer.seekToEnd([nobody], limits),
      endOffsets: () => consumer.endOffsets([nobody], limits),
      commit: () => consumer.commit([{ topic, partition: 0, offset: 1 }]),
      committed: () => consumer.committed([{ topic, partition: 0 }], limits),
    });
    await consumer.close();
    await expectCaller({
      'seek, closed': () => consumer.seek({ topic, partition: 0, offset: 1 }),
      'position, closed': () => consumer.position(),
      'subscribe, closed': () => consumer.subscribe(topic),
      'process, closed': () => consumer.process(() => undefined),
    });
  });

  it("is the caller's, of a producer and of an Admin", async () => {
    const topic = await cluster.createTopic();
    await using producer = new Producer(config());
    await using admin = new Admin(config());
    const message = { topic, partition: 9999, value: 'v' };
    await expectCaller({
      'send, several': () => producer.send([message, { topic, value: 'v' }]),
      transaction: () => producer.transaction(async () => undefined),
      createTopics: () => admin.createTopics([{ topic: uniqueTopic(), partitions: 1 }], limits),
    });
    await Promise.all([producer.close(), admin.close()]);
    await expectCaller({
      'send, closed': () => producer.send([{ topic, value: 'v' }]),
      'flush, closed': () => producer.flush(),
      'listTopics, closed': () => admin.listTopics(),
    });
  });
});
