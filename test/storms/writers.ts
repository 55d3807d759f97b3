import { KafkaError, Producer } from 'seekafka';
import { type Row, placeOf } from './history.js';
import { PLAIN_PARTITIONS, TX_PARTITIONS, type World, pause } from './world.js';

/** So many calls of send() of a writer are open at most. */
const OPEN_SENDS = 20;
const SEND_EVERY_MS = 60;

/** Sends to `plain`, several calls at once, in the order of its numbers. */
export async function writePlain(world: World, name: string, login: boolean): Promise<void> {
  const { history, topics } = world;
  const random = world.random(name);
  const producer = new Producer({
    ...world.connection(login),
    'enable.idempotence': true,
    'message.timeout.ms': 30_000,
    'linger.ms': random.pick([0, 1, 5]),
  });
  producer.on('error', (error) => history.note(name, 'error', String(error)));
  if (login) world.logins.add(producer);
  const open = new Set<Promise<unknown>>();
  for (let number = 0; world.busy;) {
    const messages = Array.from({ length: random.integer(1, 8) }, () => ({
      topic: topics.plain,
      partition: random.integer(0, PLAIN_PARTITIONS - 1),
      key: `k${random.integer(0, 6)}`,
      value: `${name}.${number++}`,
    }));
    const one = messages.length === 1;
    const values = messages.map((message): [string, string] => [placeOf(message), message.value]);
    const sent = history
      .call(
        name,
        'send',
        { values },
        async () => (one ? [await producer.send(messages[0]!)] : await producer.send(messages)),
        (results) => results.map((result): Row => [placeOf(result), result.offset]),
      )
      .catch(() => undefined)
      .finally(() => open.delete(sent));
    history.counts.sent += messages.length;
    open.add(sent);
    while (open.size >= OPEN_SENDS) await Promise.race(open);
    await pause(random.integer(0, 2 * SEND_EVERY_MS));
  }
  await Promise.all(open);
  await history.call(name, 'close', {}, () => producer.close());
  world.logins.delete(producer);
}

/** Sends to `tx` in transactions, of which a third gives up. */
export async function writeTransactions(world: World, name: string): Promise<void> {
  const { history, topics } = world;
  const random = world.random(name);
  const make = () => {
    const made = new Producer({
      ...world.connection(false),
      'transactional.id': `${name}-${topics.tx}`,
      'transaction.timeout.ms': 10_000,
    });
    made.on('error', (error) => history.note(name, 'error', String(error)));
    return made;
  };
  let producer = make();
  for (let number = 0, count = 0; world.busy; count++) {
    const tx = `${name}.tx${count}`;
    const givesUp = random.chance(0.33);
    const calls = random.integer(1, 3);
    try {
      await history.call(name, 'transaction', { tx, ...(givesUp ? { gives: 'up' } : {}) }, () =>
        producer.transaction(async (transaction) => {
          for (let i = 0; i < calls; i++) {
            const messages = Array.from({ length: random.integer(1, 6) }, () => ({
              topic: topics.tx,
              partition: random.integer(0, TX_PARTITIONS - 1),
              value: `${name}.${number++}`,
            }));
            history.counts.sent += messages.length;
            const values = messages.map((message): [string, string] => [placeOf(message), message.value]);
            await history.call(
              name,
              'send',
              { values, tx },
              () => transaction.send(messages),
              (results) => results.map((result): Row => [placeOf(result), result.offset]),
            );
          }
          if (givesUp) throw new Error('given up');
        }),
      );
    } catch (error) {
      if (error instanceof KafkaError && error.fatal) {
        const old = producer;
        await history.call(name, 'close', {}, () => old.close());
        producer = make();
      }
      await pause(50);
    }
    await pause(random.integer(0, 150));
  }
  await history.call(name, 'close', {}, () => producer.close());
}
