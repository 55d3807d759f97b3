// An independent client: kafkajs, past the proxies. It sees what groups have committed, and reads the logs at the end.

import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import type { History, Place, Row } from './history.js';
import { pause } from './world.js';

const READ_LIMIT_MS = 180_000;

export class Witness implements AsyncDisposable {
  readonly #kafka: Kafka;
  #admin: Admin | null = null;

  constructor(brokers: string) {
    process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
    this.#kafka = new kafkajs.Kafka({
      brokers: brokers.split(','),
      logLevel: kafkajs.logLevel.NOTHING,
      requestTimeout: 5000,
      retry: { retries: 3, maxRetryTime: 2000 },
    });
  }

  async #connected(): Promise<Admin> {
    if (this.#admin) return this.#admin;
    const admin = this.#kafka.admin();
    await admin.connect();
    return (this.#admin = admin);
  }

  async #ask<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#connected());
    } catch (error) {
      const old = this.#admin;
      this.#admin = null; // a new one knows nothing old
      await old?.disconnect().catch(() => undefined);
      throw error;
    }
  }

  async committed(group: string, topics: readonly string[]): Promise<Row[]> {
    const found = await this.#ask((admin) => admin.fetchOffsets({ groupId: group, topics: [...topics] }));
    return found.flatMap(({ topic, partitions }) =>
      partitions
        .filter(({ offset }) => Number(offset) >= 0)
        .map(({ partition, offset }): Row => [`${topic}/${partition}`, Number(offset)]),
    );
  }

  async ends(topic: string): Promise<Row[]> {
    const found = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return found.map(({ partition, high }): Row => [`${topic}/${partition}`, Number(high)]);
  }

  /** Writes into the history all that `read_committed` shows of these topics, up to their ends. */
  async tell(history: History, topics: readonly string[]): Promise<void> {
    const logs = new Map<Place, { rows: [number, string, number][]; end: number; reached: number }>();
    for (const topic of topics) {
      for (const [place, end] of await again(() => this.ends(topic))) logs.set(place, { rows: [], end, reached: 0 });
    }
    const group = `witness-${Math.random().toString(36).slice(2)}`;
    const consumer = this.#kafka.consumer({ groupId: group, maxWaitTimeInMs: 200, sessionTimeout: 30_000 });
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => {
        const log = logs.get(`${batch.topic}/${batch.partition}`)!;
        for (const { offset, value, timestamp } of batch.messages) {
          if (Number(offset) < log.reached) continue; // its own redelivery
          log.rows.push([Number(offset), value?.toString() ?? '', Number(timestamp)]);
          log.reached = Number(offset) + 1;
        }
        // What was fetched, shown or not: markers and aborted messages count.
        const raw = (batch as unknown as { rawMessages?: { offset: string }[] }).rawMessages ?? batch.messages;
        const last = raw.at(-1);
        if (last) log.reached = Math.max(log.reached, Number(last.offset) + 1);
        return Promise.resolve();
      },
    });
    const until = performance.now() + READ_LIMIT_MS;
    try {
      while ([...logs.values()].some(({ reached, end }) => reached < end)) {
        if (performance.now() > until) {
          const left = [...logs]
            .filter(([, { reached, end }]) => reached < end)
            .map(([p, l]) => `${p} ${l.reached} of ${l.end}`);
          throw new Error(`kafkajs did not come to the ends of the logs: ${left.join()}`);
        }
        await pause(50);
      }
    } finally {
      await consumer.disconnect();
    }
    for (const [p, { rows, end }] of logs) history.write({ k: 'log', p, rows, end });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#admin?.disconnect().catch(() => undefined);
  }
}

/** Until it works: a look from outside may come at a bad moment. */
export async function again<T>(work: () => Promise<T>, limitMs = 120_000): Promise<T> {
  const until = performance.now() + limitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(300);
    }
  }
}
