import { partitionName, textOf } from '../errors.js';
import type { Message } from './message.js';

/**
 * A key or a value that the consumer's deserializer could not decode. The message itself, with the bytes of its key and its value, is
 * `raw`: it can be put aside (`deadLetters`, or any producer), committed (`consumer.commit(error.raw)`), or read again
 * (`consumer.seek(error.raw)`).
 */
export class DeserializationError extends Error {
  override readonly name = 'DeserializationError';
  /** The message as it arrived. Its key and its value are the bytes. Not enumerable: printing an error must not print a message. */
  declare readonly raw: Message;
  /** Which part of the message it is about. */
  readonly part: 'key' | 'value';
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** What the deserializer has thrown, or rejected with. */
  declare readonly cause: unknown;

  constructor(raw: Message, part: 'key' | 'value', cause: unknown) {
    const { topic, partition, offset } = raw;
    super(`${partitionName(topic, partition)}: the ${part} of offset ${offset} cannot be decoded: ${textOf(cause)}`, {
      cause,
    });
    Object.defineProperty(this, 'raw', { value: raw, enumerable: false });
    this.part = part;
    this.topic = topic;
    this.partition = partition;
    this.offset = offset;
  }
}
