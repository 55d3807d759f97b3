// The producer of the application, and its end.

import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Producer } from 'seekafka';

/** `bootstrap.servers`. */
export const SERVERS = Symbol('servers');

@Injectable()
export class Kafka implements OnApplicationShutdown {
  readonly producer: Producer;

  constructor(@Inject(SERVERS) readonly servers: string) {
    this.producer = new Producer({ 'bootstrap.servers': servers });
    this.producer.on('error', ({ message }) => console.warn(message)); // passes by itself
  }

  onApplicationShutdown(): Promise<void> {
    return this.producer.close();
  }
}
