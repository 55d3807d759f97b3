import { expect } from 'chai';
import fc from 'fast-check';
import { Partition, type RepositionToken } from '../../lib/assignment/partition.js';

const held = (position: number | null = 5) => {
  const p = new Partition(0, 't', 0);
  p.hold();
  p.place(position);
  p.settle(p.handOver());
  return p;
};

describe('a partition', () => {
  it('delivers only while it is active, and nobody keeps it from that', () => {
    const p = new Partition(0, 't', 0);
    expect([p.held, p.delivers]).to.deep.equal([false, false]);
    p.hold();
    expect([p.phase, p.delivers]).to.deep.equal(['starting', false]);
    p.place(5);
    const token = p.handOver();
    expect([p.phase, p.delivers], 'until librdkafka has taken it').to.deep.equal(['active', false]);
    expect(p.settle(token)).to.equal('done');
    expect(p.delivers).to.equal(true);
    p.setPaused(true);
    expect(p.delivers).to.equal(false);
    p.setPaused(false);
    p.withhold();
    expect(p.delivers).to.equal(false);
    p.admit();
    expect(p.delivers).to.equal(true);
    p.leaving();
    expect([p.held, p.delivers]).to.deep.equal([true, false]);
    p.leave();
    expect(p.held).to.equal(false);
  });

  it('without a position is parked, and delivers once it is sent somewhere', () => {
    const p = held(null);
    expect([p.phase, p.delivers]).to.deep.equal(['parked', false]);
    p.unpark();
    expect(p.settle(p.begin(), { offset: 3 })).to.equal('done');
    expect([p.position, p.delivers]).to.deep.equal([3, true]);
  });

  it('goes where the last of several repositionings says, in whatever order they end', () => {
    const p = held();
    const [first, last] = [p.begin(), p.begin()];
    expect(p.settle(last, { offset: 20 })).to.equal('done');
    expect(p.settle(first, { offset: 10 })).to.equal('superseded');
    expect(p.position).to.equal(20);
  });

  it('is not moved by the late end of a repositioning from before it was taken away', () => {
    const p = held();
    const token = p.begin();
    p.leave();
    expect(p.settle(token, { offset: 10 })).to.equal('lost');
    p.hold();
    p.place(7);
    expect(p.settle(token, { offset: 10 })).to.equal('superseded');
    expect(p.position).to.equal(7);
  });

  it('drops what is buffered, and keeps what is in hand, when it is sent to where it is', () => {
    const p = held();
    const { fetchEra, lineage } = p;
    p.settle(p.begin());
    expect(p.fetchEra).not.to.equal(fetchEra);
    expect(p.lineage).to.equal(lineage);
  });

  it('counts nothing as processed that was handed out before it was moved', () => {
    const p = held();
    p.handedOut(6);
    const { lineage } = p;
    p.markProcessed(6, lineage);
    expect(p.processed).to.equal(6);
    p.settle(p.begin(), { offset: 0 });
    expect(p.processed).to.equal(null);
    p.markProcessed(6, lineage);
    expect(p.processed, 'of before the move').to.equal(null);
  });

  it('remembers that it has missed something until it is sent somewhere', () => {
    const p = held();
    p.withhold();
    expect(p.missed, 'what was buffered is dropped').to.equal(true);
    p.admit();
    expect(p.missed).to.equal(true);
    const token = p.begin();
    p.miss();
    p.settle(token);
    expect(p.missed).to.equal(false);
  });

  it('knows nothing any more when it was taken away, and not what was committed when it comes again', () => {
    const p = held();
    p.knowCommitted(5);
    p.setPaused(true);
    p.withhold();
    p.leave();
    expect(p).to.include({ position: null, processed: null, paused: false, withheld: false, missed: false });
    p.knowCommitted(9); // the late answer to a commit
    p.hold();
    expect(p.committed).to.equal(null);
  });

  it('keeps its stint while nobody else can have held it', () => {
    const p = held();
    const { stint } = p;
    p.leave();
    p.hold();
    expect(p.stint).to.equal(stint);
    p.endStint();
    expect(p.stint).not.to.equal(stint);
  });
});

// By chance: whatever is called in whatever order, the few rules that delivery stands on hold.
type Op = readonly [name: string, run: (world: { p: Partition; tokens: RepositionToken[] }) => void];
const offset = fc.nat(50);
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.constantFrom<Op[]>(
    ['hold', ({ p }) => p.hold()],
    ['hand over', ({ p, tokens }) => void (p.phase === 'starting' && tokens.push(p.handOver()))],
    ['unpark', ({ p }) => void (p.phase === 'parked' && p.position !== null && p.unpark())],
    ['leaving', ({ p }) => void (p.held && p.leaving())],
    ['leave', ({ p }) => p.leave()],
    ['begin', ({ p, tokens }) => void (p.held && tokens.push(p.begin()))],
    ['withhold', ({ p }) => p.withhold()],
    ['admit', ({ p }) => p.admit()],
    ['pause', ({ p }) => p.setPaused(true)],
    ['resume', ({ p }) => p.setPaused(false)],
    ['miss', ({ p }) => p.miss()],
    ['process', ({ p }) => p.markProcessed(p.position, p.lineage)],
  ),
  offset.map((to): Op => [`place ${to}`, ({ p }) => p.place(to)]),
  fc.tuple(fc.nat(9), fc.option(offset)).map(([index, to]): Op => [
    `settle ${index} ${to ?? ''}`,
    ({ p, tokens }) => {
      const token = tokens[index % (tokens.length || 1)];
      if (!token) return;
      const { position, lineage } = p;
      const isLast = p.held && p.isCurrent(token);
      const result = p.settle(token, to === null ? undefined : { offset: to });
      expect(result).to.equal(!p.held ? 'lost' : isLast ? 'done' : 'superseded');
      if (result !== 'done' || to === null) expect([p.position, p.lineage]).to.deep.equal([position, lineage]);
      else expect([p.position, p.lineage]).to.deep.equal([to, lineage + 1]);
    },
  ]),
);

describe('a partition, by chance', () => {
  it('never delivers while it should not, and never goes back to an era that is over', () => {
    fc.assert(
      fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
        const world = { p: new Partition(0, 't', 0), tokens: [] as RepositionToken[] };
        const { p } = world;
        for (const [, run] of ops) {
          const before = { fetchEra: p.fetchEra, lineage: p.lineage, position: p.position };
          run(world);
          expect(p.fetchEra).to.be.at.least(before.fetchEra);
          expect(p.lineage).to.be.at.least(before.lineage);
          if (p.position !== before.position) expect(p.lineage).to.be.greaterThan(before.lineage);
          if (p.lineage !== before.lineage) expect(p.fetchEra).to.be.greaterThan(before.fetchEra);
          const stopped = p.phase !== 'active' || p.repositioning || p.withheld || p.paused;
          expect(p.delivers).to.equal(!stopped);
        }
      }),
      { numRuns: 2000, verbose: 1 },
    );
  });
});
