// Messages packed for one crossing into native code; the layout is in src-native/produce.h.

/** A message that was checked. Its bytes are not copied yet: that is what the packer does. */
export interface PackableMessage {
  topic: string;
  /** -1: the partitioner chooses. */
  partition: number;
  key: Uint8Array | string | null;
  value: Uint8Array | string | null;
  headers: [name: string, value: Uint8Array | string | null][] | null;
  /** Milliseconds since the Unix epoch, or NO_TIMESTAMP. */
  timestamp: number;
}

const FIELDS = 5;

/** The message gets the time of the call. */
export const NO_TIMESTAMP = -1;

export interface PackedMessages {
  count: number;
  topics: readonly string[];
  fields: Int32Array;
  timestamps: Float64Array;
  payload: Uint8Array;
}

/** -1: the partitioner chooses. */
export const partitionOf = ({ fields }: PackedMessages, index: number): number => fields[index * FIELDS + 1]!;

/** How many bytes the value of a message has. */
export const valueLengthOf = ({ fields }: PackedMessages, index: number): number =>
  Math.max(0, fields[index * FIELDS + 4]!);

/** Which of `topics` each message has. */
export const topicIndexes = ({ count, fields }: PackedMessages): Uint32Array =>
  Uint32Array.from({ length: count }, (_, i) => fields[i * FIELDS]!);

const bytesPrototype = Object.getPrototypeOf(Uint8Array.prototype) as object;
const { get: lengthOf } = Object.getOwnPropertyDescriptor(bytesPrototype, 'length') as { get: () => number };

/** What the length of bytes really is: an instance may have a property `length` of its own. */
export const byteLengthOf = (bytes: Uint8Array): number => Reflect.apply(lengthOf, bytes, []);

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

  /** Packs the message whole, or not at all: what throws (memory that cannot be had) leaves the packer as it was. */
  add(message: PackableMessage): void {
    const start = this.#at;
    try {
      this.#pack(message);
    } catch (error) {
      this.#at = start;
      throw error;
    }
    this.#count++;
  }

  #pack({ topic, partition, key, value, headers, timestamp }: PackableMessage): void {
    if (this.#count === this.#timestamps.length) this.#growTables();
    this.#timestamps[this.#count] = timestamp;
    const field = this.#count * FIELDS;
    const start = this.#at;
    if (headers) {
      for (let i = 0; i < headers.length; i++) {
        this.#putSized(headers[i]![0]);
        this.#putSized(headers[i]![1]);
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
    const length = byteLengthOf(bytes);
    this.#reserve(length);
    this.#payload.set(bytes, this.#at);
    this.#at += length;
    return length;
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
