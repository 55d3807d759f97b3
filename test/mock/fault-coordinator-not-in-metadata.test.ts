import { expect } from 'chai';
import { Consumer } from 'seekafka';
import { type FaultyCluster, threeBrokers } from '../helpers/faults.js';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// While a broker is restarted, metadata does not name it. librdkafka gave such a broker up, but went on waiting for it as
// a group's coordinator, also when it was back (cmake/deps/patches/coordinator-decommissioned.patch). Which of the
// brokers coordinates the group is the mock cluster's affair: each is away once.

const brokers = [1, 2, 3];

/** When this is answered, the look-ups have got metadata that does not name the broker: it is of a topic new to them. */
async function learnWithout(broker: number, { mock }: FaultyCluster, consumer: Consumer): Promise<void> {
  const topic = uniqueTopic('new');
  mock.createTopic(topic, 1, brokers.length);
  mock.setLeader(topic, 0, (broker % brokers.length) + 1);
  await inTime(consumer.endOffsets([{ topic, partition: 0 }]), `the end of a log, without broker ${broker}`);
}

describe('a coordinator that metadata has not named while it was away', () => {
  let cluster: FaultyCluster;
  let consumer: Consumer;
  let committed: { topic: string; partition: number; offset: number };

  beforeEach('a consumer that knows its coordinator', async () => {
    cluster = await threeBrokers();
    committed = { topic: await cluster.createTopic(), partition: 0, offset: 7 };
    consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup(),
      'reconnect.backoff.max.ms': 200,
    });
    consumer.on('error', () => undefined); // a broker is away
    await consumer.commit([committed]);
    expect(await consumer.committed([committed])).to.deep.equal([committed]);
  });
  afterEach('end of both', async () => {
    await consumer.close();
    await cluster.close();
  });

  it('answers what is committed when it is back', async () => {
    for (const broker of brokers) {
      cluster.mock.brokerDown(broker);
      await learnWithout(broker, cluster, consumer);
      cluster.mock.brokerUp(broker);
      expect(
        await inTime(consumer.committed([committed]), `what is committed, broker ${broker} being back`),
      ).to.deep.equal([committed]);
    }
  });

  it('answers when it is back what it was asked while it was away', async () => {
    for (const broker of brokers) {
      cluster.mock.brokerDown(broker);
      const asked = consumer.committed([committed]);
      await learnWithout(broker, cluster, consumer);
      cluster.mock.brokerUp(broker);
      expect(await inTime(asked, `what is committed, broker ${broker} being back`)).to.deep.equal([committed]);
    }
  });
});
