import { Consumer, type SeekOptions } from 'seekafka';
import { type Row, placeOf, rowsOf } from './history.js';
import { text } from './member.js';
import { PLAIN_PARTITIONS, TX_PARTITIONS, type World, pause } from './world.js';

/** Without a group: goes somewhere, and reads from there up to the end, again and again. */
export class EndReader {
  readonly #consumer: Consumer;
  #running: Promise<void> = Promise.resolve();

  constructor(
    readonly world: World,
    readonly name: string,
  ) {
    world.history.actor(name, { reads: 'messages', seeks: true });
    this.#consumer = new Consumer({ ...world.connection(false), 'auto.offset.reset': 'earliest' });
    this.#consumer.on('error', (error) => world.history.note(name, 'error', String(error)));
    this.#consumer.on('offsetReset', (reset) => world.history.note(name, 'offsetReset', JSON.stringify(reset)));
  }

  async start(): Promise<void> {
    const { world, name } = this;
    const { plain, tx } = world.topics;
    const all = [
      ...Array.from({ length: PLAIN_PARTITIONS }, (_, partition) => ({ topic: plain, partition, offset: 0 })),
      ...Array.from({ length: TX_PARTITIONS }, (_, partition) => ({ topic: tx, partition, offset: 0 })),
    ];
    const rows = all.map((row): Row => [placeOf(row), 0]);
    await world.history.call(name, 'assign', { rows }, () => this.#consumer.assign(all));
    this.#running = this.#run();
  }

  async close(): Promise<void> {
    await this.world.history.call(this.name, 'close', {}, () => this.#consumer.close());
    await this.world.patiently(this.#running);
  }

  async #run(): Promise<void> {
    const { world, name } = this;
    const random = world.random(name);
    while (world.reading) {
      await world.history.call(name, 'read', { until: 'end' }, () => this.#read()).catch(() => pause(100));
      if (!world.reading) return;
      await pause(random.integer(0, 1500));
      await this.#go(random.integer(0, 4)).catch(() => undefined);
    }
  }

  async #read(): Promise<void> {
    const { history } = this.world;
    for await (const message of this.#consumer.messages({ until: 'end' })) {
      history.message(this.name, placeOf(message), message.offset, text(message));
    }
  }

  async #go(where: number): Promise<unknown> {
    const { name } = this;
    const { history } = this.world;
    const consumer = this.#consumer;
    const options: SeekOptions = { timeoutMs: 15_000 };
    switch (where) {
      case 0:
        return history.call(name, 'seekToBeginning', {}, () => consumer.seekToBeginning(undefined, options), rowsOf);
      case 1:
        return history.call(
          name,
          'seekToLast',
          { number: 30 },
          () => consumer.seekToLast(30, undefined, options),
          rowsOf,
        );
      case 2:
        return history.call(name, 'seekBy', { number: -50 }, () => consumer.seekBy(-50, undefined, options), rowsOf);
      case 3:
        return history.call(name, 'seekToEnd', {}, () => consumer.seekToEnd(undefined, options), rowsOf);
      default:
        return undefined; // on from where it is
    }
  }
}
