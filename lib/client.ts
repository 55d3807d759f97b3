// What producer, admin client and mock cluster have in common: a native client handle, its events, and how it ends.

import { EventEmitter } from 'node:events';
import { type ClientRecord, type DeliveryRecord, type NativeClient, native } from '../binding/native.js';
import { KafkaError, call, destroyed } from './errors.js';
import { Link } from './link.js';
import { type LogLine, parseLog } from './log.js';

export interface ClientEvents {
  /** An error that passes by itself, as a broker that is away. Without a listener it is dropped. */
  error: [error: KafkaError];
  /** A line of librdkafka's log. */
  log: [line: LogLine];
  /** librdkafka's statistics as JSON, every `statistics.interval.ms`. */
  statistics: [json: string];
}

export abstract class Client extends EventEmitter<ClientEvents> implements AsyncDisposable {
  protected readonly link: Link<ClientRecord, NativeClient>;
  protected fatal: KafkaError | null = null;
  #closing: Promise<void> | null = null;

  protected constructor(config: readonly [string, string][]) {
    super();
    this.link = new Link<ClientRecord, NativeClient>(native.Client, config, (record) => {
      switch (record.type) {
        case 'delivery':
          this.onDelivery(record);
          break;
        case 'error':
          this.#onError(new KafkaError('client', record.error));
          break;
        case 'log':
          this.emit('log', parseLog(record.text));
          break;
        case 'stats':
          this.emit('statistics', record.text);
          break;
      }
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutDown();
  }

  protected get closed(): boolean {
    return this.#closing !== null;
  }

  protected onDelivery(_record: DeliveryRecord): void {}
  protected onFatal(_error: KafkaError): void {}

  /** Every public method that needs the client. */
  protected run<T>(operation: string, work: () => Promise<T>): Promise<T> {
    return call(async () => {
      if (this.closed) throw destroyed(operation);
      if (this.fatal) throw this.fatal;
      return await work();
    });
  }

  /** Idempotent: `before` is done once, then the handle is let go of. */
  protected shutDown(before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    this.#closing ??= (async () => {
      this.link.hold();
      await before();
      await this.link.close();
    })();
    return this.#closing;
  }

  #onError(error: KafkaError): void {
    if (error.fatal) {
      this.fatal = error;
      this.onFatal(error);
    }
    this.report(error);
  }

  /** An event, if somebody listens. */
  protected report(error: KafkaError): void {
    if (this.listenerCount('error') > 0) this.emit('error', error);
  }
}
