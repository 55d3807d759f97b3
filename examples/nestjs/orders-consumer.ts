// The consumer: it begins with the application, and ends before the producer does.

import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Consumer, type ConsumerHealth } from 'seekafka';
import { Kafka } from './kafka.ts';

@Injectable()
export class OrdersConsumer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly pieces = new Map<string, number>();
  readonly #consumer: Consumer;
  readonly #stop = new AbortController();
  #serving = Promise.resolve();

  constructor(@Inject(Kafka) { servers }: Kafka) {
    this.#consumer = new Consumer({
      'bootstrap.servers': servers,
      'group.id': 'orders',
      'auto.offset.reset': 'earliest',
    });
    this.#consumer.on('error', ({ message }) => console.warn(message));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.#consumer.subscribe('orders');
    this.#serving = this.#consumer.process(
      ({ key, value }) => {
        const { pieces } = JSON.parse(String(value)) as { pieces: number };
        this.pieces.set(String(key), (this.pieces.get(String(key)) ?? 0) + pieces);
      },
      { orderBy: 'key', concurrency: 8, signal: this.#stop.signal },
    );
    // Without retry and onFailure a handler that throws ends process(): then the process should end too, and start anew.
    this.#serving.catch((error: unknown) => {
      console.error(error);
      process.exitCode = 1;
      process.kill(process.pid, 'SIGTERM');
    });
  }

  health(): ConsumerHealth {
    return this.#consumer.health();
  }

  /** What is in work is finished and committed. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#serving.catch(() => undefined);
    await this.#consumer.close();
  }
}
