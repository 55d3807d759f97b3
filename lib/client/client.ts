// What all clients are to their users: events, and a way to end.

import type { KafkaError } from '../errors.js';
import type { Statistics } from './statistics.js';
import { type EmitterEvents, TypedEmitter } from './typed-emitter.js';

/** A line of librdkafka's log. */
export interface LogLine {
  /** As of syslog: 3 error, 4 warning, 6 information, 7 debug. */
  level: number;
  /** librdkafka's own name of what the line is about, as `FAIL`; `DROPPED`: how many lines there was no room for. */
  facility: string;
  message: string;
  /** Of a consumer: the line is of the handle on which it asks its questions. Left out: of its own. */
  handle?: 'lookups';
}

/** The events of every client, with what their listeners are called with. */
export interface ClientEvents {
  /**
   * An error that passes by itself, as a broker that is away; a fatal one too. Without a listener the first of each kind is a
   * process warning (`process.emitWarning`, code `SEEKAFKA_` and the error's), unless there is a `logger`, which is told each.
   */
  error: [error: KafkaError];
  /** A line of librdkafka's log. At most 10,000 lines wait for an event loop that is busy. */
  log: [line: LogLine];
  /**
   * librdkafka's statistics, every `statistics.interval.ms` (default 0: none). They are parsed only where somebody listens.
   * `json` is librdkafka's own text; `String(statistics)` is the same.
   */
  statistics: [statistics: Statistics, json: string];
}

/** Its methods are public. What its classes have in common inside is ClientCore. */
export abstract class Client<Events extends ClientEvents>
  extends TypedEmitter<Events & EmitterEvents<KafkaError>>
  implements AsyncDisposable
{
  abstract close(options?: { timeoutMs?: number | undefined }): Promise<void>;

  /** As close(), for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
