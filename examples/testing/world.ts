// What each test has for itself: brokers inside of its own process, the service, and clients that play the rest of the world.

import { Consumer, MockCluster, Producer } from 'seekafka';
import { serveBilling } from './billing.ts';

export class World implements AsyncDisposable {
  private readonly stop = new AbortController();
  private readonly serving: Promise<void>;
  private readonly producer: Producer;
  private readonly consumer: Consumer;

  static async start(): Promise<World> {
    const cluster = await MockCluster.start();
    cluster.createTopic('orders', 2);
    cluster.createTopic('invoices', 1);
    return new World(cluster);
  }

  private constructor(readonly cluster: MockCluster) {
    const config = { 'bootstrap.servers': cluster.bootstrapServers };
    this.producer = new Producer(config);
    this.consumer = new Consumer(config); // it assigns by hand and needs no group
    for (const client of [this.producer, this.consumer]) client.on('error', () => undefined);
    this.serving = serveBilling(cluster.bootstrapServers, this.stop.signal);
  }

  async order(customer: string, value: { pieces: number; price: number }): Promise<void> {
    await this.producer.send({ topic: 'orders', key: customer, value: JSON.stringify(value) });
  }

  /** The first invoices, as soon as there are so many. */
  async invoices(count: number): Promise<[customer: string, total: number][]> {
    await this.consumer.assign([{ topic: 'invoices', partition: 0, offset: 0 }]);
    const found: [string, number][] = [];
    for await (const { key, value } of this.consumer) {
      found.push([String(key), (JSON.parse(String(value)) as { total: number }).total]);
      if (found.length === count) break;
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort();
    await this.serving; // what it rejects with fails the test
    await Promise.all([this.producer.close(), this.consumer.close()]);
    await this.cluster.close();
  }
}
