import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Consumer, MockCluster, Producer } from 'seekafka';
import { uniqueGroup, uniqueTopic } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// Messages are fetched far ahead of a slow loop, so for a long time nothing is fetched at all. Asking for the next
// message is the sign of life that max.poll.interval.ms wants. (The mock cluster alone allows an interval this short.)

const MAX_POLL_INTERVAL_MS = 1500;
const MESSAGES = 200;

describe('a slow loop', () => {
  let cluster: MockCluster;
  let topic: string;
  let consumer: Consumer;
  let lost: number;

  before('cluster', async () => {
    cluster = await MockCluster.start();
  });
  after('end of it', () => cluster.close());

  beforeEach('a topic with messages, all of which fit into one batch', async () => {
    topic = uniqueTopic('slow');
    cluster.createTopic(topic);
    await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
    await producer.send(Array.from({ length: MESSAGES }, (_, i) => ({ topic, partition: 0, value: `message ${i}` })));
    consumer = new Consumer({
      'bootstrap.servers': cluster.bootstrapServers,
      'group.id': uniqueGroup('slow'),
      'auto.offset.reset': 'earliest',
      'session.timeout.ms': 1000,
      'heartbeat.interval.ms': 200,
      'max.poll.interval.ms': MAX_POLL_INTERVAL_MS,
    });
    lost = 0;
    consumer.on('lost', () => lost++);
    await consumer.subscribe(topic);
  });
  afterEach('end of the consumer', () => consumer.close());

  // Twice the interval of work in all, a tenth of it a message.
  const steps = 20;
  const stepMs = MAX_POLL_INTERVAL_MS / 10;

  it('stays in its group while it takes one message after the other', async () => {
    const offsets: number[] = [];
    for await (const { offset } of consumer) {
      offsets.push(offset);
      await sleep(stepMs);
      if (offsets.length === steps) break;
    }
    expect(offsets).to.deep.equal(Array.from({ length: steps }, (_, i) => i));
    expect(lost).to.equal(0);
  });

  it('stays in its group while it takes one small batch after the other', async () => {
    const offsets: number[] = [];
    for await (const batch of consumer.batches({ maxMessages: 1 })) {
      for (const { offset } of batch) offsets.push(offset);
      await sleep(stepMs);
      if (offsets.length === steps) break;
    }
    expect(offsets).to.deep.equal(Array.from({ length: steps }, (_, i) => i));
    expect(lost).to.equal(0);
  });

  it('is taken out of its group when it does not ask for more: others get its partitions', async function () {
    for await (const _ of consumer) {
      await eventually(() => lost > 0, { what: 'the partition is lost' });
      break;
    }
    expect(lost).to.equal(1);
  });
});
