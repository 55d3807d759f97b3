// The arguments of process().

import { abortSignal, integer, knownKeys, maxInt32, timeoutMs, typeError, wholeNumber } from '../arguments/values.js';
import type { Message } from './message.js';

/** What a handler is told beside its message. */
export interface ProcessContext {
  /**
   * Aborted where the work at the message does not count any more: its partition was sought, lost, or taken away and
   * `drainTimeoutMs` is over. The message then comes again, to this consumer or to another one, unless it was sought away from.
   */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/** What `onFailure` is told beside the error and the message. */
export interface FailureContext {
  /** As of a handler. */
  readonly signal: AbortSignal;
  /** How many attempts have failed. */
  readonly attempts: number;
}

/** What it returns is awaited. The message is processed when it resolves. */
export type MessageHandler<V = Buffer, K = Buffer> = (message: Message<V, K>, context: ProcessContext) => unknown;

/**
 * What it returns is awaited. The message counts as processed when it resolves. The key and the value of the message are bytes where
 * the error is a DeserializationError.
 */
export type FailureHandler<V = Buffer, K = Buffer> = (
  error: unknown,
  message: Message<V | Buffer, K | Buffer>,
  context: FailureContext,
) => unknown;

/** How often a message is tried, and how long the waits between are. */
export interface RetryOptions {
  /** How often the handler is called for one message at most, the first time included. From 1. */
  attempts: number;
  /**
   * Milliseconds before the next attempt. A function is told how many have failed, and what the last one threw; null: there is no
   * other attempt. Meanwhile the lane takes no slot.
   */
  backoffMs: number | ((attempt: number, error: unknown) => number | null);
}

/** Options of Consumer.process(). */
export interface ProcessOptions<V = Buffer, K = Buffer> {
  /** How many handlers run at once at most: one in each lane. Default 1. */
  concurrency?: number | undefined;
  /**
   * What a lane is, in which messages are handled one after the other in the order of their offsets. `partition`: each
   * partition. `key`: each key of each partition; messages without a key are in no order. Default `partition`.
   */
  orderBy?: 'partition' | 'key' | undefined;
  /** Default: one attempt. */
  retry?: RetryOptions | undefined;
  /**
   * Decides after the last attempt: when it resolves, the message counts as processed (see deadLetters()). Left out, or
   * where it rejects, process() rejects, and the message comes again.
   */
  onFailure?: FailureHandler<V, K> | undefined;
  /**
   * So long messages that are being handled are waited for where their partition goes, and at the end. Then their signals
   * are aborted, and they come again. Default 10,000 milliseconds.
   */
  drainTimeoutMs?: number | undefined;
  /** Ends process() in order: nothing more is taken, what is being handled is finished and committed, and it resolves. */
  signal?: AbortSignal | undefined;
  /**
   * So many messages are taken at most that are not committable yet, shared out evenly among the partitions (each may have
   * one). Default: 1,000, or 16 for each of `concurrency`.
   */
  maxPending?: number | undefined;
  /**
   * The same in bytes of memory. A message keeps the batch alive in which it came from the broker's thread (some 1 MiB at most, or
   * one larger message), with the messages of other partitions in it; so that batch counts, for each of the partitions. Each
   * partition may have one. What deserialisers make of messages is not counted. Default 16,777,216.
   */
  maxPendingBytes?: number | undefined;
}

/** What was given, checked, with the defaults. */
export interface CheckedProcess {
  readonly handler: MessageHandler;
  readonly concurrency: number;
  readonly byKey: boolean;
  readonly attempts: number;
  /** @throws TypeError, RangeError where a function gives neither a duration nor null */
  readonly backoffMs: (attempt: number, error: unknown) => number | null;
  readonly onFailure: FailureHandler | undefined;
  readonly drainTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

const DRAIN_TIMEOUT_MS = 10_000;
const PENDING = 1000;
const PENDING_OF_EACH = 16;
const PENDING_BYTES = 16 * 2 ** 20;

const keys = [
  ...(['concurrency', 'orderBy', 'retry', 'onFailure', 'drainTimeoutMs', 'signal'] as const),
  ...(['maxPending', 'maxPendingBytes'] as const),
];

export function processArguments(handler: unknown, value: unknown): CheckedProcess {
  if (typeof handler !== 'function') throw typeError('handler', 'a function', handler);
  const options = knownKeys(value, 'options', keys);
  const { orderBy = 'partition', onFailure } = options;
  if (orderBy !== 'partition' && orderBy !== 'key') {
    throw typeError('options.orderBy', "'partition' or 'key'", orderBy);
  }
  if (onFailure !== undefined && typeof onFailure !== 'function') {
    throw typeError('options.onFailure', 'a function', onFailure);
  }
  const count = (name: string, byDefault: number) => {
    const given = options[name];
    return given === undefined ? byDefault : wholeNumber(given, `options.${name}`, 1);
  };
  const concurrency = count('concurrency', 1);
  return {
    handler: handler as MessageHandler,
    concurrency,
    byKey: orderBy === 'key',
    ...retryOptions(options.retry),
    onFailure: onFailure as FailureHandler | undefined,
    drainTimeoutMs: timeoutMs(options.drainTimeoutMs, 'options.drainTimeoutMs') ?? DRAIN_TIMEOUT_MS,
    signal: abortSignal(options.signal, 'options.signal'),
    maxPending: count('maxPending', Math.max(PENDING, PENDING_OF_EACH * concurrency)),
    maxPendingBytes: count('maxPendingBytes', PENDING_BYTES),
  };
}

function retryOptions(value: unknown): Pick<CheckedProcess, 'attempts' | 'backoffMs'> {
  if (value === undefined) return { attempts: 1, backoffMs: () => 0 };
  const options = knownKeys(value, 'options.retry', ['attempts', 'backoffMs']);
  const what = 'an integer from 1 to 2147483647';
  const attempts = integer(options.attempts, 'options.retry.attempts', 1, maxInt32, what);
  const { backoffMs } = options;
  if (typeof backoffMs === 'function') {
    const given = backoffMs as (attempt: number, error: unknown) => unknown;
    const checked = (wait: unknown) => (wait === null ? null : duration(wait, 'what options.retry.backoffMs returns'));
    return { attempts, backoffMs: (attempt, error) => checked(given(attempt, error)) };
  }
  const fixed = duration(backoffMs, 'options.retry.backoffMs');
  return { attempts, backoffMs: () => fixed };
}

function duration(value: unknown, argument: string): number {
  const checked = timeoutMs(value, argument);
  if (checked === undefined) throw typeError(argument, 'milliseconds from 0 to 2147483647', value);
  return checked;
}
