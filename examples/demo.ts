// Where an example reads: a topic of a Kafka, or, without KAFKA_BROKERS, one of the mock cluster with something in it.

import { MockCluster, Producer } from 'seekafka';

const PARTITIONS = 3;

export class Demo implements AsyncDisposable {
  readonly #cluster: MockCluster | null;
  readonly servers: string;
  readonly topic: string;

  private constructor(cluster: MockCluster | null, servers: string, topic: string) {
    this.#cluster = cluster;
    this.servers = servers;
    this.topic = topic;
  }

  static async start(topic = 'orders', messages = 30): Promise<Demo> {
    const servers = process.env['KAFKA_BROKERS'];
    if (servers) return new Demo(null, servers, topic);
    const cluster = await MockCluster.start();
    cluster.createTopic(topic, PARTITIONS);
    const demo = new Demo(cluster, cluster.bootstrapServers, topic);
    await demo.#send(0, messages);
    return demo;
  }

  /** One message after the other, until the signal; a real topic has its own producers. */
  async produce(signal: AbortSignal): Promise<void> {
    for (let n = 1000; this.#cluster && !signal.aborted; n++) {
      await this.#send(n, 1);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #send(first: number, count: number): Promise<void> {
    await using producer = new Producer({ 'bootstrap.servers': this.servers });
    const numbers = Array.from({ length: count }, (_, i) => first + i);
    await producer.send(
      numbers.map((n) => ({
        topic: this.topic,
        partition: n % PARTITIONS,
        key: `customer-${n % 7}`,
        value: `order ${n}`,
      })),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cluster?.close();
  }
}
