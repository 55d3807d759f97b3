import { expect } from 'chai';
import { Producer } from 'seekafka';
import { fails } from '../helpers/admin.js';
import { type RealKafka, describeOnKafka } from '../helpers/clusters.js';
import { unique, uniqueTopic } from '../helpers/unique.js';
import { inTime } from '../helpers/wait.js';

// Admin requests about the records of partitions and their offsets.

/** The messages are old: retention would take them. */
const keep = { 'retention.ms': '-1' };

async function produce(cluster: RealKafka, topic: string, partition: number, timestamps: readonly number[]) {
  await using producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
  await producer.send(timestamps.map((timestamp) => ({ topic, partition, value: 'v', timestamp })));
}

describeOnKafka('the offsets of logs', (cluster) => {
  it('are told by specification and by time, in the order asked', async () => {
    const { admin } = cluster();
    const topic = await cluster().createTopic(2, keep);
    await produce(cluster(), topic, 1, [1_000, 5_000, 2_000]);
    await inTime(admin.deleteRecords([{ topic, partition: 1, offset: 1 }]));
    const at = async (spec: 'earliest' | 'latest' | 'max-timestamp' | number | Date) => {
      const [one] = await inTime(admin.listOffsets([{ topic, partition: 1, spec }]));
      return [one!.offset, one!.timestamp];
    };
    expect(await at('earliest')).to.deep.equal([1, -1]);
    expect(await at('latest')).to.deep.equal([3, -1]);
    expect(await at('max-timestamp')).to.deep.equal([1, 5_000]);
    expect(await at(1_500)).to.deep.equal([1, 5_000]);
    expect(await at(new Date(6_000))).to.deep.equal([-1, -1]);
    const both = await inTime(
      admin.listOffsets([
        { topic, partition: 1, spec: 'latest' },
        { topic, partition: 0, spec: 'latest' },
      ]),
    );
    expect(both).to.deep.equal([
      { topic, partition: 1, offset: 3, timestamp: -1 },
      { topic, partition: 0, offset: 0, timestamp: -1 },
    ]);
  });

  it('end before an open transaction where read_committed is asked for', async () => {
    const { admin, bootstrapServers } = cluster();
    const topic = await cluster().createTopic();
    await using producer = new Producer({ 'bootstrap.servers': bootstrapServers, 'transactional.id': unique('tx') });
    await producer.send({ topic, value: 'before' }).catch(() => undefined);
    await producer.transaction(async (tx) => {
      await tx.send({ topic, value: 'open' });
      const query = [{ topic, partition: 0, spec: 'latest' }] as const;
      const [all] = await inTime(admin.listOffsets(query));
      const [committed] = await inTime(admin.listOffsets(query, { isolationLevel: 'read_committed' }));
      expect(all!.offset - committed!.offset).to.equal(1);
    });
  });

  it('of partitions that do not exist are errors that name them; the others are told beside', async () => {
    const { admin } = cluster();
    const [topic, absent] = [await cluster().createTopic(), uniqueTopic()];
    const { error, items } = await fails(
      admin.listOffsets([
        { topic: absent, partition: 3, spec: 'latest' },
        { topic, partition: 0, spec: 'latest' },
      ]),
    );
    expect(error).to.include({ code: 'ERR_UNKNOWN_TOPIC_OR_PART', operation: 'listOffsets' });
    expect(items).to.deep.equal([
      [`${absent}[3]`, 'ERR_UNKNOWN_TOPIC_OR_PART'],
      [`${topic}[0]`, undefined],
    ]);
    expect(error.items![1]!.result).to.deep.equal({ topic, partition: 0, offset: 0, timestamp: -1 });
    const alone = await fails(admin.listOffsets([{ topic: absent, partition: 3, spec: 'latest' }]));
    expect(alone.items).to.deep.equal([[`${absent}[3]`, 'ERR_UNKNOWN_TOPIC_OR_PART']]);
    expect(alone.error.partitions?.map(({ topic: name, partition }) => [name, partition])).to.deep.equal([[absent, 3]]);
  });
});

describeOnKafka('records that are deleted', (cluster) => {
  it('are gone, although others of the same request cannot be', async () => {
    const { admin } = cluster();
    const [topic, absent] = [await cluster().createTopic(2, keep), uniqueTopic()];
    await produce(cluster(), topic, 0, [1_000, 2_000, 3_000]);
    const { items } = await fails(
      admin.deleteRecords([
        { topic: absent, partition: 0, offset: 1 },
        { topic, partition: 0, offset: 2 },
        { topic, partition: 1, offset: 9 },
      ]),
    );
    expect(items).to.deep.equal([
      [`${absent}[0]`, 'ERR_UNKNOWN_TOPIC_OR_PART'],
      [`${topic}[0]`, undefined],
      [`${topic}[1]`, 'ERR_OFFSET_OUT_OF_RANGE'],
    ]);
    expect(await inTime(admin.listOffsets([{ topic, partition: 0, spec: 'earliest' }]))).to.deep.equal([
      { topic, partition: 0, offset: 2, timestamp: -1 },
    ]);
    const alone = await fails(admin.deleteRecords([{ topic: absent, partition: 0, offset: 1 }]));
    expect(alone.error.message).to.include(`deleteRecords: ${absent}[0]: `);
  });
});
