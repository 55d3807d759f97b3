// Consume, transform, produce, by transactions: each message of `plain` becomes one of `out`.

import { Consumer, KafkaError, type MessageBatch, Producer } from 'seekafka';
import { type Row, placeOf, rowsOf } from './history.js';
import { text } from './member.js';
import { OUT_PARTITIONS, type Protocol, type World, pause, protocolConfig } from './world.js';

const GIVEN_UP = 'given up';

export class Pipeline {
  readonly consumer: Consumer;
  #producer: Producer;
  #count = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(
    readonly world: World,
    readonly name: string,
    readonly group: string,
    readonly protocol: Protocol,
  ) {
    world.history.actor(name, { group, protocol, reads: 'batches', seeks: true });
    this.consumer = new Consumer({
      ...world.connection(false),
      ...protocolConfig(protocol),
      'group.id': group,
      'auto.offset.reset': 'earliest',
      'enable.auto.commit': false,
    });
    this.consumer.on('error', (error) => world.history.note(name, 'error', String(error)));
    this.consumer.on('offsetReset', (reset) => world.history.note(name, 'offsetReset', JSON.stringify(reset)));
    this.#producer = this.#make();
  }

  #make(): Producer {
    const producer = new Producer({
      ...this.world.connection(false),
      'transactional.id': this.group,
      'transaction.timeout.ms': 10_000,
    });
    producer.on('error', (error) => this.world.history.note(this.name, 'error', String(error)));
    return producer;
  }

  async start(): Promise<void> {
    const { world, name, consumer } = this;
    await this.#initialize();
    await world.history.call(name, 'subscribe', {}, () =>
      consumer.subscribe(world.topics.plain, {
        onAssigned: (rows) => world.history.event(name, 'assigned', rows.map(placeOf)),
        onRevoked: (rows) => world.history.event(name, 'revoked', rows.map(placeOf)),
        onLost: (rows) => world.history.event(name, 'lost', rows.map(placeOf)),
      }),
    );
    this.#running = this.#run();
  }

  async #initialize(): Promise<void> {
    while (this.world.reading) {
      try {
        return await this.world.history.call(this.name, 'initTransactions', {}, () =>
          this.#producer.initTransactions(),
        );
      } catch {
        await pause(200);
      }
    }
  }

  async close(): Promise<void> {
    await this.world.history.call(this.name, 'close', {}, () => this.consumer.close());
    await this.world.patiently(this.#running);
    await this.world.history.call(this.name, 'close', {}, () => this.#producer.close());
  }

  async #run(): Promise<void> {
    const { world, name, consumer } = this;
    const random = world.random(name);
    while (world.reading) {
      try {
        for await (const batch of consumer.batches({ maxMessages: 60 })) {
          if (await this.#transform(batch, random.chance(0.1))) continue;
          await this.#goBack();
          break; // what it holds of the batch counts no more
        }
        if (consumer.health().state === 'closed') return;
      } catch (error) {
        if (!world.reading) return;
        world.history.note(name, 'trouble', `its loop ended with ${String(error)}`);
        await pause(200);
      }
    }
  }

  /** Gives back whether it is committed. */
  async #transform(batch: MessageBatch, givesUp: boolean): Promise<boolean> {
    const { world, name, consumer } = this;
    const { history, topics } = world;
    const outputs = [...batch].map((message) => {
      history.message(name, placeOf(message), message.offset, text(message));
      const value = `${placeOf(message)}@${message.offset}`;
      return { topic: topics.out, partition: message.partition % OUT_PARTITIONS, value };
    });
    if (outputs.length === 0) return true;
    const tx = `${name}.tx${this.#count++}`;
    try {
      await history.call(name, 'transaction', { tx, ...(givesUp ? { gives: 'up' } : {}) }, () =>
        this.#producer.transaction(async (transaction) => {
          const values = outputs.map((output): [string, string] => [placeOf(output), output.value]);
          const sent = history.call(
            name,
            'send',
            { values, tx },
            () => transaction.send(outputs),
            (results) => results.map((result): Row => [placeOf(result), result.offset]),
          );
          if (!givesUp) history.done(name); // the commit says so
          await Promise.all([
            sent,
            history.call(name, 'sendOffsets', {}, () => transaction.sendOffsets(consumer, batch)),
          ]);
          if (givesUp) throw new Error(GIVEN_UP);
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof KafkaError && error.fatal) {
        const old = this.#producer;
        await history.call(name, 'close', {}, () => old.close());
        this.#producer = this.#make();
        await this.#initialize();
      }
      return false;
    }
  }

  /** To what is committed; as long as that is not known, nothing is read on. */
  async #goBack(): Promise<void> {
    const { world, name, consumer } = this;
    while (world.reading) {
      try {
        const limits = { timeoutMs: 10_000 };
        await world.history.call(
          name,
          'seekToCommitted',
          {},
          () => consumer.seekToCommitted(undefined, limits),
          rowsOf,
        );
        return;
      } catch {
        await pause(100);
      }
    }
  }
}
