// Admin requests that the leaders of partitions answer.

import { type NativeError, type NativeRow, type NativeTopicDescription, OFFSET_INVALID } from '../../binding/native.js';
import type { TopicPartition, WaitOptions } from '../arguments/options.js';
import { keyOf } from '../arguments/partitions.js';
import { now } from '../client/timers.js';
import { KafkaError, errno, localError, partitionName } from '../errors.js';
import { firstAnswer, passes } from './attempts.js';
import { type Kind, type Request, type Send, orError } from './request.js';

export const partitionKind: Kind<TopicPartition, NativeRow> = {
  askedKey: ({ topic, partition }) => keyOf(topic, partition),
  answerKey: ({ topic, partition }) => keyOf(topic, partition),
  name: ({ topic, partition }) => partitionName(topic, partition),
  which: ({ topic, partition }) => ({ topic, partition }),
};

/** So long after the question a partition without a leader may get one. */
const ELECTION_MS = 15_000;

/**
 * A row for each of the partitions. Where a leader does not answer, or there is none for the moment, it is asked anew who leads.
 *
 * @param send asks all of them
 */
export async function rowsOfLeaders(
  request: Request,
  wait: WaitOptions,
  places: readonly TopicPartition[],
  send: Send,
): Promise<NativeRow[]> {
  const rows = await firstAnswer(request, wait, {
    ask: (limits) => rowsOf(request, limits, places, send),
    isFinal: (answer, ageMs) => !answer.some((row) => isSilent(row) || (isLeaderless(row) && ageMs < ELECTION_MS)),
    look: (limits) => request.ask(limits, (handle, id, timeoutMs) => handle.listTopics(id, timeoutMs)),
  });
  const error = localError(request.operation, errno.timedOut, 'its leader did not answer');
  return rows.map((row) => (isSilent(row) ? { ...row, error: row.error ?? error } : row));
}

/** What librdkafka leaves where the leader of a partition did not answer. */
const isSilent = ({ offset, error }: NativeRow) => (error ? passes(error) : offset === OFFSET_INVALID);

const isLeaderless = ({ error }: NativeRow) => error?.errno === errno.leaderNotAvailable;

/** So long at most it is asked why there is no leader. */
const WHY_MS = 3_000;

/**
 * The rows of an answer about partitions. Where librdkafka finds no leader of any of them, it says that of the whole, and not
 * why: then the topics are described.
 */
async function rowsOf(
  request: Request,
  wait: WaitOptions,
  places: readonly TopicPartition[],
  send: Send,
): Promise<NativeRow[]> {
  const began = now();
  const reply = await orError(request.ask(wait, send));
  if (!(reply instanceof KafkaError)) return reply.rows;
  if (reply.errno !== errno.noEntity) throw reply;
  const left = Math.ceil((wait.timeoutMs ?? request.timeoutMs) - (now() - began));
  const names = [...new Set(places.map(({ topic }) => topic))];
  const limits = { ...wait, timeoutMs: Math.max(0, Math.min(left, WHY_MS)) };
  const [why, all] = await Promise.all([
    orError(request.ask(limits, (handle, id, timeoutMs) => handle.describeTopics(id, timeoutMs, names, false))),
    orError(request.ask(limits, (handle, id, timeoutMs) => handle.listTopics(id, timeoutMs))),
  ]);
  const described = why instanceof KafkaError ? [] : why.topics!;
  const listed = all instanceof KafkaError ? null : all.rows;
  return places.map((place) => {
    const about = described.find(({ topic }) => topic === place.topic);
    return { ...place, offset: -1, error: about?.error ?? whyLeaderless(request, place, about, listed) };
  });
}

/** Of a topic that nobody describes it counts whether it is listed, as far as that is known. */
function whyLeaderless(
  { operation }: Request,
  place: TopicPartition,
  about: NativeTopicDescription | undefined,
  listed: readonly NativeRow[] | null,
): NativeError {
  const isThere = about
    ? about.partitions.some(({ partition }) => partition === place.partition)
    : (listed?.some(({ topic }) => topic === place.topic) ?? true);
  return isThere
    ? localError(operation, errno.leaderNotAvailable, 'no broker leads it at the moment')
    : localError(operation, errno.unknownTopicOrPart, 'there is no such topic or partition');
}
