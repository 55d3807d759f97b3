import { getEventListeners } from 'node:events';
import { expect } from 'chai';
import type { Assignment } from '../../lib/assignment/assignment.js';
import { Partitions } from '../../lib/assignment/partitions.js';
import { Over } from '../../lib/client/waits.js';
import type { ConsumerSettings } from '../../lib/config/config.js';
import type { Targets } from '../../lib/lookups/targets.js';
import { SeekLedger } from '../../lib/seek/ledger.js';
import { Seeker } from '../../lib/seek/seeker.js';
import { rejection } from '../helpers/rejection.js';

// Thousands of seeks that wait and are withdrawn together, by one signal say. What one withdrawal costs must not grow with the
// seeks that wait beside it: ten thousand of them blocked the event loop for nine seconds. Of such numbers, quadratic work would
// take many minutes.

const MANY = 200_000;
const end = { kind: 'end' } as const;
const lack = (key: string) => `lacks ${key}`;

describe('seeks that are withdrawn by the thousand', () => {
  const orders: [string, (requests: unknown[]) => void][] = [
    ['the oldest first', () => undefined],
    ['the newest first', (requests) => requests.reverse()],
  ];
  for (const [name, inOrder] of orders) {
    it(`cost the ledger no more each than one alone: ${name}`, () => {
      const ledger = new SeekLedger<string>();
      const requests = Array.from({ length: MANY }, () => ledger.request({ whole: true, target: end }));
      ledger.bind(['a', 'b'], lack);
      inOrder(requests);
      for (const [i, request] of requests.entries()) {
        ledger.withdraw(request);
        if (ledger.holdsBack('a') !== i < MANY - 1) throw new Error(`what holds back is wrong after ${i}`);
      }
      expect([ledger.inCharge('a'), ledger.open.length]).to.deep.equal([undefined, 0]);
    });

    it(`nor where they wait for an assignment: ${name}`, () => {
      const ledger = new SeekLedger<string>();
      const requests = Array.from({ length: MANY }, (_, i) =>
        ledger.request({ whole: false, targets: new Map([[`p${i}`, end]]) }),
      );
      inOrder(requests);
      for (const request of requests) {
        ledger.withdraw(request);
        if (ledger.holdsBack('another')) throw new Error('nobody asked for it');
      }
      expect(ledger.open.length).to.equal(0);
    });
  }

  it('begin no look-up for each one that is in charge until the next is withdrawn', async () => {
    let lookups = 0;
    const targets = {
      find: (_: string, asked: readonly unknown[]) => {
        if (asked.length) lookups++;
        return Promise.resolve(asked.map(() => ({ offset: 7 })));
      },
    } as unknown as Targets;
    const partitions = new Partitions();
    let fetched = 0;
    const reposition = (to: readonly unknown[]) => (to.length ? new Promise(() => undefined) : Promise.resolve([]));
    const assignment = { fetchAgain: () => fetched++, reposition } as unknown as Assignment;
    const settings = { socketTimeoutMs: 1000 } as ConsumerSettings;
    const seeker = new Seeker(new Over(), partitions, assignment, targets, settings, () => Promise.resolve([]));
    const p = partitions.get('t', 0);
    partitions.hold([p]);
    p.place(0);
    p.settle(p.handOver());
    seeker.assignmentKnown = true;
    const controllers = Array.from({ length: 1000 }, () => new AbortController());
    const seeks = controllers.map(({ signal }) =>
      rejection(seeker.seek('seek', { whole: true, target: end }, { signal })),
    );
    await new Promise(setImmediate); // those that are not in charge have ended their look-ups in vain
    const asked = lookups;
    for (const controller of controllers.slice(1).reverse()) controller.abort();
    await Promise.all(seeks.slice(1));
    expect(lookups - asked, 'the one that is left').to.be.at.most(1);
    expect([p.delivers, fetched]).to.deep.equal([false, 0]);
    controllers[0]!.abort();
    await seeks[0];
    expect([p.delivers, fetched]).to.deep.equal([true, 1]);
  });

  it('have one listener of their signal together, and leave none', async () => {
    const over = new Over();
    const { signal } = new AbortController();
    const aborted = new AbortController();
    let answer!: () => void;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const waits = Array.from({ length: 1000 }, () => over.race('seek', answered, { signal }));
    const cut = Array.from({ length: 1000 }, () => rejection(over.race('seek', answered, { signal: aborted.signal })));
    for (const each of [signal, aborted.signal]) expect(getEventListeners(each, 'abort')).to.have.length(1);
    const reason = new Error('enough');
    aborted.abort(reason);
    expect(new Set(await Promise.all(cut))).to.deep.equal(new Set([reason]));
    answer();
    await Promise.all(waits);
    for (const each of [signal, aborted.signal]) expect(getEventListeners(each, 'abort')).to.have.length(0);
  });
});
