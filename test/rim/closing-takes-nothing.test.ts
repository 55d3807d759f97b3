import { expect } from 'chai';
import { Program } from '../helpers/program.js';

// A listener's calls work until the end of a consumer that closes: it may commit there, and unsubscribe. What it must not
// do is to subscribe, or to assign: a group that ended with a subscription ended the process, by an assertion of librdkafka.

const prelude = `
  import { Consumer, MockCluster } from 'seekafka';
  const cluster = await MockCluster.start();
  cluster.createTopic('t', 2);
  const alive = setInterval(() => {}, 1000);
  const how = (promise) => promise.then(() => 'resolved', (error) => error.code);
  const told = [];
  const tell = async (name, promise) => told.push(name + ' ' + await how(promise));
  async function life(name, config, listener) {
    const consumer = new Consumer({ 'bootstrap.servers': cluster.bootstrapServers, 'group.id': name, ...config });
    let closes;
    const closed = new Promise((resolve) => { closes = () => resolve(consumer.close()); });
    const { whenAssigned, ...callbacks } = listener(consumer, closes);
    if (whenAssigned) consumer.on('assigned', whenAssigned);
    await consumer.subscribe('t', callbacks);
    await closed;
  }
  const protocols = { eager: {}, cooperative: { 'partition.assignment.strategy': 'cooperative-sticky' } };
`;

const lives = {
  'a subscription in onRevoked': `(consumer, close) => ({ whenAssigned: close, onRevoked: () => tell('subscribe', consumer.subscribe('t')) })`,
  'several, and another topic': `(consumer, close) => ({ whenAssigned: close, async onRevoked() {
    await Promise.all([1, 2, 3].map(() => tell('subscribe', consumer.subscribe(/t.*/))));
    await tell('subscribe', consumer.subscribe(['t', 'u']));
  } })`,
  'close(), unsubscribe() and subscribe() in onAssigned': `(consumer, close) => ({ async onAssigned() {
    close();
    await tell('unsubscribe', consumer.unsubscribe());
    await tell('subscribe', consumer.subscribe('t'));
  } })`,
  'subscribe() behind a turn of the event loop': `(consumer, close) => ({ whenAssigned: close, async onRevoked() {
    await new Promise(setImmediate);
    await tell('commit', consumer.commit([{ topic: 't', partition: 0, offset: 0 }]));
    await tell('subscribe', consumer.subscribe('t'));
  } })`,
  'assign() in onRevoked': `(consumer, close) => ({ whenAssigned: close, async onRevoked() {
    await tell('assign', consumer.assign([{ topic: 't', partition: 0 }]));
  } })`,
  'a subscription in the event': `(consumer, close) => {
    consumer.on('revoked', () => void tell('subscribe', consumer.subscribe('t')));
    return { whenAssigned: close };
  }`,
};

describe('a consumer that closes', () => {
  it('takes nothing on, whatever its listeners ask for, and ends', async () => {
    await using program = new Program(`${prelude}
      for (const [protocol, config] of Object.entries(protocols)) {
        for (const [i, listener] of [${Object.values(lives).join(',\n')}].entries()) {
          told.length = 0;
          await life(protocol + i, config, listener);
          await new Promise(setImmediate);
          console.log(told.join(', '));
        }
      }
      await cluster.close();
      clearInterval(alive);`);
    const { code, signal, stderr } = await program.ended;
    expect({ code, signal, stderr }).to.deep.equal({ code: 0, signal: null, stderr: '' });
    const one = 'subscribe ERR__DESTROY';
    const expected = [
      one,
      [one, one, one, one].join(', '),
      `unsubscribe resolved, ${one}`,
      `commit resolved, ${one}`,
      'assign ERR__DESTROY',
      one,
    ];
    expect(program.lines).to.deep.equal([...expected, ...expected]);
  });
});
