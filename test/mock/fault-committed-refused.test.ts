import { expect } from 'chai';
import { Consumer, KafkaError, MockCluster, Producer } from 'seekafka';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A group's coordinator that has moved, or has just started, refuses the question for committed offsets. librdkafka ended
// the process by SIGSEGV then (cmake/deps/patches/offset-fetch-without-group.patch). A real broker does so in a moment
// that a test cannot choose; the mock cluster does it when told.

const OFFSET_FETCH = 9;
const passing = { COORDINATOR_LOAD_IN_PROGRESS: 14, COORDINATOR_NOT_AVAILABLE: 15, NOT_COORDINATOR: 16 };
const GROUP_AUTHORIZATION_FAILED = 30;

describe('a coordinator that refuses to say what is committed', () => {
  let cluster: MockCluster;
  let topic: string;
  let consumer: Consumer;

  before('cluster', async () => {
    cluster = await MockCluster.start();
  });
  after('end of it', () => cluster.close());

  beforeEach('a consumer that has committed', async () => {
    topic = uniqueTopic('refused');
    cluster.createTopic(topic);
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    await producer.send(Array.from({ length: 10 }, (_, i) => ({ topic, partition: 0, value: `message ${i}` })));
    consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': uniqueGroup('refused') });
    await consumer.assign([{ topic, partition: 0, offset: 0 }]);
    await consumer.commit([{ topic, partition: 0, offset: 7 }]);
  });
  afterEach('end of the consumer', () => consumer.close());

  for (const [name, errno] of Object.entries(passing)) {
    it(`is asked again after ${name}, and does not end the process`, async () => {
      cluster.pushRequestError(1, OFFSET_FETCH, errno);
      expect(await consumer.committed([{ topic, partition: 0 }])).to.deep.equal([{ topic, partition: 0, offset: 7 }]);
    });

    it(`does not make a seek to the committed offset go astray (${name})`, async () => {
      cluster.pushRequestError(1, OFFSET_FETCH, errno);
      expect(await consumer.seekToCommitted()).to.deep.equal([{ topic, partition: 0, offset: 7 }]);
      for await (const { offset } of consumer) {
        expect(offset).to.equal(7);
        break;
      }
    });
  }

  it('that it is not the coordinator: who is, is asked again (it was asked for ever, whoever was)', async () => {
    const group = { 'group.id': uniqueGroup('moved'), 'statistics.interval.ms': 50 };
    await using asking = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, ...group });
    let looked = 0;
    asking.on('lookupStatistics', ({ brokers }) => {
      looked = Object.values(brokers).reduce((sum, { req }) => sum + (req?.['FindCoordinator'] ?? 0), 0);
    });
    const at = [{ topic, partition: 0 }];
    await asking.committed(at);
    await eventually(() => looked > 0);
    const before = looked;
    for (let i = 0; i < 20; i++) cluster.pushRequestError(1, OFFSET_FETCH, passing.NOT_COORDINATOR);
    await asking.committed(at); // an attempt takes a tenth of a second
    await eventually(() => looked > before, { what: 'who the coordinator is was asked for' });
  });

  it('makes the call reject where asking again is of no use', async () => {
    cluster.pushRequestError(1, OFFSET_FETCH, GROUP_AUTHORIZATION_FAILED);
    const error: unknown = await consumer.committed([{ topic, partition: 0 }]).catch((e: unknown) => e);
    expect(error).to.be.instanceOf(KafkaError).and.include({ code: 'ERR_GROUP_AUTHORIZATION_FAILED' });
  });
});
