// A ready `onFailure` of process(): what could not be handled is put aside in another topic.

import { topicString } from '../arguments/partitions.js';
import { isObject, knownKeys, typeError } from '../arguments/values.js';
import { asArrived, sentAsBytes } from '../client/raw-bytes.js';
import type { Message } from '../consumer/message.js';
import type { FailureHandler } from '../consumer/process-options.js';
import type { Producer } from './producer.js';

/** Options of deadLetters(). */
export interface DeadLetterOptions {
  /** What the names of the added headers begin with. Default `dead-letter.`. */
  headerPrefix?: string | undefined;
}

/**
 * An `onFailure` for consumer.process(): sends the message to `topic` with the same key, value and headers, and resolves when
 * it is acknowledged. Its key and its value are sent as the bytes that they were, whatever the consumer's deserializer has made of
 * them, and pass a serializer of the producer. It then counts as processed. Where it cannot be sent, process() rejects, and the message comes again.
 *
 * Headers are added that say where it comes from: `dead-letter.topic`, `.partition`, `.offset`, `.timestamp` (milliseconds since
 * the Unix epoch), `.error` (name and message of what the handler threw) and `.attempts`.
 *
 * @throws TypeError for what is no producer or topic
 */
export function deadLetters(
  producer: Pick<Producer<never, never>, 'send'>,
  topic: string,
  options: DeadLetterOptions = {},
): FailureHandler<unknown, unknown> {
  if (!isObject(producer) || typeof producer.send !== 'function') throw typeError('producer', 'a Producer', producer);
  const to = topicString(topic, 'topic');
  const { headerPrefix = 'dead-letter.' } = knownKeys(options, 'options', ['headerPrefix']);
  if (typeof headerPrefix !== 'string') throw typeError('options.headerPrefix', 'a string', headerPrefix);
  return async (error, message, { attempts }) => {
    const { key, value, headers } = bytesOf(message);
    const added = whereFrom(error, message, attempts).map(([name, text]) => [`${headerPrefix}${name}`, text] as const);
    const letter = { topic: to, key, value, headers: [...headers, ...added] };
    Object.defineProperty(letter, sentAsBytes, { value: true });
    await (producer as Pick<Producer, 'send'>).send(letter);
  };
}

/** The message as it arrived, whatever it was decoded to. */
function bytesOf(message: Message<unknown, unknown>): Message {
  const arrived = (message as { [asArrived]?: () => Message })[asArrived];
  return arrived ? arrived.call(message) : (message as Message);
}

function whereFrom(
  error: unknown,
  message: Message<unknown, unknown>,
  attempts: number,
): [name: string, text: string][] {
  const { topic, partition, offset, timestamp } = message;
  return [
    ['topic', topic],
    ['partition', String(partition)],
    ['offset', String(offset)],
    ['timestamp', String(timestamp)],
    ['error', errorText(error)],
    ['attempts', String(attempts)],
  ];
}

/** Anything can be thrown, also what throws when it is looked at. */
function errorText(error: unknown): string {
  try {
    return String(error);
  } catch {
    return 'an error that throws when it is looked at';
  }
}
