import { textOf } from '../errors.js';

/** A key or a value that the producer's serializer could not encode. Nothing of the call of send() was sent. */
export class SerializationError extends Error {
  override readonly name = 'SerializationError';
  readonly topic: string;
  /** Which part of the message it is about. */
  readonly part: 'key' | 'value';
  /** Of `send([...])`: which of the messages, from 0. Of a single message 0. */
  readonly index: number;
  /** What the serializer has thrown, or rejected with. */
  declare readonly cause: unknown;

  constructor(topic: string, part: 'key' | 'value', index: number, cause: unknown) {
    super(`send: ${topic}: the ${part} of message ${index} cannot be encoded: ${textOf(cause)}`, { cause });
    this.topic = topic;
    this.part = part;
    this.index = index;
  }
}
