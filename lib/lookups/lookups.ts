// Where a log starts and ends, where a time stands in it, what a group has committed: asked on another handle than the
// consumer's, where no Fetch long poll is ahead of the question on the connection.

import {
  type ClientRecord,
  LIST_EARLIEST,
  LIST_LATEST,
  type NativeClient,
  type NativeRow,
  OFFSET_INVALID,
} from '../../binding/native.js';
import type { Logger } from '../arguments/logger.js';
import type {
  OauthBearerTokenCallback,
  TopicPartition,
  TopicPartitionOffset,
  WaitOptions,
} from '../arguments/options.js';
import { flat, keyOf } from '../arguments/partitions.js';
import type { LogLine } from '../client/client.js';
import { askToConnect } from '../client/connecting.js';
import { alarm, delay, now } from '../client/timers.js';
import type { BrokersUp, Over } from '../client/waits.js';
import { KafkaError, errno, isDestroyed, localError, namingGroup, partitionsError } from '../errors.js';
import { ATTEMPT_MS, LookupHandle, type LookupUser } from './lookup-handle.js';

const RETRY_MS = 100;
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

/** Where in a log: at its start, at its end, or at the first message at or after a time. */
export type LogPlace = TopicPartition & { readonly spec: 'earliest' | 'latest' | number };

export interface LookupLimits extends WaitOptions {
  timeoutMs: number;
}

/** What the look-ups need of their client. */
interface LookupClient {
  readonly over: Over;
  /** Takes what ends the use of the handle where nobody closes the client. */
  readonly letGo: Set<() => void>;
  report(error: KafkaError): void;
  tellLine(line: LogLine, others: Set<Logger>): void;
  tellStatistics(event: 'lookupStatistics', json: string): void;
}

type Ask = (
  handle: NativeClient,
  id: number,
  timeoutMs: number,
  rows: TopicPartitionOffset[],
) => ReturnType<NativeClient['listOffsets']>;

export class Lookups implements LookupUser {
  #config: readonly [string, string][];
  readonly #oauthBearerToken: OauthBearerTokenCallback | undefined;
  readonly #readCommitted: boolean;
  readonly #client: LookupClient;
  readonly #over: Over;
  /** The handle that new questions are asked on, and how its use ends. */
  #handle: LookupHandle | null = null;
  #leave: ((timeoutMs?: number) => Promise<void>) | null = null;
  readonly #asked = new Set<Promise<unknown>>();

  /**
   * @param client who asks: its end ends every question
   */
  constructor(
    consumerConfig: readonly [string, string][],
    oauthBearerToken: OauthBearerTokenCallback | undefined,
    readCommitted: boolean,
    client: LookupClient,
  ) {
    this.#config = consumerConfig;
    this.#oauthBearerToken = oauthBearerToken;
    this.#readCommitted = readCommitted;
    this.#client = client;
    this.#over = client.over;
  }

  onRecord(record: ClientRecord, loggers: Set<Logger>, brokersUp: () => BrokersUp): void {
    if (record.type === 'error') this.onTrouble(new KafkaError('client', record.error), brokersUp);
    if (record.type === 'stats') this.#client.tellStatistics('lookupStatistics', record.json);
    if (record.type !== 'log') return;
    const { level, facility, message } = record;
    this.#client.tellLine({ level, facility, message, handle: 'lookups' }, loggers);
  }

  onTrouble(error: KafkaError, brokersUp: () => BrokersUp): void {
    this.#over.noteTrouble(error, brokersUp);
    this.#client.report(error);
  }

  /** Offsets at a place (a time: -1 where there is no message at or after it). */
  listOffsets(
    operation: string,
    places: readonly LogPlace[],
    limits: LookupLimits,
    readCommitted = this.#readCommitted,
  ): Promise<Looked[]> {
    const rows = places.map(({ topic, partition, spec }) => ({
      topic,
      partition,
      offset: spec === 'earliest' ? LIST_EARLIEST : spec === 'latest' ? LIST_LATEST : spec,
    }));
    return this.#ask(operation, rows, limits, (handle, id, timeoutMs, open) =>
      handle.listOffsets(id, timeoutMs, flat(open), readCommitted),
    );
  }

  /** The ends of the logs, undefined where that cannot be found out in time. */
  async ends(
    operation: string,
    partitions: readonly TopicPartition[],
    limits: LookupLimits,
  ): Promise<(number | undefined)[]> {
    const places = partitions.map(({ topic, partition }) => ({ topic, partition, spec: 'latest' as const }));
    const looked = await this.listOffsets(operation, places, limits);
    return looked.map((answer) => ('offset' in answer ? answer.offset : undefined));
  }

  /** The partitions of a topic, in their order. A topic that has just been created is waited for. */
  async partitionsOf(operation: string, topic: string, { timeoutMs, signal }: LookupLimits): Promise<number[]> {
    const begun = now();
    for (;;) {
      this.#over.check(operation);
      const { connected, link } = this.#connect();
      const left = Math.max(1, Math.ceil(begun + timeoutMs - now()));
      const asked = async () => {
        await connected;
        return await link.request(operation, (id) => link.handle.partitionsOf(id, left, topic));
      };
      const rows = await this.#over.race(operation, asked(), { timeoutMs: left, signal });
      if (rows.length) return rows.map(({ partition }) => partition).sort((a, b) => a - b);
      if (now() - begun >= Math.min(MISSING_MS, timeoutMs)) {
        throw localError(operation, errno.unknownTopicOrPart, `${operation}: there is no topic ${topic}`);
      }
      await this.#over.race(operation, delay(RETRY_MS), { signal });
    }
  }

  /** What a group has committed: -1 where nothing is. */
  async committed(
    operation: string,
    group: string,
    partitions: readonly TopicPartition[],
    limits: LookupLimits,
  ): Promise<Looked[]> {
    const rows = partitions.map(({ topic, partition }) => ({ topic, partition, offset: 0 }));
    const ask: Ask = (handle, id, timeoutMs, open) =>
      handle.listConsumerGroupOffsets(id, timeoutMs, flat(open), group, this.#readCommitted);
    const looked = await this.#ask(operation, rows, limits, ask, true);
    return looked.map((row) => {
      if ('offset' in row) return row.offset < 0 ? { offset: -1 } : row;
      const named = namingGroup(row.error, group);
      return named === row.error ? row : { error: new KafkaError(operation, named) };
    });
  }

  /** After the end of all questions. */
  async close(timeoutMs: number): Promise<void> {
    await this.#leave?.(timeoutMs);
  }

  /** Connects, so that the first question need not wait for that. */
  warmUp(): void {
    if (!this.#over.ended) this.#connect();
  }

  /** Resolves when a broker answers. */
  ready(timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    return askToConnect(this.#connect().link, timeoutMs, signal);
  }

  /** Questions that come from now on are asked by this name and password. Those that are open go on as they were asked. */
  setSaslCredentials(username: string, password: string): void {
    const rest = this.#config.filter(([key]) => key !== 'sasl.username' && key !== 'sasl.password');
    this.#config = [...rest, ['sasl.username', username], ['sasl.password', password]];
    const [handle, leave] = [this.#handle, this.#leave];
    if (!handle || !leave || handle.setSaslCredentials(this.#config, username, password)) return;
    this.#handle = this.#leave = null;
    void Promise.allSettled(this.#asked).then(() => leave());
  }

  #connect(): LookupHandle {
    if (this.#handle) return this.#handle;
    const reference = new WeakRef<LookupUser>(this);
    const handle = (this.#handle = LookupHandle.use(this.#config, this.#oauthBearerToken, reference));
    const letGo = this.#client.letGo;
    const dropped = () => void leave();
    const leave = async (timeoutMs?: number) => {
      letGo.delete(dropped);
      await handle.leave(reference, timeoutMs);
    };
    letGo.add(dropped);
    this.#leave = leave;
    return handle;
  }

  /**
   * Asks until each partition has an answer, an error that does not pass, or no time. What ListOffsets gives for the
   * partitions of a leader that did not answer is no error but RD_KAFKA_OFFSET_INVALID; of a group that is an answer.
   */
  async #ask(
    operation: string,
    rows: TopicPartitionOffset[],
    limits: LookupLimits,
    ask: Ask,
    invalidIsNone = false,
  ): Promise<Looked[]> {
    const begun = now();
    const until = begun + limits.timeoutMs;
    const answers = new Map<string, Looked>();
    const described = new Set<string>();
    let open = rows;
    while (open.length) {
      this.#over.check(operation);
      limits.signal?.throwIfAborted();
      const left = Math.max(1, Math.ceil(until - now()));
      const looked = invalidIsNone
        ? await this.#once(operation, open, left, limits.signal, ask, true) // of one broker
        : await this.#ofLeaders(operation, open, left, limits.signal, ask);
      for (const row of open) answers.set(keyOf(row.topic, row.partition), looked(row));
      if (!invalidIsNone) await this.#nameMissingRights(operation, open, answers, described, until, limits.signal);
      open = open.filter((row) => {
        const answer = answers.get(keyOf(row.topic, row.partition))!;
        if ('offset' in answer) return false;
        if (missing.includes(answer.error.errno)) return now() < begun + MISSING_MS;
        return answer.error.retriable;
      });
      if (open.length === 0 || now() + RETRY_MS >= until) break;
      await this.#over.race(operation, delay(RETRY_MS), { signal: limits.signal });
    }
    return rows.map((row) => {
      const answer = answers.get(keyOf(row.topic, row.partition))!;
      if ('error' in answer && answer.error.errno === errno.timedOut) this.#over.withCause(answer.error, begun);
      return answer;
    });
  }

  /** librdkafka says of a topic that the client may not read that it has no leaders. Once a topic it is asked whether that is why. */
  async #nameMissingRights(
    operation: string,
    rows: readonly TopicPartition[],
    answers: Map<string, Looked>,
    described: Set<string>,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const leaderless = rows.filter(({ topic, partition }) => {
      const answer = answers.get(keyOf(topic, partition))!;
      return 'error' in answer && answer.error.errno === errno.noEntity && !described.has(topic);
    });
    const topics = [...new Set(leaderless.map(({ topic }) => topic))];
    if (topics.length === 0) return;
    for (const topic of topics) described.add(topic);
    const { link } = this.#connect();
    const timeoutMs = Math.min(ATTEMPT_MS, Math.max(1, Math.ceil(until - now())));
    const asked = link.ask(operation, (id) => link.handle.describeTopics(id, timeoutMs, topics, false));
    const reply = await this.#over.race(operation, asked, { timeoutMs, signal }).catch((error: unknown) => {
      if (!(error instanceof KafkaError) || isDestroyed(error) || signal?.aborted) throw error;
    });
    for (const { topic, error } of reply?.topics ?? []) {
      if (error?.errno !== errno.topicAuthorization) continue;
      for (const row of leaderless) {
        if (row.topic === topic) answers.set(keyOf(topic, row.partition), { error: new KafkaError(operation, error) });
      }
    }
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
    const late = alarm(TOGETHER_MS);
    const looked = await Promise.race([together, late.rung]).finally(() => late.stop());
    if (looked) return looked;
    const answers = new Map<string, Looked>();
    await Promise.all(
      rows.map(async (row) => {
        const alone = this.#once(operation, [row], timeoutMs, signal, ask, false);
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
    const limit = Math.min(timeoutMs, ATTEMPT_MS);
    const asked = async (): Promise<NativeRow[]> => {
      const { connected, link } = this.#connect();
      // A question for leaders that is asked before there is a connection is not asked again for a second or three.
      await connected;
      return await link.request(operation, (id) => ask(link.handle, id, limit, rows));
    };
    try {
      // librdkafka counts the time too; ours also covers a handle that does not answer at all.
      const question = asked();
      this.#asked.add(question);
      question.catch(() => undefined).finally(() => this.#asked.delete(question));
      const answered = await this.#over.race(operation, question, { timeoutMs: limit, signal });
      const reply = new Map(answered.map((row) => [keyOf(row.topic, row.partition), row]));
      return ({ topic, partition }) => {
        const row = reply.get(keyOf(topic, partition));
        if (!row) return { error: localError(operation, errno.unknownPartition, `${operation}: no answer for it`) };
        if (row.error) return { error: new KafkaError(operation, row.error) };
        if (row.offset !== OFFSET_INVALID || invalidIsNone) return { offset: row.offset };
        return { error: localError(operation, errno.timedOut, `${operation}: no answer from the leader`) };
      };
    } catch (error) {
      const passes = error instanceof KafkaError && !isDestroyed(error) && !signal?.aborted;
      if (!passes) throw error;
      // One attempt is shorter than the caller's limit: the time that its error names would be the wrong one.
      const late = localError(operation, errno.timedOut, `${operation}: no answer within the time limit`);
      return () => ({ error: error.errno === errno.timedOut ? late : error });
    }
  }
}

/** What was looked up, as rows in the order asked for. Partitions fail one by one, and are told together. */
export function offsetsOrThrow(
  operation: string,
  asked: readonly TopicPartition[],
  looked: readonly Looked[],
): TopicPartitionOffset[] {
  const failed = looked.flatMap((answer, i) => {
    const { topic, partition } = asked[i]!;
    return 'error' in answer ? [{ topic, partition, error: answer.error }] : [];
  });
  if (failed.length) throw partitionsError(operation, failed);
  return looked.map((answer, i) => {
    const { topic, partition } = asked[i]!;
    return { topic, partition, offset: (answer as { offset: number }).offset };
  });
}
