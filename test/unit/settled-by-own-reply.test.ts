import { expect } from 'chai';
import { Assignment, type ConsumerLink } from '../../lib/assignment/assignment.js';
import { Partitions } from '../../lib/assignment/partitions.js';
import { errno } from '../../lib/errors.js';

// What arrives of a partition while it is being sent somewhere is dropped: it is from before. Messages that librdkafka delivers
// between two replies are not. On a busy machine a member was given partition 2 and, paused, partition 0: messages of 2 came
// between the reply to "assign" and that to "pause", were dropped, and never came again.

type Row = (string | number)[];

/** Requests are answered one by one. */
function scene(count: number) {
  const asked: { name: string; rows: Row[]; answer: (rows?: unknown[]) => Promise<void> }[] = [];
  let sending: { name: string; rows: Row[] };
  const note =
    (name: string) =>
    (_: number, flat: readonly (string | number)[] | null): undefined => {
      const rows: Row[] = [];
      for (let i = 0; flat && i < flat.length; i += 3) rows.push(flat.slice(i, i + 3));
      sending = { name, rows };
    };
  const names = ['assign', 'unassign', 'pause', 'resume', 'seek'];
  const link = {
    handle: Object.fromEntries(names.map((name) => [name, note(name)])),
    request: (_: string, send: (id: number) => void) => {
      send(1);
      const { name, rows } = sending;
      return new Promise((resolve) => {
        const answer = async (replies: unknown[] = []) => {
          resolve(replies);
          await new Promise((next) => setImmediate(next));
        };
        asked.push({ name, rows, answer });
      });
    },
  } as unknown as ConsumerLink;
  const partitions = new Partitions();
  const assignment = new Assignment(link, partitions);
  const held = Array.from({ length: count }, (_, partition) => partitions.get('t', partition));
  partitions.hold(held);
  for (const p of held) p.place(5);
  return { asked, assignment, held };
}

describe('what librdkafka delivers between two replies', () => {
  it('is not lost where a neighbour in the same assignment is paused', async () => {
    const { asked, assignment, held } = scene(2);
    held[0]!.setPaused(true);
    const handedOver = assignment.handOver(held, 'all');
    expect(asked.map(({ name }) => name)).to.deep.equal(['assign', 'pause']);
    await asked[0]!.answer();
    expect(held.map((p) => p.delivers)).to.deep.equal([false, true]);
    await asked[1]!.answer();
    await handedOver;
  });

  it('is not lost where a neighbour was parked, and is resumed by the same seek', async () => {
    const { asked, assignment, held } = scene(2);
    held[0]!.place(null);
    for (const p of held) p.settle(p.handOver());
    const sought = assignment.reposition(held.map((p) => ({ p, offset: 1 })));
    expect(asked.map(({ name }) => name)).to.deep.equal(['seek', 'resume']);
    await asked[0]!.answer();
    expect(held.map((p) => p.delivers)).to.deep.equal([true, true]);
    await asked[1]!.answer();
    expect(await sought).to.deep.equal(['done', 'done']);
  });

  it('is from where it was sought to, where an eager member has to be assigned anew for a neighbour that is stopped', async () => {
    const { asked, assignment, held } = scene(3);
    assignment.eager = true;
    for (const p of held) p.settle(p.handOver());
    const sought = assignment.reposition(held.slice(0, 2).map((p) => ({ p, offset: 1 })));
    const stopped = { topic: 't', partition: 1, error: { code: errno.state, message: 'not fetched' } };
    await asked[0]!.answer([{ topic: 't', partition: 0 }, stopped]);
    expect(held[0]!.position).to.equal(1);
    expect(asked[1]!.name).to.equal('assign');
    expect(asked[1]!.rows).to.deep.equal([
      ['t', 0, 1],
      ['t', 1, 1],
      ['t', 2, 5],
    ]);
    await asked[1]!.answer();
    expect(await sought).to.deep.equal(['done', 'done']);
    expect(held.map((p) => [p.delivers, p.position])).to.deep.equal([
      [true, 1],
      [true, 1],
      [true, 5],
    ]);
  });
});
