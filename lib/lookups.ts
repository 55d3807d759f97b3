// Where a log starts and ends, where a time stands in it, what a group has committed: asked on another handle than the
// consumer's, where no Fetch long poll is ahead of the question on the connection.

import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ClientRecord,
  LIST_EARLIEST,
  LIST_LATEST,
  type NativeClient,
  type NativeRow,
  OFFSET_INVALID,
} from '../binding/native.js';
import { KafkaError, destroyed, errno, localError } from './errors.js';
import { LookupClient } from './lookup-client.js';
import type { TopicPartition, TopicPartitionOffset } from './options.js';
import { flat, keyOf } from './partition.js';

const RETRY_MS = 100;
/** The longest time limit that librdkafka takes for a question. */
const LONGEST_MS = 3_600_000;

/** When the answer for all partitions takes longer than this, each is asked for alone too. */
const TOGETHER_MS = 1_000;

/** A topic that has just been created is known to every broker well within this; one that does not exist fails then. */
const MISSING_MS = 5_000;
const missing: readonly number[] = [
  errno.noEntity,
  errno.unknownPartition,
  errno.unknownTopic,
  errno.unknownTopicOrPart,
];

/** An answer for one partition: the offset, or why there is none. */
export type Looked = { offset: number } | { error: KafkaError };

export interface LookupOptions {
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

type Ask = (
  handle: NativeClient,
  id: number,
  timeoutMs: number,
  rows: TopicPartitionOffset[],
) => ReturnType<NativeClient['listOffsets']>;

export class Lookups {
  readonly #config: readonly [string, string][];
  readonly #readCommitted: boolean;
  readonly #onRecord: (record: ClientRecord) => void;
  readonly #end = new AbortController();
  #client: LookupClient | null = null;

  constructor(
    consumerConfig: readonly [string, string][],
    readCommitted: boolean,
    onRecord: (record: ClientRecord) => void,
  ) {
    this.#config = consumerConfig;
    this.#readCommitted = readCommitted;
    this.#onRecord = onRecord;
    setMaxListeners(0, this.#end.signal); // one for each question under way, and no sign of a leak
  }

  /** Offsets at a place (earliest, latest, or the first at or after a timestamp; -1 where there is none). */
  listOffsets(
    operation: string,
    queries: readonly (TopicPartition & { spec: 'earliest' | 'latest' | number })[],
    options: LookupOptions,
  ): Promise<Looked[]> {
    const rows = queries.map(({ topic, partition, spec }) => ({
      topic,
      partition,
      offset: spec === 'earliest' ? LIST_EARLIEST : spec === 'latest' ? LIST_LATEST : spec,
    }));
    return this.#ask(operation, rows, options, (handle, id, timeoutMs, open) =>
      handle.listOffsets(id, timeoutMs, flat(open), this.#readCommitted),
    );
  }

  /** What a group has committed: -1 where nothing is. */
  async committed(
    operation: string,
    group: string,
    partitions: readonly TopicPartition[],
    options: LookupOptions,
  ): Promise<Looked[]> {
    const rows = partitions.map(({ topic, partition }) => ({ topic, partition, offset: 0 }));
    const ask: Ask = (handle, id, timeoutMs, open) =>
      handle.listConsumerGroupOffsets(id, timeoutMs, flat(open), group, this.#readCommitted);
    const looked = await this.#ask(operation, rows, options, ask, true);
    return looked.map((row) => ('offset' in row && row.offset < 0 ? { offset: -1 } : row));
  }

  /** Every question ends with ERR__DESTROY. */
  end(): void {
    this.#end.abort();
  }

  async close(): Promise<void> {
    this.end();
    await this.#client?.leave(this.#onRecord);
  }

  /** Connects, so that the first question need not wait for that. */
  warmUp(): void {
    if (!this.#end.signal.aborted) this.#connect();
  }

  #connect(): LookupClient {
    return (this.#client ??= LookupClient.use(this.#config, this.#onRecord));
  }

  /**
   * Asks until each partition has an answer, an error that does not pass, or no time. What ListOffsets gives for the
   * partitions of a leader that did not answer is no error but RD_KAFKA_OFFSET_INVALID; of a group that is an answer.
   */
  async #ask(
    operation: string,
    rows: TopicPartitionOffset[],
    options: LookupOptions,
    ask: Ask,
    invalidIsNone = false,
  ): Promise<Looked[]> {
    const begun = performance.now();
    const until = begun + options.timeoutMs;
    const answers = new Map<string, Looked>();
    let open = rows;
    while (open.length) {
      if (this.#end.signal.aborted) throw destroyed(operation);
      options.signal?.throwIfAborted();
      const left = Math.max(1, Math.ceil(until - performance.now()));
      const looked = invalidIsNone
        ? await this.#once(operation, open, left, options.signal, ask, true) // of one broker
        : await this.#ofLeaders(operation, open, left, options.signal, ask);
      for (const row of open) {
        const found = looked(row);
        answers.set(keyOf(row.topic, row.partition), found);
      }
      open = open.filter((row) => {
        const answer = answers.get(keyOf(row.topic, row.partition))!;
        if ('offset' in answer) return false;
        if (missing.includes(answer.error.errno)) return performance.now() < begun + MISSING_MS;
        return answer.error.retriable;
      });
      if (open.length === 0 || performance.now() + RETRY_MS >= until) break;
      await delay(RETRY_MS, undefined, { signal: this.#end.signal, ref: true }).catch(() => undefined);
    }
    return rows.map((row) => answers.get(keyOf(row.topic, row.partition))!);
  }

  /**
   * librdkafka asks each leader, and answers when the last of them has. So that one that is away takes no answer from the
   * partitions of the others, they are asked for one by one when it takes long.
   */
  async #ofLeaders(
    operation: string,
    rows: TopicPartitionOffset[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
    ask: Ask,
  ): Promise<(row: TopicPartition) => Looked> {
    const together = this.#once(operation, rows, timeoutMs, signal, ask, false);
    if (rows.length === 1 || timeoutMs <= TOGETHER_MS) return await together;
    const end = new AbortController();
    const late = delay(TOGETHER_MS, undefined, { signal: end.signal, ref: false }).catch(() => undefined);
    const looked = await Promise.race([together, late]).finally(() => end.abort());
    if (looked) return looked;
    const answers = new Map<string, Looked>();
    await Promise.all(
      rows.map(async (row) => {
        const alone = this.#once(operation, [row], timeoutMs - TOGETHER_MS, signal, ask, false);
        const first = (await Promise.race([together, alone]))(row);
        answers.set(keyOf(row.topic, row.partition), 'offset' in first ? first : (await alone)(row));
      }),
    );
    return ({ topic, partition }) => answers.get(keyOf(topic, partition))!;
  }

  async #once(
    operation: string,
    rows: TopicPartitionOffset[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
    ask: Ask,
    invalidIsNone: boolean,
  ): Promise<(row: TopicPartition) => Looked> {
    // A timer and two listeners, all taken away at the end: signals made of other signals stay with those for long.
    let stop: () => void = () => undefined;
    const ended = new Promise<never>((_, reject) => {
      const onEnd = () => reject(destroyed(operation));
      const onAbort = () => reject(signal!.reason as Error);
      const timer = setTimeout(
        () => reject(localError(operation, errno.timedOut, `${operation}: no answer within the time limit`)),
        Math.min(timeoutMs, LONGEST_MS),
      ).unref();
      this.#end.signal.addEventListener('abort', onEnd);
      signal?.addEventListener('abort', onAbort);
      stop = () => {
        clearTimeout(timer);
        this.#end.signal.removeEventListener('abort', onEnd);
        signal?.removeEventListener('abort', onAbort);
      };
    });
    try {
      // librdkafka counts the time too; ours also covers a handle that does not answer at all.
      const client = this.#connect();
      // A question for leaders that is asked before there is a connection is not asked again for a second or three.
      await Promise.race([client.connected, ended]);
      const request = client.request(operation, (handle, id) => ask(handle, id, Math.min(timeoutMs, LONGEST_MS), rows));
      const reply = new Map<string, NativeRow>();
      for (const row of await Promise.race([request, ended])) reply.set(keyOf(row.topic, row.partition), row);
      return ({ topic, partition }) => {
        const row = reply.get(keyOf(topic, partition));
        if (!row) return { error: localError(operation, errno.unknownPartition, `${operation}: no answer for it`) };
        if (row.error) return { error: new KafkaError(operation, row.error) };
        if (row.offset !== OFFSET_INVALID || invalidIsNone) return { offset: row.offset };
        return { error: localError(operation, errno.timedOut, `${operation}: no answer from the leader`) };
      };
    } catch (error) {
      if (!(error instanceof KafkaError) || error.errno === errno.destroy) throw error;
      return () => ({ error });
    } finally {
      stop();
    }
  }
}
