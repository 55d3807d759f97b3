import { expect } from 'chai';
import type { Assignment, ConsumerLink, MoveResult } from '../../lib/assignment.js';
import type { ConsumerSettings } from '../../lib/config.js';
import { deferred } from '../../lib/deferred.js';
import type { Lookups } from '../../lib/lookups.js';
import { type Partition, Partitions } from '../../lib/partition.js';
import { Seeker } from '../../lib/seeker.js';

// A seek of two partitions that takes effect in one of them earlier: during a cooperative rebalance a partition that is
// kept is sent there, and one that has just come starts there. What the first delivered before the promise resolved, the
// caller took for lost (or for doubled): the promise told a position that delivery had left behind.

type Move = { readonly p: Partition; readonly offset: number };

function seekerWithSlowMoves() {
  const partitions = new Partitions();
  const moves: { moves: readonly Move[]; lineage: string; done: (results: MoveResult[]) => void }[] = [];
  const assignment = {
    move(list: readonly Move[], lineage = 'new') {
      if (list.length === 0) return Promise.resolve([]);
      const { promise, resolve } = deferred<MoveResult[]>();
      moves.push({ moves: list, lineage, done: resolve });
      return promise;
    },
  } as unknown as Assignment;
  const link = { hold() {}, release() {} } as unknown as ConsumerLink;
  const settings = { socketTimeoutMs: 1000 } as ConsumerSettings;
  const seeker = new Seeker(link, partitions, assignment, {} as Lookups, settings);
  const [early, late] = [partitions.get('t', 0), partitions.get('t', 1)];
  partitions.add([late, early]);
  late.phase = 'active';
  late.moveTo(100);
  seeker.known = true;
  const targets = new Map([early, late].map((p) => [p.key, { kind: 'offset', offset: 7 } as const]));
  const promise = seeker.seek('seek', { whole: false, targets }, {});
  return { seeker, early, late, moves, promise };
}

type Scene = ReturnType<typeof seekerWithSlowMoves>;

/** A newer seek, of the partition that is there first. */
const overtake = ({ seeker, early }: Scene) =>
  seeker.seek('seek', { whole: false, targets: new Map([[early.key, { kind: 'offset', offset: 20 }]]) }, {});

async function expectHeldUntilBothHaveEnded({ early, late, moves, promise }: Scene): Promise<void> {
  early.phase = 'active';
  expect(early.open, 'while the older one is on its way').to.equal(false);
  late.moveTo(7);
  moves[0]!.done(['done']);
  expect((await promise).map(({ offset }) => offset)).to.deep.equal([20, 7]);
  expect([early.open, late.open]).to.deep.equal([true, true]);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a seek of several partitions', () => {
  it('S3 delivers nothing of the partition that is there first, until it has taken effect in all of them', async () => {
    const { early, late, moves, promise } = seekerWithSlowMoves();
    await turn();
    expect(early.position).to.equal(7);
    early.phase = 'active'; // handed to librdkafka meanwhile
    expect(early.open, 'while the other is on its way').to.equal(false);

    late.moveTo(7);
    moves[0]!.done(['done']);
    const rows = await promise;
    expect(rows.map(({ offset }) => offset)).to.deep.equal([7, 7]);
    expect([early.open, late.open]).to.deep.equal([true, true]);
    expect(moves, 'nothing has arrived, nothing has to be fetched again').to.have.length(1);
  });

  it('S3 loses nothing of what arrived of it meanwhile: that is fetched again', async () => {
    const { early, late, moves, promise } = seekerWithSlowMoves();
    await turn();
    early.phase = 'active';
    early.missed = true; // as delivery notes it
    late.moveTo(7);
    moves[0]!.done(['done']);
    await promise;
    expect(moves[1]!.moves).to.deep.equal([{ p: early, offset: 7 }]);
    expect(moves[1]!.lineage).to.equal('keep');
  });

  it('S3 S9 S14 overtaken in one of them, which is there first: that one delivers when both have ended, and both tell it', async () => {
    const scene = seekerWithSlowMoves();
    await turn();
    const newer = await overtake(scene);
    expect(newer.map(({ offset }) => offset)).to.deep.equal([20]);
    await expectHeldUntilBothHaveEnded(scene);
  });

  it('S3 S9 overtaken before it is there at all: nothing comes of it before the older one has ended', async () => {
    const scene = seekerWithSlowMoves();
    await overtake(scene);
    await expectHeldUntilBothHaveEnded(scene);
  });

  it('S10 withdrawn half-way, leaves no partition closed for ever', async () => {
    const { seeker, early, late, promise } = seekerWithSlowMoves();
    await turn();
    early.phase = 'active';
    seeker.end(() => new Error('the end'));
    expect(await promise.catch((error: Error) => error.message)).to.equal('the end');
    expect([early.open, late.open]).to.deep.equal([true, true]);
  });
});
