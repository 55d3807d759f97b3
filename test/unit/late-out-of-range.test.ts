import { expect } from 'chai';
import type { Partition } from '../../lib/assignment/partition.js';
import { Assignment } from '../../lib/assignment/assignment.js';
import type { ConsumerSettings } from '../../lib/config/config.js';
import { type OffsetReset, OffsetResetter } from '../../lib/consumer/offset-resetter.js';
import type { Targets } from '../../lib/lookups/targets.js';
import type { Seeker } from '../../lib/seek/seeker.js';

// librdkafka stops a partition by an operation of its own, without a look at the seeks that came meanwhile. On a busy machine
// a consumer that was sought to an offset outside of the log, and from there to offset 15, went to the beginning.

describe('librdkafka stops a partition for an offset outside of the log', () => {
  const partition = { topic: 't', partition: 0, phase: 'active', position: 15, atBeginning: false };
  const p = { ...partition, isCurrent: () => true, row: () => ({ topic: 't', partition: 0 }) } as unknown as Partition;

  async function told(askedOffset: number): Promise<{ moves: unknown[]; resets: OffsetReset[] }> {
    const moves: unknown[] = [];
    const resets: OffsetReset[] = [];
    const assignment = Object.assign(
      Object.create(Assignment.prototype) as Assignment,
      {
        stopped: () => Promise.resolve({}),
        reposition: (...move: unknown[]) => Promise.resolve((moves.push(move), ['done'])),
      } as unknown as Partial<Assignment>,
    );
    const unexpected = (error: unknown) => {
      throw error as Error;
    };
    const resetter = new OffsetResetter(
      assignment,
      { isQuiet: () => true } as unknown as Seeker,
      {
        bounds: () => Promise.resolve([{ beginning: 20, end: 30 }]),
        find: () => Promise.resolve([{ offset: 20 }]),
      } as unknown as Targets,
      { autoOffsetReset: 'earliest', socketTimeoutMs: 1000 } as ConsumerSettings,
      { fail: unexpected, report: unexpected, reset: (one) => resets.push(one) },
    );
    resetter.onOutOfRange(p, askedOffset);
    await new Promise((resolve) => setImmediate(resolve));
    return { moves, resets };
  }

  it('that is its position: it goes where the policy says, and that is told', async () => {
    const { moves, resets } = await told(15);
    expect(moves).to.deep.equal([[[{ p, offset: 20, atBeginning: false }]]]);
    expect(resets).to.deep.equal([{ topic: 't', partition: 0, askedOffset: 15, offset: 20 }]);
  });

  it('that a seek has left: it goes on where it was sought to', async () => {
    const { moves, resets } = await told(1000);
    expect(moves).to.deep.equal([[[{ p, offset: 15 }], 'keep']]);
    expect(resets).to.deep.equal([]);
  });
});
