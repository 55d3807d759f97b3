import { expect } from 'chai';
import type { SeekTarget } from '../../lib/lookups/targets.js';
import type { SeekWish } from '../../lib/seek/ledger.js';
import { NotingLedger } from '../helpers/noting-ledger.js';

const end: SeekTarget = { kind: 'end' };
const whole = (target: SeekTarget = end): SeekWish => ({ whole: true, target });
const named = (...keys: string[]): SeekWish => ({ whole: false, targets: new Map(keys.map((key) => [key, end])) });
const lack = (key: string) => `${key} is lacking`;

function asked(ledger: NotingLedger, wish: SeekWish) {
  const request = ledger.request(wish);
  return {
    request,
    get outcomes() {
      return ledger.outcomesOf(request);
    },
  };
}

const at = (key: string, offset: number) => ({ key, offset });

describe('seek ledger', () => {
  it('S1 does not forget a seek that was asked before the assignment', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, whole());
    expect(ledger.bind(['a', 'b'], lack).begun).to.deep.equal(['a', 'b']);
    ledger.applied(ledger.inCharge('a')!, 5);
    expect(call.outcomes).to.be.empty;
    ledger.applied(ledger.inCharge('b')!, 7);
    expect(call.outcomes).to.deep.equal([{ positions: [at('a', 5), at('b', 7)], failed: [] }]);
  });

  it('S1 does not take an empty assignment for the one that it waits for', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, whole());
    expect(ledger.bind([], lack).begun).to.be.empty;
    expect(call.outcomes).to.be.empty;
    expect(ledger.bind(['a'], lack).begun).to.deep.equal(['a']);
  });

  it('S1 does not look at all partitions for each that ends: fifty thousand end within the time of a test', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, whole());
    const keys = Array.from({ length: 50_000 }, (_, i) => String(i));
    ledger.bind(keys, lack);
    for (const key of keys) ledger.applied(ledger.inCharge(key)!, 1);
    expect(call.outcomes.map(({ positions }) => positions.length)).to.deep.equal([keys.length]);
  });

  it('S2 fails for what the assignment lacks, and still seeks the rest', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, named('a', 'x'));
    expect(ledger.bind(['a', 'b'], lack).begun).to.deep.equal(['a']);
    ledger.applied(ledger.inCharge('a')!, 1);
    expect(call.outcomes).to.deep.equal([{ positions: [at('a', 1)], failed: [{ key: 'x', error: 'x is lacking' }] }]);
  });

  it('gives rows back in the order asked for, not in that of their answers', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, named('b', 'a'));
    ledger.bind(['a', 'b'], lack);
    ledger.applied(ledger.inCharge('a')!, 1);
    ledger.applied(ledger.inCharge('b')!, 2);
    expect(call.outcomes[0]!.positions).to.deep.equal([at('b', 2), at('a', 1)]);
  });

  it('S9 lets the latest call decide, and tells the earlier one where that went', () => {
    const ledger = new NotingLedger();
    const first = asked(ledger, whole());
    ledger.bind(['a'], lack);
    const second = asked(ledger, whole({ kind: 'beginning' }));
    expect(ledger.bind(['a'], lack).begun).to.deep.equal(['a']);
    expect(ledger.inCharge('a')!.target).to.deep.equal({ kind: 'beginning' });
    ledger.applied(ledger.inCharge('a')!, 0);
    expect(first.outcomes[0]!.positions).to.deep.equal([at('a', 0)]);
    expect(second.outcomes[0]!.positions).to.deep.equal([at('a', 0)]);
  });

  it('S9 does not let an early answer to an older call end the newer one', () => {
    const ledger = new NotingLedger();
    const first = asked(ledger, whole());
    ledger.bind(['a'], lack);
    const older = ledger.inCharge('a')!;
    const second = asked(ledger, whole({ kind: 'beginning' }));
    ledger.bind(['a'], lack);
    ledger.applied(older, 9);
    expect(first.outcomes[0]!.positions).to.deep.equal([at('a', 9)]);
    expect(second.outcomes).to.be.empty;
    expect(ledger.inCharge('a')!.request).to.equal(second.request);
  });

  it('goes back to the seek before when the last one fails, so that none of them is forgotten', () => {
    const ledger = new NotingLedger();
    const first = asked(ledger, whole());
    ledger.bind(['a'], lack);
    const second = asked(ledger, whole());
    ledger.bind(['a'], lack);
    expect(ledger.failed(ledger.inCharge('a')!, 'no answer').promoted).to.equal(true);
    expect(second.outcomes[0]!.failed).to.deep.equal([{ key: 'a', error: 'no answer' }]);
    expect(ledger.inCharge('a')!.request).to.equal(first.request);
  });

  it('S8 keeps a seek through a rebalance that takes its partition and gives it back', () => {
    const ledger = new NotingLedger();
    const call = asked(ledger, named('a'));
    ledger.bind(['a'], lack);
    const before = ledger.inCharge('a')!;
    ledger.unbind(['a']);
    expect(ledger.isOpen(before)).to.equal(false);
    expect(call.outcomes).to.be.empty;
    expect(ledger.bind(['a', 'b'], lack).begun).to.deep.equal(['a']);
    expect(ledger.inCharge('a')!.request).to.equal(call.request);
  });

  it('S8 leaves a partition that is lost before its seek out of the whole form, and rejects the named one for it', () => {
    const ledger = new NotingLedger();
    const all = asked(ledger, whole());
    const one = asked(ledger, named('a'));
    ledger.bind(['a', 'b'], lack);
    ledger.unbind(['a']);
    ledger.applied(ledger.inCharge('b')!, 3);
    expect(all.outcomes, 'before it is known that it does not come back').to.be.empty;
    ledger.bind(['b'], lack);
    expect(all.outcomes[0]).to.deep.equal({ positions: [at('b', 3)], failed: [] });
    expect(one.outcomes[0]!.failed).to.deep.equal([{ key: 'a', error: 'a is lacking' }]);
  });

  it('S9 keeps the order of the calls through a rebalance', () => {
    const ledger = new NotingLedger();
    asked(ledger, whole());
    ledger.bind(['a'], lack);
    ledger.unbind(['a']);
    const later = asked(ledger, whole({ kind: 'beginning' }));
    ledger.bind(['a'], lack);
    expect(ledger.inCharge('a')!.request).to.equal(later.request);
  });

  it('S10 withdraws a seek wholly: no outcome, and nothing fires later', () => {
    const ledger = new NotingLedger();
    const waiting = asked(ledger, whole());
    ledger.withdraw(waiting.request);
    expect(ledger.bind(['a'], lack).begun).to.be.empty;

    const active = asked(ledger, whole());
    ledger.bind(['a'], lack);
    const entry = ledger.inCharge('a')!;
    expect(ledger.withdraw(active.request)).to.deep.equal({ freed: ['a'], admitted: [] });
    expect(ledger.inCharge('a')).to.equal(undefined);
    ledger.applied(entry, 1);
    expect([...waiting.outcomes, ...active.outcomes]).to.be.empty;
    expect(ledger.open).to.be.empty;
  });
});
