// The shapes that callers hand in: partitions, messages to produce, listeners and the options of single calls.

export interface TopicPartition {
  topic: string;
  partition: number;
}

/** `offset` is absolute: 0 is the first offset that a partition ever had, not the first that it still holds. */
export interface TopicPartitionOffset extends TopicPartition {
  offset: number;
}

/** `timestamp` in milliseconds since the Unix epoch. */
export interface TopicPartitionTimestamp extends TopicPartition {
  timestamp: number;
}

export interface TimeoutOptions {
  /** Rejects with `ERR__TIMED_OUT` after so many milliseconds. */
  timeoutMs?: number | undefined;
}

/** Every call that asks a broker takes these two. */
export interface WaitOptions extends TimeoutOptions {
  /** Rejects with the signal's reason as soon as the signal is aborted. */
  signal?: AbortSignal | undefined;
}

/** `timeoutMs` and `signal` also withdraw the seek: it does not happen later. */
export type SeekOptions = WaitOptions;

export interface BatchOptions {
  /** At most so many messages in one batch. */
  maxMessages?: number | undefined;
  /** A batch is closed at the message that reaches so many bytes, so a single larger message still comes. */
  maxBytes?: number | undefined;
  /** Ends the iterator by rejecting with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Each may be async and is awaited; a throw ends the iterator with that error. */
export interface RebalanceListener {
  /** These partitions were added. A seek from here becomes their start offset. */
  onAssigned?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These partitions are about to go. Commit still works here. */
  onRevoked?(partitions: readonly TopicPartition[]): void | Promise<void>;
  /** These partitions are gone and may be another member's already. Commit does not work here. */
  onLost?(partitions: readonly TopicPartition[]): void | Promise<void>;
}

/** A header of a message. Order and duplicates are kept. */
export type Header = readonly [name: string, value: Buffer | null];

export interface ProducerMessage {
  topic: string;
  /** Left out: the partitioner chooses (`partitioner`). */
  partition?: number | undefined;
  /** A string is sent as UTF-8; `null` and left out are the same. */
  key?: Uint8Array | string | null | undefined;
  /** A string is sent as UTF-8; `null` is a tombstone. */
  value: Uint8Array | string | null;
  headers?:
    | Iterable<readonly [name: string, value: Uint8Array | string | null]>
    | Readonly<Record<string, Uint8Array | string | null>>
    | undefined;
  /** Milliseconds since the Unix epoch. Left out: the time of the call. */
  timestamp?: number | Date | undefined;
}

/** Where a message was stored; with `acks` 0 nobody knows, and the offset is -1. */
export interface RecordMetadata extends TopicPartitionOffset {
  /** Milliseconds since the Unix epoch; the broker's own where the topic has `message.timestamp.type=LogAppendTime`. */
  timestamp: number;
}
