// The topics that are read, filled once for a run, and the check of what was produced.

import { randomBytes } from 'node:crypto';
import { Admin, Consumer, Producer } from 'seekafka';
import type { Topic } from './experiments.js';

export class Topics {
  readonly #servers: string;
  readonly #admin: Admin;
  readonly #filled = new Map<string, Promise<string>>();
  readonly #names = new Set<string>();

  constructor(servers: string) {
    this.#servers = servers;
    this.#admin = new Admin({ 'bootstrap.servers': servers });
  }

  /** A new, empty one. */
  async create(partitions: number): Promise<string> {
    const topic = `seekafka-bench-${randomBytes(4).toString('hex')}`;
    this.#names.add(topic);
    await this.#admin.createTopics([{ topic, partitions }]);
    return topic;
  }

  /** The one that is filled as is said. */
  filled(spec: Topic): Promise<string> {
    const key = JSON.stringify(spec);
    let topic = this.#filled.get(key);
    if (!topic) this.#filled.set(key, (topic = this.#fill(spec)));
    return topic;
  }

  /** Message n carries n in its first four bytes, and lies in partition n % partitions. */
  async #fill({ partitions, messages, bytes, compression }: Topic): Promise<string> {
    const topic = await this.create(partitions);
    await using producer = new Producer({
      'bootstrap.servers': this.#servers,
      'linger.ms': 50,
      'batch.size': 500_000,
      'compression.type': compression ?? 'none',
    });
    const chunk = Math.min(20_000, Math.ceil(20_000_000 / bytes));
    for (let from = 0; from < messages; from += chunk) {
      await producer.send(
        Array.from({ length: Math.min(chunk, messages - from) }, (_, i) => {
          const n = from + i;
          return { topic, partition: n % partitions, value: payload(n, bytes) };
        }),
      );
    }
    return topic;
  }

  /** How many messages a topic has, and the sum of their numbers. */
  async tally(topic: string, partitions: number): Promise<{ count: number; sum: number }> {
    await using consumer = new Consumer({ 'bootstrap.servers': this.#servers });
    const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const ends = await consumer.endOffsets(all);
    const total = ends.reduce((sum, { offset }) => sum + offset, 0);
    let count = 0;
    let sum = 0;
    if (total === 0) return { count, sum };
    await consumer.assign(all.map((partition) => ({ ...partition, offset: 0 })));
    for await (const batch of consumer.batches()) {
      for (const message of batch) sum += message.value!.readUInt32LE(0);
      if ((count += batch.length) >= total) break;
    }
    return { count, sum };
  }

  async remove(topic: string): Promise<void> {
    this.#names.delete(topic);
    await this.#admin.deleteTopics([topic]);
  }

  async close(): Promise<void> {
    if (this.#names.size) await this.#admin.deleteTopics([...this.#names]);
    await this.#admin.close();
  }
}

/** Text of the kind that services send, which compresses about as well. */
function payload(n: number, bytes: number): Buffer {
  const value = Buffer.alloc(
    bytes,
    `{"id":${n},"user":"u${(n * 7919) % 10007}","state":"open","amount":${(n * 31) % 997}}`,
  );
  value.writeUInt32LE(n, 0);
  return value;
}
