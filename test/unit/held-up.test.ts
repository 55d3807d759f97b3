import { expect } from 'chai';
import { heldUpByTransaction, uninitializedProducer } from '../../lib/client/held-up.js';

// Which producer initialises where a consumer is held up by an open transaction of its group.

function producer(servers: string) {
  const made = {
    servers,
    asked: 0,
    initialize: () => {
      made.asked++;
      return Promise.reject(new Error('which the first transaction will tell'));
    },
  };
  return made;
}

describe('a consumer that is held up by an open transaction', () => {
  it('asks the one producer of its brokers', () => {
    const [here, there] = [producer('here:1'), producer('there:1')];
    const takeOff = [uninitializedProducer(here), uninitializedProducer(there)];
    heldUpByTransaction('here:1');
    expect([here.asked, there.asked]).to.deep.equal([1, 0]);
    for (const one of takeOff) one();
  });

  it('asks none of several, whose ids others may be at work with', () => {
    const two = [producer('here:1'), producer('here:1')] as const;
    const takeOff = two.map(uninitializedProducer);
    heldUpByTransaction('here:1');
    expect(two.map(({ asked }) => asked)).to.deep.equal([0, 0]);
    takeOff[0]!(); // which has initialised
    heldUpByTransaction('here:1');
    expect(two.map(({ asked }) => asked)).to.deep.equal([0, 1]);
    takeOff[1]!();
  });

  it('asks none that has initialised', () => {
    const one = producer('here:1');
    uninitializedProducer(one)();
    heldUpByTransaction('here:1');
    expect(one.asked).to.equal(0);
  });
});
