// The one place where what librdkafka says becomes a KafkaError.

import { type NativeError, native } from '../binding/native.js';
import type { RecordMetadata, TopicPartition } from './arguments/options.js';
import { isArgumentError } from './arguments/values.js';
import { type KafkaErrorCode, kafkaErrorCodes } from './error-codes.js';

const known: ReadonlySet<string> = new Set(kafkaErrorCodes);

/**
 * What went wrong in Kafka or in librdkafka. Wrong arguments are `TypeError` and `RangeError` instead.
 */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  /**
   * `ERR_` and librdkafka's own name of the error (rd_kafka_err2name): `ERR__STATE`, `ERR__TIMED_OUT`,
   * `ERR_UNKNOWN_TOPIC_OR_PART`. Two underscores: raised by librdkafka itself, one: by the broker. `ERR_UNKNOWN`: of a broker
   * that is newer than this package; `errno` is the number that it gave. docs/errors.md says what to do about each.
   */
  readonly code: KafkaErrorCode;
  /** The number of the code (rd_kafka_resp_err_t): negative for librdkafka's own. */
  readonly errno: number;
  /** The client can do nothing any more: close it. */
  readonly fatal: boolean;
  /** The same call may succeed later. */
  readonly retriable: boolean;
  /** The transaction must be aborted. */
  readonly txnRequiresAbort: boolean;
  /** The call that failed: `seek`, `commit`, `send`, ... or `client` for what happened by itself. */
  readonly operation: string;
  /** Where partitions failed one by one: those that did, each with its error. */
  readonly partitions?: readonly (TopicPartition & { error: KafkaError })[];
  /** Of what timed out or gave up: the last thing that went wrong underneath, as a refused login or connection. */
  declare readonly cause?: unknown;
  /**
   * Of `send([...])`, where some messages may have been stored: the outcome of each, in their order. Not enumerable, as
   * `cause`: printing an error must not print a thousand messages.
   */
  declare readonly results?: readonly (RecordMetadata | KafkaError)[];
  /** Of an admin request: the groups that failed, each with its error. */
  declare readonly groups?: readonly { group: string; error: KafkaError }[];
  /**
   * Of an admin request about several things, some of which failed: what became of each, in the order asked. Not
   * enumerable, as `results`.
   */
  declare readonly items?: readonly KafkaErrorItem[];

  constructor(
    operation: string,
    error: NativeError,
    partitions?: readonly (TopicPartition & { error: KafkaError })[],
    results?: readonly (RecordMetadata | KafkaError)[],
  ) {
    super(error.message);
    this.code = known.has(error.code) ? (error.code as KafkaErrorCode) : 'ERR_UNKNOWN';
    this.errno = error.errno;
    this.fatal = error.fatal;
    this.retriable = error.retriable;
    this.txnRequiresAbort = error.txnRequiresAbort;
    this.operation = operation;
    if (partitions) this.partitions = partitions;
    if (results) Object.defineProperty(this, 'results', { value: results, enumerable: false });
  }
}

/** What became of one of the things that an admin request was about. */
export interface KafkaErrorItem {
  /** What it is, in words: `orders`, `orders[3]`, `group readers`, `user alice`, `broker 1`. */
  name: string;
  /** Why it failed, where it did. */
  error?: KafkaError;
  /** What the request gives for it alone, where it did not fail. */
  result?: unknown;
}

/** The codes of librdkafka that this package raises itself (rd_kafka_resp_err_t). */
export const errno = {
  badMessage: -199,
  destroy: -197,
  transport: -195,
  destroyBroker: -137,
  authentication: -169,
  ssl: -181,
  topicAuthorization: 29,
  unstableOffsetCommit: 88,
  groupAuthorization: 30,
  invalidProducerEpoch: 47,
  purgeInflight: -151,
  unknownGroup: -179,
  state: -172,
  timedOut: -185,
  unsupportedSaslMechanism: 33,
  illegalSaslState: 34,
  autoOffsetReset: -140,
  msgTimedOut: -192,
  unknownPartition: -190,
  queueFull: -184,
  allBrokersDown: -187,
  noOffset: -168,
  noEntity: -156,
  notConfigured: -145,
  msgSizeTooLarge: 10,
  purgeQueue: -152,
  unknownTopic: -188,
  unknownTopicOrPart: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  groupIdNotFound: 69,
  electionNotNeeded: 84,
} as const;

/** An error of librdkafka's with a text of ours. */
export function localError(operation: string, code: number, message: string): KafkaError {
  const known = native.errorCode(code)!;
  return new KafkaError(operation, { ...known, message });
}

/** What an error says. Anything can be thrown, also what throws when it is looked at. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'an error that throws when it is looked at';
  }
}

/** The same error, with its cause. */
export function causedBy(error: KafkaError, cause: unknown): KafkaError {
  if (cause === null || error.cause !== undefined) return error;
  Object.defineProperty(error, 'cause', { value: cause, enumerable: false, configurable: true, writable: true });
  return error;
}

/** Why a call was refused, or ended by the end of its client: the code and the words of that, which is its cause. */
export function refusedBy(operation: string, refusal: KafkaError): KafkaError {
  const { code, errno: number, fatal, retriable, txnRequiresAbort, message, partitions } = refusal;
  const data = { code, errno: number, fatal, retriable, txnRequiresAbort, message: `${operation}: ${message}` };
  return causedBy(new KafkaError(operation, data, partitions), refusal);
}

export const destroyed = (operation: string): KafkaError =>
  localError(operation, errno.destroy, `${operation}: the client is closed`);

/** Whether it says that a message was given up, on its way or before. */
export const isPurged = ({ errno: code }: { readonly errno: number }): boolean =>
  code === errno.purgeQueue || code === errno.purgeInflight;

/** Whether it says that the client is closed. */
export const isDestroyed = (error: unknown): boolean => error instanceof KafkaError && error.errno === errno.destroy;

export const noGroup = (operation: string): KafkaError =>
  localError(operation, errno.unknownGroup, `${operation}: this consumer has no group: set 'group.id'`);

export const noOffset = (operation: string): KafkaError =>
  localError(operation, errno.noOffset, `${operation}: nothing is committed, and 'auto.offset.reset' is 'error'`);

/** @param partition negative: the topic as a whole, or none was chosen */
export const partitionName = (topic: string, partition: number): string =>
  partition < 0 ? topic : `${topic}[${partition}]`;

/** Of one partition: librdkafka's text, which mostly does not name it, with its name. */
export function namingPartition(error: NativeError, { topic, partition }: TopicPartition): NativeError {
  const names = [`${topic}[${partition}]`, `${topic} [${partition}]`];
  if (names.some((name) => error.message.includes(name))) return error;
  return { ...error, message: `${partitionName(topic, partition)}: ${error.message}` };
}

/** Of a missing right to a group, which librdkafka does not name: the text with its name. Every other error: as it is. */
export function namingGroup(error: NativeError, group: string | undefined): NativeError {
  if (error.errno !== errno.groupAuthorization || group === undefined) return error;
  if (error.message.includes(`group ${group}: `)) return error;
  return { ...error, message: `group ${group}: ${error.message}` };
}

/** What is asked about a group: that the right to the group is missing names the group. */
export async function ofGroup<T>(operation: string, group: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    const named = namingGroup(error, group);
    throw named === error ? error : causedBy(new KafkaError(operation, named), error.cause ?? null);
  }
}

/** A message without the name of its call, where it begins with that: no error names it twice. */
export const withoutName = (operation: string, message: string): string =>
  message.startsWith(`${operation}: `) ? message.slice(operation.length + 2) : message;

/** One error for several partitions: it has the first one's code, and names them all. */
export function partitionsError(
  operation: string,
  failed: readonly (TopicPartition & { error: KafkaError })[],
): KafkaError {
  const first = failed[0]!.error;
  const shown = namesOf(failed.map(({ topic, partition }) => partitionName(topic, partition)));
  const text = withoutName(operation, first.message);
  const error = new KafkaError(operation, { ...first, message: `${operation}: ${shown}: ${text}` }, failed);
  return causedBy(error, first.cause ?? null);
}

/**
 * One error for several things that a request was about: it has the first one's code, names those that failed, and tells
 * of all of them.
 */
export function itemsError(
  operation: string,
  first: NativeError,
  items: readonly (KafkaErrorItem & { which?: TopicPartition | { group: string } | undefined })[],
): KafkaError {
  const failed = items.filter(({ error }) => error);
  const partitions = failed.flatMap(({ which, error }) =>
    which && 'topic' in which ? [{ ...which, error: error! }] : [],
  );
  const groups = failed.flatMap(({ which, error }) => (which && 'group' in which ? [{ ...which, error: error! }] : []));
  const message = `${operation}: ${namesOf(failed.map(({ name }) => name))}: ${withoutName(operation, first.message)}`;
  const error = new KafkaError(operation, { ...first, message }, partitions.length ? partitions : undefined);
  if (groups.length) Object.defineProperty(error, 'groups', { value: groups, enumerable: true });
  const told = items.map(({ which: _, ...item }) => item);
  Object.defineProperty(error, 'items', { value: told, enumerable: false });
  return causedBy(error, (first as { cause?: unknown }).cause ?? null);
}

const namesOf = (names: readonly string[]): string =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');

/** Throws where a row of an answer, of a partition or of a whole topic, has an error. */
export function throwRowErrors(
  operation: string,
  rows: readonly { topic: string; partition?: number; error?: NativeError | undefined }[],
): void {
  const failed = rows.flatMap(({ topic, partition = -1, error }) =>
    error ? [{ topic, partition, error: new KafkaError(operation, error) }] : [],
  );
  if (failed.length) throw partitionsError(operation, failed);
}

/**
 * Runs a public method: whatever it throws becomes a rejection, and the error's stack is the caller's, not that of the
 * callback in which an answer came.
 */
export async function call<T>(work: () => Promise<T>): Promise<T> {
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, call);
  try {
    return await work();
  } catch (error) {
    if (error instanceof KafkaError || isArgumentError(error)) {
      const frames = site.stack?.slice(site.stack.indexOf('\n') + 1);
      error.stack = `${error.name}: ${error.message}\n${frames ?? ''}`;
    }
    throw error;
  }
}
