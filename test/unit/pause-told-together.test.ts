import { expect } from 'chai';
import { Assignment, type ConsumerLink } from '../../lib/assignment/assignment.js';
import type { Partition } from '../../lib/assignment/partition.js';
import { Partitions } from '../../lib/assignment/partitions.js';

// pause() and resume() by the thousand. Each costs librdkafka the more, the more there were before it that nobody has polled
// for: twenty thousand in a row kept it from a seek behind them for many seconds. So it is told when it has answered, and then
// of how things stand.

function scene() {
  const asked: string[] = [];
  const replies: (() => void)[] = [];
  const note = (name: string) => (_: number, rows: readonly (string | number)[]) =>
    void asked.push(`${name} ${rows.filter((_, i) => i % 3 === 1).join()}`);
  const handle = { pause: note('pause'), resume: note('resume'), seek: note('seek') };
  const link = {
    handle,
    request: (_: string, send: (id: number) => void) => {
      send(1);
      return new Promise((resolve) => replies.push(() => resolve([])));
    },
  } as unknown as ConsumerLink;
  const partitions = new Partitions();
  const assignment = new Assignment(link, partitions);
  const held = [0, 1].map((partition) => partitions.get('t', partition));
  partitions.hold(held);
  for (const p of held) {
    p.place(5);
    p.settle(p.handOver());
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    asked,
    held,
    set: (paused: boolean, which: readonly Partition[] = held) => assignment.setPaused('pause', which, paused),
    answer: async () => {
      for (const reply of replies.splice(0)) reply();
      await turn();
    },
    turn,
  };
}

describe('pause() and resume() by the thousand', () => {
  it('are told at once where librdkafka has answered, and otherwise as things stand then', async () => {
    const { asked, held, set, answer } = scene();
    for (let i = 0; i < 1000; i++) {
      void set(true);
      void set(false);
    }
    expect(asked).to.deep.equal(['pause 0,1']);
    expect(held.map((p) => [p.paused, p.delivers])).to.deep.equal([
      [false, false],
      [false, false],
    ]);
    await answer();
    expect(asked).to.deep.equal(['pause 0,1', 'resume 0,1', 'seek 0,1']);
    await answer();
    expect(asked).to.have.length(3);
    expect(held.map((p) => p.delivers)).to.deep.equal([true, true]);
  });

  it('end as the last one of each partition says', async () => {
    const { asked, held, set, answer } = scene();
    void set(true);
    void set(false);
    void set(true, [held[1]!]);
    await answer();
    expect(asked).to.deep.equal(['pause 0,1', 'pause 1', 'resume 0', 'seek 0']);
    await answer();
    expect(held.map((p) => [p.paused, p.delivers])).to.deep.equal([
      [false, true],
      [true, false],
    ]);
    void set(false);
    await answer();
    expect(asked.slice(4)).to.deep.equal(['resume 1', 'seek 1']);
    await answer();
    expect(held[1]!.delivers).to.equal(true);
  });

  it('leave out what was taken away meanwhile', async () => {
    const { asked, held, set, answer } = scene();
    void set(true);
    void set(false);
    held[0]!.leaving();
    await answer();
    expect(asked).to.deep.equal(['pause 0,1', 'resume 1', 'seek 1']);
  });
});
