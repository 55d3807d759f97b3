// The shapes that callers hand in: partitions, messages to produce, listeners and the options of single calls.

import type { Logger } from './logger.js';

/** A partition of a topic. */
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

/** How long a call may take. */
export interface TimeoutOptions {
  /** Rejects with `ERR__TIMED_OUT` after so many milliseconds. */
  timeoutMs?: number | undefined;
}

/** Every call that asks a broker takes these two. */
export interface WaitOptions extends TimeoutOptions {
  /** Rejects with the signal's reason as soon as the signal is aborted. */
  signal?: AbortSignal | undefined;
}

export interface EndOptions extends WaitOptions {
  /**
   * `read_committed`: the end is before the first transaction that is not decided. `read_uncommitted`: behind all that is stored.
   * Default: the consumer's `isolation.level`.
   */
  isolationLevel?: 'read_committed' | 'read_uncommitted' | undefined;
}

/** `timeoutMs` and `signal` also withdraw the seek: it does not happen later. */
export type SeekOptions = WaitOptions;

/** Options of messages(), and of batches() too. */
export interface ReadOptions {
  /**
   * Where the read ends, in each partition. `'end'`: at the end that the log has when the read begins, or when the partition
   * comes to it, with `isolation.level` respected. A Date: at the first message at or after that time, at the end where there
   * is none. Offsets: at these; of partitions that have no row nothing is delivered. The message at that offset is not
   * delivered, but the next loop begins with it. Left out: the read has no end.
   */
  until?: 'end' | readonly TopicPartitionOffset[] | Date | undefined;
  /** Ends the read, as a loop ends ordinarily: without an error, and what the loop is done with counts as processed. */
  signal?: AbortSignal | undefined;
}

/** Options of batches(). */
export interface BatchOptions extends ReadOptions {
  /** At most so many messages in one batch. */
  maxMessages?: number | undefined;
  /** A batch is closed at the message that reaches so many bytes, so a single larger message still comes. */
  maxBytes?: number | undefined;
  /**
   * A batch waits until it has so many messages, `maxBytes`, or all that is left of the read. Default 1; with `maxWaitMs`:
   * `maxMessages`, or as many as come.
   */
  minMessages?: number | undefined;
  /**
   * A batch comes so many milliseconds after its first message was there, whatever else it waits for. Default: it waits as
   * long as it takes.
   */
  maxWaitMs?: number | undefined;
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

/**
 * A message to send.
 *
 * @typeParam V what values are, where they are not `null`
 * @typeParam K what keys are, where they are not `null`
 */
export interface ProducerMessage<V = Uint8Array | string, K = Uint8Array | string> {
  topic: string;
  /** Left out: the partitioner chooses (`partitioner`). */
  partition?: number | undefined;
  /** Without a serializer a string is sent as UTF-8; `null` and left out are the same. */
  key?: K | null | undefined;
  /** Without a serializer a string is sent as UTF-8; `null` is a tombstone. */
  value: V | null;
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

/** What a client logs in with by SASL/OAUTHBEARER. (rd_kafka_oauthbearer_set_token) */
export interface OauthBearerToken {
  /** The token itself, as a JWT. Visible ASCII characters. */
  value: string;
  /** When it ends: a Date, or milliseconds since the Unix epoch. */
  expiresAt: Date | number;
  /** Whom it is for. It stands in the client's log; the broker takes the name from the token. */
  principal: string;
  /** SASL extensions (KIP-342), as `logicalCluster` of Confluent Cloud. Names are letters. */
  extensions?: Readonly<Record<string, string>> | undefined;
}

/**
 * Gives a token. It is called as soon as the client is there, again when three quarters of a token's life are over, and after
 * it failed, by an exponential back-off of 100 ms to 10 s. It is not called while a call of it has not settled; one that has not
 * settled within 30 s counts as failed.
 *
 * @param context `signal` is aborted when the token is not waited for any more: the client is closed, or the 30 s are over
 */
export type OauthBearerTokenCallback = (context: { signal: AbortSignal }) => Promise<OauthBearerToken>;

/** Options of every client. */
export interface ClientOptions {
  /**
   * Gives the tokens for `'sasl.mechanism': 'OAUTHBEARER'`, also while nothing is asked of the client. What it rejects with, or
   * resolves with that is no token, is an event `error` (ERR__AUTHENTICATION, with the reason as `cause`), and the `cause` of
   * what times out waiting; after a TokenRefusedError what waits rejects within a second. clientCredentials() makes one for OIDC.
   */
  oauthBearerToken?: OauthBearerTokenCallback | undefined;
  /**
   * Is told librdkafka's log lines, errors, warnings, and of a consumer what becomes of its partitions: pino, winston, console or
   * what has their methods. Errors and warnings that it is told are no process warnings. Left out: nothing is logged. What the
   * logger throws is a process warning, once for each client.
   */
  logger?: Logger | undefined;
}
