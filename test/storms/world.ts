import type { Producer, Consumer } from 'seekafka';
import { inTime } from '../helpers/wait.js';
import type { History } from './history.js';
import { Random } from './random.js';

export const PASSWORD = 'right';
export const PLAIN_PARTITIONS = 4;
export const TX_PARTITIONS = 2;
export const OUT_PARTITIONS = 2;

export type Protocol = 'eager' | 'cooperative' | 'consumer';
export const PROTOCOLS: readonly Protocol[] = ['eager', 'cooperative', 'consumer'];

export interface Topics {
  /** Written by idempotent producers. */
  readonly plain: string;
  /** Written by a transactional one, which often gives up. */
  readonly tx: string;
  /** What a pipeline makes of `plain`. */
  readonly out: string;
}

/** What all actors of a storm share. */
export class World {
  /** Writers and guests go on while it is true. */
  busy = true;
  /** Readers go on while it is true. */
  reading = true;
  /** Clients that log in: their passwords are wrong for a while. */
  readonly logins = new Set<Consumer | Producer>();

  constructor(
    readonly history: History,
    readonly seed: number,
    readonly topics: Topics,
    /** `bootstrap.servers` by listener, through the proxies. */
    readonly brokers: { readonly CLIENT: string; readonly LOGIN: string },
  ) {}

  /** When the storm is over, everything has so much time to come to its end. (As a process that lives through it counts.) */
  patienceMs = 120_000;

  /** Waits, and goes on all the same when that is over: what has not ended has no end in the history, and the checker tells. */
  async patiently(promise: Promise<unknown>): Promise<void> {
    await inTime(promise, 'an actor', this.patienceMs).catch(() => undefined);
  }

  random(name: string): Random {
    return new Random(this.seed, name);
  }

  /** What every client is told. */
  connection(login: boolean): { 'bootstrap.servers': string; [key: string]: string | number } {
    const common = { 'socket.timeout.ms': 10_000, 'reconnect.backoff.max.ms': 1000 };
    return login
      ? {
          ...common,
          'bootstrap.servers': this.brokers.LOGIN,
          'security.protocol': 'sasl_plaintext',
          'sasl.mechanisms': 'PLAIN',
          'sasl.username': 'storm',
          'sasl.password': PASSWORD,
        }
      : { ...common, 'bootstrap.servers': this.brokers.CLIENT };
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const protocolConfig = (protocol: Protocol) =>
  protocol === 'consumer'
    ? ({ 'group.protocol': 'consumer' } as const)
    : ({
        'session.timeout.ms': 8000,
        'heartbeat.interval.ms': 500,
        'partition.assignment.strategy': protocol === 'eager' ? 'range' : 'cooperative-sticky',
      } as const);
