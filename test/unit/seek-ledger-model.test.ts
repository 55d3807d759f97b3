import { expect } from 'chai';
import fc from 'fast-check';
import type { SeekEntry, SeekRequest } from '../../lib/seek/ledger.js';
import { NotingLedger } from '../helpers/noting-ledger.js';

// Random histories against a model that says the rules the long way: for each request and partition, what has become of
// it. It knows no order of entries; "who is in charge" is the newest call that is not over on the partition.

const keys = ['a', 'b', 'c'];
type Fate = 'waiting' | 'active' | 'left out' | { offset: number } | { error: string };

interface Modelled {
  request: SeekRequest;
  whole: boolean;
  /** Null: a whole request that has met no assignment. */
  fates: Map<string, Fate> | null;
  withdrawn: boolean;
  /** Where it took effect, if the partition was not taken away since. */
  effective: Set<string>;
}

class World {
  readonly ledger = new NotingLedger();
  readonly requests: Modelled[] = [];
  held: string[] = [];
  clock = 0;

  ask(named: string[] | null): void {
    const target = { kind: 'end' } as const;
    const request = this.ledger.request(
      named ? { whole: false, targets: new Map(named.map((key) => [key, target])) } : { whole: true, target },
    );
    const fates = named && new Map(named.map((key): [string, Fate] => [key, 'waiting']));
    this.requests.push({ request, whole: !named, fates, withdrawn: false, effective: new Set() });
  }

  bind(): void {
    const { begun } = this.ledger.bind(this.held, (key) => `lacks ${key}`);
    for (const key of begun) expect(this.ledger.inCharge(key), `newly in charge of ${key}`).not.to.equal(undefined);
    if (this.held.length === 0) return;
    for (const modelled of this.open()) {
      modelled.fates ??= new Map(this.held.map((key): [string, Fate] => [key, 'waiting']));
      for (const [key, fate] of modelled.fates) {
        if (fate !== 'waiting') continue;
        const lacking = modelled.whole ? 'left out' : { error: `lacks ${key}` };
        modelled.fates.set(key, this.held.includes(key) ? 'active' : lacking);
      }
    }
  }

  revoke(gone: string[]): void {
    this.held = this.held.filter((key) => !gone.includes(key));
    this.ledger.unbind(gone);
    for (const { fates, effective } of this.open()) {
      for (const key of gone) effective.delete(key);
      for (const key of gone) if (fates?.get(key) === 'active') fates.set(key, 'waiting');
    }
  }

  activeOn(key: string): Modelled[] {
    return this.open().filter(({ fates }) => fates?.get(key) === 'active');
  }

  entry(key: string): SeekEntry | undefined {
    return this.ledger.inCharge(key);
  }

  apply(key: string): void {
    const entry = this.entry(key);
    if (!entry) return;
    const offset = this.clock++;
    for (const { fates, effective } of this.activeOn(key)) {
      fates!.set(key, { offset });
      effective.add(key);
    }
    this.ledger.applied(entry, offset);
  }

  fail(key: string): void {
    const entry = this.entry(key);
    if (!entry) return;
    const error = `failed ${this.clock++}`;
    const active = this.activeOn(key);
    active.at(-1)!.fates!.set(key, { error });
    expect(this.ledger.failed(entry, error).promoted, 'another one is in charge').to.equal(active.length > 1);
  }

  withdraw(index: number): void {
    const modelled = this.open()[index];
    if (!modelled) return;
    modelled.withdrawn = true;
    this.ledger.withdraw(modelled.request);
  }

  open(): Modelled[] {
    return this.requests.filter((modelled) => !modelled.withdrawn && !this.isOver(modelled));
  }

  isOver({ fates }: Modelled): boolean {
    return fates !== null && [...fates.values()].every((fate) => fate !== 'waiting' && fate !== 'active');
  }

  /** A request that has not ended is for it; where that took effect, unless the partition was taken away since. */
  isHeldBack(key: string): boolean {
    return this.open().some(({ fates, effective }) => {
      const fate = fates === null ? 'waiting' : fates.get(key);
      return fate === 'waiting' || fate === 'active' || effective.has(key);
    });
  }

  check(): void {
    for (const key of keys) {
      expect(this.ledger.inCharge(key)?.request, `in charge of ${key}`).to.equal(this.activeOn(key).at(-1)?.request);
      expect(this.ledger.holdsBack(key), `holds ${key} back`).to.equal(this.isHeldBack(key));
    }
    for (const modelled of this.requests) {
      if (modelled.withdrawn || !this.isOver(modelled)) {
        expect(this.ledger.outcomesOf(modelled.request)).to.have.length(0);
        continue;
      }
      const fates = [...modelled.fates!];
      expect(this.ledger.outcomesOf(modelled.request)).to.deep.equal([
        {
          positions: fates.flatMap(([key, fate]) =>
            typeof fate === 'object' && 'offset' in fate ? [{ key, ...fate }] : [],
          ),
          failed: fates.flatMap(([key, fate]) =>
            typeof fate === 'object' && 'error' in fate ? [{ key, ...fate }] : [],
          ),
        },
      ]);
    }
    expect(this.ledger.open).to.have.members(this.open().map(({ request }) => request));
  }
}

const key = fc.constantFrom(...keys);
const some = fc.uniqueArray(key, { minLength: 1 });
const step = fc.oneof(
  some.map((named) => ({ name: `seek(${named.join()})`, run: (world: World) => world.ask(named) })),
  fc.constant({ name: 'seek()', run: (world: World) => world.ask(null) }),
  fc.constant({ name: 'bind', run: (world: World) => world.bind() }),
  some.map((added) => ({
    name: `assign(${added.join()})`,
    run: (world: World) => {
      world.held = [...new Set([...world.held, ...added])];
      world.bind();
    },
  })),
  some.map((gone) => ({ name: `revoke(${gone.join()})`, run: (world: World) => world.revoke(gone) })),
  key.map((one) => ({ name: `applied(${one})`, run: (world: World) => world.apply(one) })),
  key.map((one) => ({ name: `failed(${one})`, run: (world: World) => world.fail(one) })),
  fc.nat(3).map((index) => ({ name: `withdraw(${index})`, run: (world: World) => world.withdraw(index) })),
);

describe('seek ledger, by chance', () => {
  it('never forgets, doubles or mixes up a seek, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World();
        for (const { run } of steps) {
          run(world);
          world.check();
        }
      }),
      { numRuns: 3000, verbose: 1 },
    );
  });
});
