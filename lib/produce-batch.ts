// Messages packed for one crossing into native code; the layout is in src-native/produce.h.

import { type CheckedMessage, producerMessage } from './validate.js';

const FIELDS = 5;

export interface PackedMessages {
  count: number;
  topics: readonly string[];
  fields: Int32Array;
  timestamps: Float64Array;
  payload: Uint8Array;
}

/** Which of `topics` each message has. */
export const topicIndexes = ({ count, fields }: PackedMessages): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => fields[i * FIELDS]!);

/** Copies what it is given, so that the caller may change it at once. */
export class MessagePacker {
  #count = 0;
  #topics: string[] = [];
  readonly #topicIndex = new Map<string, number>();
  #lastTopic = '';
  #lastIndex = -1;
  #fields: Int32Array;
  #timestamps: Float64Array;
  #payload: Buffer;
  #at = 0;

  /** Room for so many messages; it grows. */
  constructor(messages = 16) {
    this.#fields = new Int32Array(messages * FIELDS);
    this.#timestamps = new Float64Array(messages);
    this.#payload = Buffer.allocUnsafe(messages * 128);
  }

  get count(): number {
    return this.#count;
  }

  /** How much memory it has. */
  get capacity(): number {
    return this.#payload.length + this.#fields.byteLength + this.#timestamps.byteLength;
  }

  /** Begins anew in the same memory, which nobody may use any more. */
  clear(): void {
    this.#count = 0;
    this.#at = 0;
    this.#topics = []; // those of before are asked for until their messages are delivered
    this.#topicIndex.clear();
    this.#lastTopic = '';
  }

  add({ topic, partition, key, value, headers, timestamp }: CheckedMessage): void {
    if (this.#count === this.#timestamps.length) this.#growTables();
    this.#timestamps[this.#count] = timestamp;
    const field = this.#count++ * FIELDS;
    const start = this.#at;
    if (headers) {
      for (const [name, content] of headers) {
        this.#putSized(name);
        this.#putSized(content);
      }
    }
    const fields = this.#fields;
    fields[field] = topic === this.#lastTopic ? this.#lastIndex : this.#indexOf(topic);
    fields[field + 1] = partition;
    fields[field + 2] = this.#at - start;
    fields[field + 3] = this.#put(key);
    fields[field + 4] = this.#put(value);
  }

  /** What was added, in the packer's own memory: good until clear(). */
  take(): PackedMessages {
    return {
      count: this.#count,
      topics: this.#topics,
      fields: this.#fields.subarray(0, this.#count * FIELDS),
      timestamps: this.#timestamps.subarray(0, this.#count),
      payload: this.#payload,
    };
  }

  #indexOf(topic: string): number {
    let index = this.#topicIndex.get(topic);
    if (index === undefined) this.#topicIndex.set(topic, (index = this.#topics.push(topic) - 1));
    this.#lastTopic = topic;
    return (this.#lastIndex = index);
  }

  /** How many bytes were put, or -1 for null. */
  #put(bytes: Uint8Array | string | null): number {
    if (bytes === null) return -1;
    if (typeof bytes === 'string') {
      this.#reserve(bytes.length * 3); // what UTF-8 may need
      const written = this.#payload.write(bytes, this.#at);
      this.#at += written;
      return written;
    }
    this.#reserve(bytes.length);
    this.#payload.set(bytes, this.#at);
    this.#at += bytes.length;
    return bytes.length;
  }

  #putSized(bytes: Uint8Array | string | null): void {
    this.#reserve(4);
    const lengthAt = this.#at;
    this.#at += 4;
    const length = this.#put(bytes);
    this.#payload.writeInt32LE(length, lengthAt);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#payload.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#payload.length * 2, this.#at + bytes));
    larger.set(this.#payload.subarray(0, this.#at));
    this.#payload = larger;
  }

  #growTables(): void {
    const fields = new Int32Array(this.#fields.length * 2);
    fields.set(this.#fields);
    this.#fields = fields;
    const timestamps = new Float64Array(this.#timestamps.length * 2);
    timestamps.set(this.#timestamps);
    this.#timestamps = timestamps;
  }
}

/** Checks and packs what send() was given. Throws for the first that is wrong. */
export function packMessages(packer: MessagePacker, messages: readonly unknown[]): void {
  for (let i = 0; i < messages.length; i++) packer.add(producerMessage(messages[i], i));
}
