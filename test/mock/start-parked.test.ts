import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { Consumer, type MockCluster, Producer } from 'seekafka';
import { threeBrokers } from '../helpers/faults.js';
import { uniqueGroup } from '../helpers/unique.js';
import { eventually } from '../helpers/wait.js';

// A partition whose start cannot be found out is held and paused until it can. That pause must not outlive it, whatever happens to the
// partition meanwhile. (Found by a storm: a consumer that held partitions and never got anything of them.)

describe('a partition whose start is not known yet', () => {
  let mock: MockCluster;
  let topic: string;
  let cluster: Awaited<ReturnType<typeof threeBrokers>>;
  const connection = () => ({
    'bootstrap.servers': mock.bootstrapServers,
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 300,
    'auto.offset.reset': 'earliest' as const,
  });

  beforeEach('two partitions with messages', async () => {
    cluster = await threeBrokers();
    mock = cluster.mock;
    topic = await cluster.createTopic(2);
    await using producer = new Producer({ 'bootstrap.servers': mock.bootstrapServers });
    await producer.send([0, 1].flatMap((partition) => ['a', 'b', 'c'].map((value) => ({ topic, partition, value }))));
  });
  afterEach(() => cluster.close());

  /** The offsets of partition 1 that come, as far as one loop reads. */
  function reading(consumer: Consumer): number[] {
    const offsets: number[] = [];
    const read = async () => {
      for await (const { partition, offset } of consumer) if (partition === 1) offsets.push(offset);
    };
    read().catch(() => undefined); // at its end
    return offsets;
  }

  it('delivers when it comes back, though its start was found out while it was taken away', async () => {
    const group = uniqueGroup();
    const settings = { ...connection(), 'group.id': group, 'partition.assignment.strategy': 'range' };
    // The mock cluster chooses the coordinator so. Another broker is to be away.
    const coordinator = (crc32(group) % 3) + 1;
    const leader = (coordinator % 3) + 1;
    mock.setLeader(topic, 1, leader);
    mock.brokerDown(leader);

    await using consumer = new Consumer(settings);
    consumer.on('error', () => undefined);
    const offsets = reading(consumer);
    let assigned = 0;
    consumer.once('assigned', (rows) => (assigned = rows.length));
    let foundOut = false;
    const partition1 = [{ topic, partition: 1 }];
    await consumer.subscribe(topic, {
      onRevoked: async () => {
        if (foundOut) return;
        mock.brokerUp(leader);
        await eventually(() => consumer.position(partition1), { what: 'the start', timeoutMs: 60_000 });
        foundOut = true;
      },
    });
    // Told when librdkafka has them: partition 1 is parked then.
    await eventually(() => assigned === 2, { what: 'both partitions', timeoutMs: 60_000 });
    expect(offsets).to.deep.equal([]);
    await using other = new Consumer(settings);
    await other.subscribe(topic);
    await eventually(() => foundOut && other.assignment.length === 1, { what: 'a rebalance', timeoutMs: 60_000 });
    await other.close();
    await eventually(() => offsets.length === 3, { what: 'partition 1 to be read', timeoutMs: 60_000 });
    expect(offsets).to.deep.equal([0, 1, 2]);
  });
});
