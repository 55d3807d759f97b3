import { expect } from 'chai';
import { Producer } from 'seekafka';
import { describeOnKafka } from '../helpers/clusters.js';
import { Member, hows, runs, sortedPlaces } from '../helpers/member.js';
import { uniqueTopic } from '../helpers/unique.js';
import { eventually, inTime } from '../helpers/wait.js';

// A broker gives whole batches: what lies before the offset sought, in the same batch, has to be left out by the client.
// The mock cluster keeps batches as they come too, but this wants a broker's word on what is in its log.

const MESSAGES = 600;
const BATCH = 200;

describeOnKafka('a log of batches', (cluster) => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`S3 sought in the middle of a batch, compressed by ${codec}: the next is the very offset`, async () => {
      const topic = await cluster().createTopic(2);
      await using producer = new Producer({
        'bootstrap.servers': cluster().bootstrapServers,
        'compression.type': codec,
        'linger.ms': 1000,
        'batch.num.messages': BATCH,
        'statistics.interval.ms': 100,
      });
      const sent = Array.from({ length: 2 * MESSAGES }, (_, i) => {
        const partition = i % 2;
        return { topic, partition, value: `${partition}:${Math.floor(i / 2)}:${'abcdefgh'.repeat(8)}` };
      });
      const batches: { cnt: number; max: number }[] = [];
      producer.on('statistics', ({ topics }) => {
        const { batchcnt } = topics[topic] ?? {};
        if (batchcnt?.cnt) batches.push(batchcnt);
      });
      await producer.send(sent);
      const { max } = await eventually(() => batches[0], { what: 'librdkafka says how large its batches were' });
      expect(max, 'messages in a batch').to.be.greaterThan(BATCH / 2);

      await using member = new Member(cluster());
      await member.consumer.assign([0, 1].map((partition) => ({ topic, partition, offset: 0 })));
      void member.read();
      await eventually(() => member.mark() === 2 * MESSAGES);
      expect(runs(member.sequences(0))).to.equal(`0..${MESSAGES - 1}`);
      for (const offset of [1, BATCH - 1, BATCH, BATCH + 1, 333, 2 * BATCH + 57, MESSAGES - 1]) {
        const mark = member.mark();
        const other = MESSAGES - offset;
        const sought = await inTime(
          member.consumer.seek([
            { topic, partition: 0, offset },
            { topic, partition: 1, offset: other },
          ]),
        );
        expect(sortedPlaces(sought)).to.equal(`0:${offset} 1:${other}`);
        await eventually(() => member.last(0) === MESSAGES - 1 && member.mark() - mark >= MESSAGES);
        expect(member.runs(0, mark)).to.equal(runs(range(offset, MESSAGES)));
        expect(member.runs(1, mark)).to.equal(runs(range(other, MESSAGES)));
      }
    });
  }
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describeOnKafka('a compacted log', (cluster) => {
  /** Of the first fifty, these stay: the others have the key of the last of them. */
  const stay = [3, 13, 14, 33, 43, 49];
  const prepare = async () => {
    const topic = uniqueTopic();
    const config = {
      'cleanup.policy': 'compact',
      'segment.ms': 100,
      'min.cleanable.dirty.ratio': 0.01,
      'delete.retention.ms': 100,
    };
    await cluster().admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }]);
    await using producer = new Producer({ 'bootstrap.servers': cluster().bootstrapServers, 'linger.ms': 0 });
    let next = 0;
    const send = async (count: number) => {
      const messages = range(next, next + count).map((i) => {
        const key = i >= 49 || stay.includes(i) ? `stays ${i}` : 'changes';
        return { topic, partition: 0, key: i === 49 ? 'changes' : key, value: `0:${i}` };
      });
      next += count;
      await producer.send(messages);
    };
    await send(50);
    // What the last segment holds is never compacted, and a segment ends when something comes after its time.
    await using member = new Member(cluster());
    await member.consumer.assign([{ topic, partition: 0 }]);
    void member.read();
    const left = await eventually(
      async () => {
        await send(1);
        const mark = member.mark();
        await inTime(member.consumer.seekToBeginning());
        await eventually(() => member.mark() > mark && member.last(0) === next - 1);
        const offsets = member.sequences(0, mark);
        return runs(offsets.filter((offset) => offset < 50)) === runs(stay) ? offsets : undefined;
      },
      { timeoutMs: 20_000, intervalMs: 300, what: 'the log has been compacted' },
    );
    return { topic, left };
  };

  for (const how of hows) {
    it(`S3 S5 S16 sought into a gap, goes to the first message behind it (${how})`, async () => {
      const { topic, left } = await prepare();
      const last = left.at(-1)!;
      await using member = new Member(cluster());
      const { consumer } = member;
      await consumer.assign([{ topic, partition: 0 }]);
      void member.read(how);
      const check = async (seek: () => Promise<unknown>, from: number, what: string) => {
        await inTime(seek());
        const mark = member.mark();
        await eventually(() => member.mark() > mark && member.last(0) === last);
        expect(member.runs(0, mark), what).to.equal(runs(left.filter((offset) => offset >= from)));
      };
      for (const offset of [0, 3, 4, 14, 15, 40, 48, 49, last]) {
        await check(() => consumer.seek({ topic, partition: 0, offset }), offset, `from ${offset}`);
      }
      await check(() => consumer.seekToBeginning(), 0, 'from the beginning');
      await check(() => consumer.seekToTimestamp(0), 0, 'from the first time');
      expect(member.resets, 'a gap is no jump to be told').to.deep.equal([]);
      expect(sortedPlaces(await inTime(consumer.seekToEnd()))).to.equal(`0:${last + 1}`);
    });
  }
});
