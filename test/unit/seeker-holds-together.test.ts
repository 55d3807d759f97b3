import { expect } from 'chai';
import type { Assignment, Destination } from '../../lib/assignment/assignment.js';
import type { Repositioned } from '../../lib/assignment/partition.js';
import { Partitions } from '../../lib/assignment/partitions.js';
import { deferred } from '../../lib/client/deferred.js';
import { Over } from '../../lib/client/waits.js';
import type { ConsumerSettings } from '../../lib/config/config.js';
import type { Lookups } from '../../lib/lookups/lookups.js';
import { Targets } from '../../lib/lookups/targets.js';
import { Seeker } from '../../lib/seek/seeker.js';

// A seek of two partitions that takes effect in one of them earlier: during a cooperative rebalance a partition that is
// kept is sent there, and one that has just come starts there. What the first delivered before the promise resolved, the
// caller took for lost (or for doubled): the promise told a position that delivery had left behind.

function seekerWithSlowMoves() {
  const partitions = new Partitions();
  const moves: { moves: readonly Destination[]; done: () => void }[] = [];
  const fetchedAgain: unknown[] = [];
  const assignment = {
    reposition(destinations: readonly Destination[]) {
      if (destinations.length === 0) return Promise.resolve([]);
      const { promise, resolve } = deferred<Repositioned[]>();
      const begun = destinations.map((to) => ({ to, token: to.p.begin() }));
      moves.push({
        moves: destinations,
        done: () => resolve(begun.map(({ to, token }) => to.p.settle(token, to))),
      });
      return promise;
    },
    fetchAgain: (p: unknown) => void fetchedAgain.push(p),
  } as unknown as Assignment;
  const settings = { socketTimeoutMs: 1000 } as ConsumerSettings;
  const over = new Over();
  const targetsOf = new Targets({} as Lookups, settings);
  const startsOf = () => Promise.resolve([]);
  const seeker = new Seeker(over, partitions, assignment, targetsOf, settings, startsOf);
  const [early, late] = [partitions.get('t', 0), partitions.get('t', 1)];
  partitions.hold([late, early]);
  late.place(100);
  late.settle(late.handOver());
  seeker.assignmentKnown = true;
  const targets = new Map([early, late].map((p) => [p.key, { kind: 'offset', offset: 7 } as const]));
  const promise = seeker.seek('seek', { whole: false, targets }, {});
  /** The partition that starts is handed to librdkafka, which knows it at once. */
  const handOver = () => early.settle(early.handOver());
  return { seeker, over, early, late, moves, fetchedAgain, handOver, promise };
}

type Scene = ReturnType<typeof seekerWithSlowMoves>;

/** A newer seek, of the partition that is there first. */
const overtake = ({ seeker, early }: Scene) =>
  seeker.seek('seek', { whole: false, targets: new Map([[early.key, { kind: 'offset', offset: 20 }]]) }, {});

async function expectHeldUntilBothHaveEnded({ early, late, moves, handOver, promise }: Scene): Promise<void> {
  handOver();
  expect(early.delivers, 'while the older one is on its way').to.equal(false);
  moves[0]!.done();
  expect((await promise).map(({ offset }) => offset)).to.deep.equal([20, 7]);
  expect([early.delivers, late.delivers]).to.deep.equal([true, true]);
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a seek of several partitions', () => {
  it('S3 delivers nothing of the partition that is there first, until it has taken effect in all of them', async () => {
    const { early, late, moves, fetchedAgain, handOver, promise } = seekerWithSlowMoves();
    await turn();
    expect(early.position).to.equal(7);
    handOver(); // meanwhile
    expect(early.delivers, 'while the other is on its way').to.equal(false);

    moves[0]!.done();
    const rows = await promise;
    expect(rows.map(({ offset }) => offset)).to.deep.equal([7, 7]);
    expect([early.delivers, late.delivers]).to.deep.equal([true, true]);
    expect(fetchedAgain, 'nothing has arrived, nothing has to be fetched again').to.have.length(0);
  });

  it('S3 loses nothing of what arrived of it meanwhile: that is fetched again', async () => {
    const { early, moves, fetchedAgain, handOver, promise } = seekerWithSlowMoves();
    await turn();
    handOver();
    early.miss(); // as delivery notes it
    moves[0]!.done();
    await promise;
    expect(fetchedAgain).to.deep.equal([early]);
    expect(early.position).to.equal(7);
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
    const { over, early, late, moves, handOver, promise } = seekerWithSlowMoves();
    await turn();
    handOver();
    over.end(() => new Error('the end'));
    expect(await promise.catch((error: Error) => error.message)).to.equal('the end');
    moves[0]!.done();
    expect([early.delivers, late.delivers]).to.deep.equal([true, true]);
  });
});
