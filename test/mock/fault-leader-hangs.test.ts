import { expect } from 'chai';
import { Consumer, Producer } from 'seekafka';
import { threeBrokers } from '../helpers/faults.js';
import { inTime } from '../helpers/wait.js';

// A broker that hangs keeps its connections open and answers nothing. What was asked of it waited there for
// socket.timeout.ms, metadata among it, while the partition had long had another leader.

const METADATA = 3;

describe('a leader that hangs', () => {
  it('S19 is not waited for: questions, seeks and start offsets find its successor', async () => {
    const cluster = await threeBrokers();
    try {
      const topic = await cluster.createTopic(3);
      const rows = [0, 1, 2].map((partition) => ({ topic, partition }));
      const producer = new Producer({ 'bootstrap.servers': cluster.bootstrapServers });
      await producer.send(rows.map((row) => ({ ...row, value: 'x' })));
      await producer.close();
      const config = { 'bootstrap.servers': cluster.bootstrapServers } as const;
      await using consumer = new Consumer(config);
      await using reads = new Consumer(config);
      await using seeks = new Consumer(config);
      await using starts = new Consumer({ ...config, 'auto.offset.reset': 'earliest' });
      for (const one of [consumer, reads, seeks, starts]) one.on('error', () => undefined);
      const ends = rows.map((row) => ({ ...row, offset: 1 }));
      const beginnings = rows.map((row) => ({ ...row, offset: 0 }));
      await Promise.all([reads.assign(beginnings), seeks.assign(beginnings)]);
      expect(await consumer.endOffsets(rows)).to.deep.equal(ends); // it is connected to all of them
      for (const broker of [2, 3]) cluster.mock.setRoundTripTime(broker, 50_000);
      // The third one does not answer the first question about leaders either, on that connection.
      cluster.mock.pushRequestError(1, METADATA, 0, 50_000);
      const asked = {
        endOffsets: consumer.endOffsets(rows),
        beginningOffsets: consumer.beginningOffsets(rows),
        lag: reads.lag(),
        seekToEnd: seeks.seekToEnd(),
        'the start offsets': starts.assign(rows).then(() => starts.position()),
      };
      for (const { partition } of rows) cluster.mock.setLeader(topic, partition, 1);
      const found = await Promise.all(
        Object.entries(asked).map(async ([what, answer]) => [what, await inTime<unknown>(answer, what, 30_000)]),
      );
      expect(Object.fromEntries(found)).to.deep.equal({
        endOffsets: ends,
        beginningOffsets: beginnings,
        lag: rows.map((row) => ({ ...row, lag: 1 })),
        seekToEnd: ends,
        'the start offsets': beginnings,
      });
      await Promise.all([reads, seeks, starts].map((one) => one.close({ timeoutMs: 500 })));
      await consumer.close({ timeoutMs: 500 });
    } finally {
      await cluster.close();
    }
  });
});
