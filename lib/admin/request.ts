// One call of the admin client, and how the things that it was about went one by one.

import type { NativeClient, NativeError, ReplyRecord } from '../../binding/native.js';
import type { WaitOptions } from '../arguments/options.js';
import {
  KafkaError,
  type KafkaErrorItem,
  causedBy,
  errno,
  isDestroyed,
  itemsError,
  localError,
  withoutName,
} from '../errors.js';

/** Asks the native handle. */
export type Send = (handle: NativeClient, id: number, timeoutMs: number) => NativeError | undefined;

/** What a public method asks with. */
export interface Request {
  /** The name of the method. */
  readonly operation: string;
  /** The time limit where the caller gives none. */
  readonly timeoutMs: number;
  /** Sends a request of librdkafka's, whose answer, time limit or signal ends the wait. */
  ask(wait: WaitOptions, send: Send): Promise<ReplyRecord>;
  /** Waits. It rejects by the signal, and when the client ends. */
  pause(milliseconds: number, signal: AbortSignal): Promise<void>;
}

/** What became of one of the things that a request was about. */
export interface Outcome<T> {
  /** As messages name it. */
  readonly name: string;
  /** What tells it from others in `error.partitions` or `error.groups`. */
  readonly which?: { topic: string; partition: number } | { group: string } | undefined;
  readonly error?: NativeError | KafkaError | undefined;
  readonly result?: T;
}

/** The results, in the order of the outcomes; throws one error that names all that failed, and tells how the others went. */
export function resultsOf<T>(operation: string, outcomes: readonly Outcome<T>[]): T[] {
  if (outcomes.some(({ error }) => error)) throw failureOf(operation, outcomes);
  return outcomes.map(({ result }) => result as T);
}

function failureOf(operation: string, outcomes: readonly Outcome<unknown>[]): KafkaError {
  const items = outcomes.map(({ name, which, error, result }): KafkaErrorItem & { which: typeof which } => ({
    name,
    ...(error ? { error: named(operation, name, error) } : { result }),
    which,
  }));
  const first = outcomes.find(({ error }) => error)!.error!;
  return itemsError(operation, first, items);
}

function named(operation: string, name: string, error: NativeError | KafkaError): KafkaError {
  const text = withoutName(operation, error.message);
  const message = text.startsWith(`${name}: `) ? text : `${name}: ${text}`;
  const cause = error instanceof KafkaError ? (error.cause ?? null) : null;
  return causedBy(new KafkaError(operation, { ...plain(error), message }), cause);
}

const plain = ({ errno, code, message, fatal, retriable, txnRequiresAbort }: NativeError): NativeError => ({
  errno,
  code,
  message,
  fatal,
  retriable,
  txnRequiresAbort,
});

/**
 * What was asked for, or the error of a request that failed as a whole, which is that of each thing it was about. What
 * ends the wait of the caller (the end of the client, a signal) is thrown.
 */
export async function orError<T>(answer: Promise<T>): Promise<T | KafkaError> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof KafkaError) || error.fatal || isDestroyed(error)) throw error;
    return error;
  }
}

/** What one thing is, in a request and in the answer to it. */
export interface Kind<Asked, Answer> {
  askedKey(asked: Asked): string;
  answerKey(answer: Answer): string;
  name(asked: Asked): string;
  which?(asked: Asked): Outcome<unknown>['which'];
}

/** The outcome of each of `asked`, whose answers come in any order. */
export function inOrder<Asked, Answer extends { error?: NativeError | undefined }, T>(
  operation: string,
  kind: Kind<Asked, Answer>,
  asked: readonly Asked[],
  answers: readonly Answer[] | KafkaError,
  result: (answer: Answer, asked: Asked) => T,
): Outcome<T>[] {
  const failed = answers instanceof KafkaError ? answers : undefined;
  const byKey = new Map(
    (failed ? [] : (answers as readonly Answer[])).map((answer) => [kind.answerKey(answer), answer]),
  );
  return asked.map((one): Outcome<T> => {
    const at = { name: kind.name(one), which: kind.which?.(one) };
    const answer = byKey.get(kind.askedKey(one));
    const error = failed ?? (answer ? answer.error : noAnswer(operation));
    return error ? { ...at, error } : { ...at, result: result(answer!, one) };
  });
}

const noAnswer = (operation: string) =>
  localError(operation, errno.badMessage, 'the answer of the broker tells nothing of it');
