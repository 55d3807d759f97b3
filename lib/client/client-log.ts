// What a client tells to the `logger` that it was given: librdkafka's lines, errors, warnings, and what happens to a consumer.

import type { LogFields, Logger } from '../arguments/logger.js';
import { KafkaError } from '../errors.js';
import type { LogLine } from './client.js';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** Who logs. */
interface Source {
  readonly client: string;
  readonly clientId: string;
  readonly groupId?: string;
}

/** The levels of syslog, which librdkafka has. */
const ofSyslog = (level: number): Level =>
  level <= 2 ? 'fatal' : level === 3 ? 'error' : level === 4 ? 'warn' : level <= 6 ? 'info' : 'debug';

/** One for each client that has a logger. A logger is a user's code: whatever it throws ends nothing of what is being done. */
export class ClientLog {
  readonly logger: Logger;
  readonly #source: Source;
  readonly #fieldsFirst: boolean;
  readonly #onFailure: (error: unknown) => void;

  /** @param onFailure the logger has thrown */
  constructor(logger: Logger, source: Source, onFailure: (error: unknown) => void) {
    this.logger = logger;
    this.#source = source;
    this.#onFailure = onFailure;
    const { bindings, addSerializers } = logger as { bindings?: unknown; addSerializers?: unknown };
    this.#fieldsFirst = typeof bindings === 'function' || typeof addSerializers === 'function';
  }

  /** What passes is a warning: librdkafka goes on trying. */
  error(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.write(error instanceof KafkaError && error.fatal ? 'fatal' : 'warn', text, { err: error });
  }

  /** A line of librdkafka's, unless it is told as an error besides: of a failed connection each is. (rd_kafka_broker_set_error) */
  line({ level, facility, message, handle }: LogLine): void {
    if (facility === 'FAIL' && level <= 3) return;
    this.write(ofSyslog(level), message, handle ? { facility, handle } : { facility });
  }

  write(level: Level, text: string, fields: Omit<LogFields, keyof Source> = {}): void {
    const { logger } = this;
    try {
      const all: LogFields = { ...this.#source, ...fields };
      const method = level === 'fatal' && typeof logger.fatal !== 'function' ? 'error' : level;
      const line = (this.#fieldsFirst ? [all, text] : [text, all]) as never[];
      const written = logger[method]!(...line);
      if (written instanceof Promise) written.catch(this.#onFailure);
    } catch (error) {
      this.#onFailure(error);
    }
  }
}
