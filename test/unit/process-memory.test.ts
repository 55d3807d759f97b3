import { expect } from 'chai';
import { Partition } from '../../lib/assignment/partition.js';
import type { ArrivedBatch, PackedMessage } from '../../lib/consumer/message.js';
import { type Lane, PartitionWork } from '../../lib/consumer/process-lanes.js';

// What process() counts as kept in memory: whole batches, for as long as one of their messages is not committable.

const MIB = 2 ** 20;
const batchOf = (byteLength: number) => ({ byteLength }) as ArrivedBatch;

describe('the memory that process() counts', () => {
  it('is that of each batch of which a message is open, once', () => {
    const source = new Partition(0, 'orders', 0);
    source.place(0);
    const work = new PartitionWork(source, { changed: () => undefined });
    let offset = 0;
    const lanes: Lane[] = [];
    const take = (batch: ArrivedBatch) =>
      lanes.push(work.add({ offset: offset++ } as PackedMessage, batch, `${offset}`));
    /** The message at that offset is done. */
    const done = (at: number) => {
      const lane = lanes[at]!;
      lane.take()!.done = true;
      work.advance();
      work.settled(lane);
    };
    const [first, second, third] = [batchOf(MIB), batchOf(2 * MIB), batchOf(100)];
    for (const batch of [first, first, second, third, third]) take(batch);
    expect(work.pendingBytes).to.equal(3 * MIB + 100);
    done(1);
    done(2);
    expect(work.pendingBytes, 'the first message is not done').to.equal(3 * MIB + 100);
    done(0);
    expect(work.pendingBytes).to.equal(100);
    done(3);
    expect(work.pendingBytes, 'one of two is').to.equal(100);
    done(4);
    expect(work.pendingBytes).to.equal(0);
    take(third);
    expect(work.pendingBytes).to.equal(100);
    work.giveUp();
    expect(work.pendingBytes).to.equal(0);
  });
});
