import { appendFileSync } from 'node:fs';
import { Consumer, type ConsumerConfig, KafkaError, type Message, type TopicPartition } from 'seekafka';
import { type ActorKind, placeOf } from './history.js';
import { act } from './acts.js';
import type { Random } from './random.js';
import { type Protocol, type World, pause, protocolConfig } from './world.js';

export interface MemberOptions {
  readonly group: string;
  readonly protocol: Protocol;
  readonly reads: Exclude<ActorKind['reads'], 'none'>;
  readonly seeks: boolean;
  readonly login?: boolean;
  readonly topics: readonly string[];
}

/** A member of a group: it reads in one of the ways, and records what it is given. While it reads, it seeks, pauses, commits and asks. */
export class Member {
  readonly consumer: Consumer;
  readonly random: Random;
  readonly #stop = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  #acting: Promise<void> = Promise.resolve();
  #acts = true;

  constructor(
    readonly world: World,
    readonly name: string,
    readonly options: MemberOptions,
  ) {
    const { group, protocol, reads, seeks, login = false } = options;
    // STORM_DEBUG=FILE STORM_DEBUG_ACTOR=NAME: what librdkafka logs for that member.
    const debugFile = process.env['STORM_DEBUG'];
    const debugged = debugFile !== undefined && (process.env['STORM_DEBUG_ACTOR'] ?? name) === name;
    const config: ConsumerConfig = {
      ...world.connection(login),
      ...protocolConfig(protocol),
      'group.id': group,
      'auto.offset.reset': 'earliest',
      'auto.commit.interval.ms': 300,
      ...(debugged ? { debug: 'cgrp,consumer,topic,fetch,metadata' } : {}),
    };
    world.history.actor(name, { group, protocol, reads, seeks });
    this.random = world.random(name);
    this.consumer = new Consumer(config);
    if (debugged) {
      this.consumer.on('log', ({ facility, message }) => {
        appendFileSync(debugFile, `${world.history.now} ${name} ${facility} ${message}\n`);
      });
    }
    this.consumer.on('error', (error) => world.history.note(name, 'error', String(error)));
    this.consumer.on('offsetReset', (reset) => world.history.note(name, 'offsetReset', JSON.stringify(reset)));
    if (login) world.logins.add(this.consumer);
  }

  async start(): Promise<void> {
    const { world, name } = this;
    const told = (f: 'assigned' | 'revoked' | 'lost') => (rows: readonly TopicPartition[]) =>
      world.history.event(name, f, rows.map(placeOf));
    await world.history.call(name, 'subscribe', {}, () =>
      this.consumer.subscribe(this.options.topics, {
        onAssigned: async (rows) => {
          told('assigned')(rows);
          if (this.seeksNow && this.random.chance(0.2)) await act(this, rows).catch(() => undefined);
        },
        onRevoked: told('revoked'),
        onLost: told('lost'),
      }),
    );
    this.#reading = this.#read();
    this.#acting = this.#act();
  }

  get seeksNow(): boolean {
    return this.#acts && this.options.seeks;
  }

  /** It seeks, pauses and commits no more: only reads on. */
  async settle(): Promise<void> {
    this.#acts = false;
    await this.world.patiently(this.#acting);
    this.consumer.resume();
  }

  async close(): Promise<void> {
    const { world, name } = this;
    this.#acts = false;
    this.#stop.abort();
    await world.history.call(name, 'close', {}, () => this.consumer.close());
    world.logins.delete(this.consumer);
    await this.world.patiently(Promise.all([this.#acting, this.#reading]));
  }

  get #over(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Loops, one after the other, as long as it lives. */
  async #read(): Promise<void> {
    const { history } = this.world;
    const { reads, login } = this.options;
    while (!this.#over) {
      try {
        if (reads === 'messages') await this.#byMessage();
        else if (reads === 'batches') await this.#byBatch();
        else await this.#byHandlers(reads === 'process by key');
      } catch (error) {
        if (this.#over && error instanceof KafkaError && error.code === 'ERR__DESTROY') return;
        const refused = login && error instanceof KafkaError && error.code.includes('AUTH');
        history.note(this.name, refused ? 'error' : 'trouble', `its loop ended with ${String(error)}`);
        await pause(200);
      }
    }
  }

  async #byMessage(): Promise<void> {
    const { consumer, name, random } = this;
    const { history } = this.world;
    history.done(name);
    for await (const message of consumer) {
      history.message(name, placeOf(message), message.offset, text(message));
      if (random.chance(0.03)) await pause(random.integer(0, 15));
      if (random.chance(0.005)) {
        history.done(name);
        await this.quietly('commit', () => consumer.commit(message, { timeoutMs: 15_000 }));
      }
      if (this.seeksNow && random.chance(0.002)) await act(this).catch(() => undefined);
      if (random.chance(0.002)) break;
      history.done(name);
    }
  }

  async #byBatch(): Promise<void> {
    const { consumer, name, random } = this;
    const { history } = this.world;
    history.done(name);
    const limits = random.chance(0.5) ? { maxMessages: random.integer(1, 300) } : { minMessages: 20, maxWaitMs: 50 };
    for await (const batch of consumer.batches(limits)) {
      for (const message of batch) history.message(name, placeOf(message), message.offset, text(message));
      if (random.chance(0.1)) await pause(random.integer(0, 30));
      if (random.chance(0.02)) {
        history.done(name);
        await this.quietly('commit', () => consumer.commit(batch, { timeoutMs: 15_000 }));
      }
      if (random.chance(0.02)) break;
      history.done(name);
    }
  }

  #byHandlers(byKey: boolean): Promise<void> {
    const { consumer, name, random } = this;
    const { history } = this.world;
    return consumer.process(
      async (message, { signal, attempt }) => {
        const [place, { offset }] = [placeOf(message), message];
        const key = message.key?.toString() ?? `none ${offset}`;
        history.message(name, place, offset, text(message), byKey ? { n: attempt, key } : { n: attempt });
        if (random.chance(0.2)) await pause(random.integer(0, 5));
        // What is in work for long is not committed.
        if (random.chance(byKey ? 0.01 : 0.003)) await pause(random.integer(400, 1200));
        if (random.chance(0.01) && attempt < 5) throw new Error('once more');
        if (!signal.aborted) history.done(name, place, offset);
      },
      {
        concurrency: 4,
        orderBy: byKey ? 'key' : 'partition',
        retry: { attempts: 10, backoffMs: 10 },
        drainTimeoutMs: 2000,
        signal: this.#stop.signal,
      },
    );
  }

  async #act(): Promise<void> {
    const { random } = this;
    while (this.#acts && !this.#over) {
      await pause(random.integer(200, 2500));
      if (!this.#acts || this.#over) return;
      await act(this).catch(() => undefined);
    }
  }

  /** A call that may fail. */
  async quietly(f: string, call: () => Promise<unknown>): Promise<void> {
    await this.world.history.call(this.name, f, {}, call).catch(() => undefined);
  }
}

export const text = (message: Message): string => message.value?.toString() ?? '';
