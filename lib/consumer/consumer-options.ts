// What a consumer is given, and what it tells: its options, its events, its health.

import type { ClientOptions, TopicPartition } from '../arguments/options.js';
import type { Deserializer } from '../arguments/serdes.js';
import type { ClientEvents } from '../client/client.js';
import type { Health } from '../client/health.js';
import type { Statistics } from '../client/statistics.js';
import type { LoopState } from './delivery.js';
import type { DeserializationError } from './deserialization-error.js';
import type { OffsetReset } from './offset-resetter.js';
import type { Stall } from './stall-monitor.js';

/**
 * What makes of the bytes of keys and values what messages have. What is left out stays bytes, and `null` stays `null`: it is no
 * bytes, but the lack of a key, or a tombstone.
 */
export interface ConsumerDeserializer<V = Buffer, K = Buffer> {
  key?: Deserializer<K> | undefined;
  value?: Deserializer<V> | undefined;
  /**
   * Is told of a message that cannot be decoded, in its turn, and awaited. When it resolves, the message counts as processed, and
   * the next one comes; where it rejects, the loop rejects with that. Default: the loop rejects with the error. (In process() it
   * is asked where there is no `onFailure`.)
   */
  onError?: ((error: DeserializationError) => unknown) | undefined;
}

export interface ConsumerOptions<V = Buffer, K = Buffer> extends ClientOptions {
  /**
   * Decodes keys and values, and types the messages by that. Promises are awaited, of several messages at once; messages come in
   * order. Default: keys and values are bytes.
   */
  deserializer?: ConsumerDeserializer<V, K> | undefined;
  /**
   * A consumer is stalled when messages are there, its loop asks for them, nothing is paused, and none has come for so many
   * milliseconds: then comes the event `stalled`, and health() says so. Default 30,000.
   */
  stalledAfterMs?: number | undefined;
}

/** How a consumer is. */
export interface ConsumerHealth extends Health {
  /** Whether the group has given this consumer an assignment, be it an empty one, that is in force. False with assign(). */
  joined: boolean;
  /** The partitions that this consumer holds now. */
  assignment: readonly TopicPartition[];
  /** When messages last arrived from a broker; null: none has. */
  lastMessageAt: Date | null;
  /**
   * What the application does: a loop that has been `working` for long hangs, or is slow; one that is `waiting` while the
   * state is `stalled` or `connecting` waits for a broker.
   */
  loop: LoopState;
}

/** The events of a consumer, with what their listeners are called with. */
export interface ConsumerEvents extends ClientEvents {
  /** Partitions came, and deliver from now on. */
  assigned: [partitions: readonly TopicPartition[]];
  /** Partitions went, what was processed of them is committed. */
  revoked: [partitions: readonly TopicPartition[]];
  /** Partitions went without notice. */
  lost: [partitions: readonly TopicPartition[]];
  /** Messages are there, the loop asks, and none comes: once, until one comes. See `stalledAfterMs`. */
  stalled: [stall: Stall];
  /**
   * librdkafka's statistics of the handle on which this consumer asks its questions, which consumers of the same connections
   * share. As `statistics`.
   */
  lookupStatistics: [statistics: Statistics, json: string];
  /** An offset was outside the log; delivery goes on where `auto.offset.reset` says. */
  offsetReset: [reset: OffsetReset];
}
