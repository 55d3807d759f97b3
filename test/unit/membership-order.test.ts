import { expect } from 'chai';
import { deferred } from '../../lib/client/deferred.js';
import { Membership } from '../../lib/consumer/membership.js';
import { type KafkaError, destroyed } from '../../lib/errors.js';
import { rejection } from '../helpers/rejection.js';

// subscribe(), assign() and unsubscribe() of a consumer, called without waiting for each other. The last call decides, and what
// is refused changes nothing.

function scene() {
  const log: string[] = [];
  const over = { closing: false };
  const membership = new Membership(
    (operation) => {
      if (over.closing) throw destroyed(operation);
    },
    () => log.push('none'),
  );
  const gates = new Map<string, ReturnType<typeof deferred<void>>>();
  const step = (name: string) => async () => {
    log.push(`${name} begins`);
    const gate = deferred<void>();
    gates.set(name, gate);
    await gate.promise;
    log.push(`${name} ends`);
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    log,
    over,
    membership,
    turn,
    subscribe: (name = 'subscribe') => membership.subscribe(step(name), () => log.push(`${name} entered`)),
    assign: () => membership.assign(step('assign')),
    leave: () => membership.leave((mode) => step(`leave ${mode}`)()),
    end: async (name: string) => {
      await turn();
      gates.get(name)!.resolve();
      await turn();
    },
    fail: async (name: string) => {
      await turn();
      gates.get(name)!.reject(new Error('refused'));
      await turn();
    },
  };
}

describe('calls of subscribe(), assign() and unsubscribe()', () => {
  it('begin at once where nothing is under way', () => {
    const { log, assign, membership } = scene();
    void assign();
    expect(log).to.deep.equal(['assign begins']);
    expect(membership.mode).to.equal('assigned');
  });

  it('run one after the other, in their order', async () => {
    const { log, membership, subscribe, assign, leave, end } = scene();
    const all = Promise.all([subscribe(), leave(), assign()]);
    expect([membership.expects, membership.leaving]).to.deep.equal([true, true]);
    await end('subscribe');
    expect(membership.mode).to.equal('subscribed');
    await end('leave subscribed');
    expect([membership.mode, membership.leaving]).to.deep.equal(['assigned', false]);
    await end('assign');
    await all;
    expect(log.filter((line) => line.endsWith('begins'))).to.deep.equal([
      'subscribe begins',
      'leave subscribed begins',
      'assign begins',
    ]);
    expect(membership.mode).to.equal('assigned');
  });

  it('leave everything as it was where they are refused', async () => {
    const { log, membership, subscribe, fail, end } = scene();
    const first = subscribe();
    await end('subscribe');
    await first;
    const refused = rejection(subscribe('second'));
    await fail('second');
    expect(((await refused) as Error).message).to.equal('refused');
    expect(membership.mode).to.equal('subscribed');
    expect(log).to.deep.equal(['subscribe begins', 'subscribe ends', 'subscribe entered', 'second begins']);
  });

  it('leave a consumer without anything, and say so, where the first is refused', async () => {
    const { log, membership, subscribe, fail } = scene();
    const refused = rejection(subscribe());
    await fail('subscribe');
    await refused;
    expect([membership.mode, membership.expects]).to.deep.equal(['none', false]);
    expect(log.at(-1)).to.equal('none');
  });

  it('are checked against what is in force when their turn comes', async () => {
    const { membership, subscribe, assign, leave, end } = scene();
    const done = [subscribe(), rejection(assign()), leave(), assign(), rejection(subscribe('late'))] as const;
    await end('subscribe');
    await end('leave subscribed');
    await end('assign');
    const [, tooEarly, , , tooLate] = await Promise.all(done);
    for (const error of [tooEarly, tooLate]) expect((error as KafkaError).code).to.equal('ERR__STATE');
    expect(membership.mode).to.equal('assigned');
  });

  it('take nothing on that is still waiting when the client closes', async () => {
    const { over, membership, assign, leave, subscribe, end } = scene();
    const [assigned, left, waiting] = [assign(), leave(), rejection(subscribe())];
    await end('assign');
    await assigned;
    over.closing = true;
    await end('leave assigned');
    await left;
    expect(((await waiting) as KafkaError).code).to.equal('ERR__DESTROY');
    expect(membership.mode).to.equal('none');
  });
});
