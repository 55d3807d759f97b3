// Admin requests that the leaders of partitions answer.

import {
  type NativeClient,
  type NativeError,
  type NativeRow,
  type NativeTopicDescription,
  OFFSET_INVALID,
} from '../../binding/native.js';
import type { TopicPartition, WaitOptions } from '../arguments/options.js';
import { keyOf } from '../arguments/partitions.js';
import { now } from '../client/timers.js';
import { KafkaError, errno, localError, partitionName } from '../errors.js';
import { type Kind, type Request, type Send, attemptsOf, orError } from './request.js';

export const partitionKind: Kind<TopicPartition, NativeRow> = {
  askedKey: ({ topic, partition }) => keyOf(topic, partition),
  answerKey: ({ topic, partition }) => keyOf(topic, partition),
  name: ({ topic, partition }) => partitionName(topic, partition),
  which: ({ topic, partition }) => ({ topic, partition }),
};

/** So long at most it is asked who leads now. */
const LOOK_MS = 4_000;

/**
 * A row for each of the partitions. Where a leader does not answer, it is asked who leads now: librdkafka itself asks the leader
 * that it knows, also where that one is gone and another was elected long ago.
 *
 * @param send asks about the partitions that are `open` still
 */
export async function rowsOfLeaders<T extends TopicPartition>(
  request: Request,
  wait: WaitOptions,
  asked: readonly T[],
  send: (handle: NativeClient, id: number, timeoutMs: number, open: readonly T[]) => NativeError | undefined,
): Promise<NativeRow[]> {
  const answered: NativeRow[] = [];
  let open = asked;
  for (const { limits, nativeMs, leftMs, last } of attemptsOf(request, wait)) {
    const attempt = await orError(
      rowsOf(request, limits, open, (handle, id, timeoutMs) => send(handle, id, nativeMs(timeoutMs), open)),
    );
    if (attempt instanceof KafkaError) {
      const nothing = last && answered.length === 0;
      if (nothing || attempt.errno !== errno.timedOut) throw attempt;
    }
    const heard = attempt instanceof KafkaError ? [] : attempt.filter((row) => !isSilent(row));
    answered.push(...heard);
    const keys = new Set(heard.map(({ topic, partition }) => keyOf(topic, partition)));
    open = open.filter(({ topic, partition }) => !keys.has(keyOf(topic, partition)));
    if (last || open.length === 0) break;
    await orError(
      request.ask({ ...wait, timeoutMs: Math.min(leftMs(), LOOK_MS) }, (handle, id, timeoutMs) =>
        handle.listTopics(id, timeoutMs),
      ),
    );
  }
  const error = localError(request.operation, errno.timedOut, 'its leader did not answer');
  return [...answered, ...open.map(({ topic, partition }) => ({ topic, partition, offset: OFFSET_INVALID, error }))];
}

/** What librdkafka leaves where the leader of a partition did not answer. */
const isSilent = ({ offset, error }: NativeRow) => (error ? error.errno === errno.timedOut : offset === OFFSET_INVALID);

/** So long at most it is asked why there is no leader. */
const WHY_MS = 3_000;

/**
 * The rows of an answer about partitions. Where librdkafka finds no leader of any of them, it says that of the whole, and not
 * why: then the topics are described.
 */
async function rowsOf(
  request: Request,
  wait: WaitOptions,
  asked: readonly TopicPartition[],
  send: Send,
): Promise<NativeRow[]> {
  const began = now();
  const reply = await orError(request.ask(wait, send));
  if (!(reply instanceof KafkaError)) return reply.rows;
  if (reply.errno !== errno.noEntity) throw reply;
  const left = Math.ceil((wait.timeoutMs ?? request.timeoutMs) - (now() - began));
  const names = [...new Set(asked.map(({ topic }) => topic))];
  const why = await orError(
    request.ask({ ...wait, timeoutMs: Math.max(0, Math.min(left, WHY_MS)) }, (handle, id, timeoutMs) =>
      handle.describeTopics(id, timeoutMs, names, false),
    ),
  );
  const topics = why instanceof KafkaError ? [] : why.topics!;
  const described = new Map(topics.map((topic) => [topic.topic, topic]));
  return asked.map((place) => ({
    ...place,
    offset: -1,
    error: whyLeaderless(request, place, described.get(place.topic)),
  }));
}

function whyLeaderless(
  { operation }: Request,
  { partition }: TopicPartition,
  topic: NativeTopicDescription | undefined,
): NativeError {
  if (topic?.error) return topic.error;
  const there = topic?.partitions.some((one) => one.partition === partition);
  if (!there) return localError(operation, errno.unknownTopicOrPart, 'there is no such topic or partition');
  return localError(operation, errno.leaderNotAvailable, 'no broker leads it at the moment');
}
