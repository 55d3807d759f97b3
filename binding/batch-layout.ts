// The other half of src-native/batch.h: how a batch of messages lies in its ArrayBuffer.

import type { BatchRecord } from './native.js';

export const NUMBERS_PER_MESSAGE = 2;
export const FIELDS_PER_MESSAGE = 6;
export const INTS_PER_RUN = 3;

export const enum Field {
  partitionId = 0,
  start = 1,
  headersLengthAndTimestampType = 2,
  keyLength = 3,
  valueLength = 4,
  leaderEpoch = 5,
}

export const enum RunField {
  partitionId = 0,
  /** The index of its first message in the batch. */
  first = 1,
  /** The index behind its last one. */
  end = 2,
}

/** Views over one batch. Everything sliced from it keeps the whole batch in memory. */
export interface BatchViews {
  count: number;
  byteLength: number;
  /** offset, timestamp */
  numbers: Float64Array;
  /** Those of the messages, and behind them, from `runsStart` on, those of the runs. */
  fields: Int32Array;
  runsStart: number;
  /** How many there are: stretches of messages of one partition. */
  runs: number;
  /** The whole memory; `payloadStart` is where messages begin. */
  buffer: ArrayBuffer;
  payloadStart: number;
}

export function viewBatch({ buffer, count, runs }: BatchRecord): BatchViews {
  const numbersBytes = count * NUMBERS_PER_MESSAGE * 8;
  const runsStart = count * FIELDS_PER_MESSAGE;
  const integers = runsStart + runs * INTS_PER_RUN;
  const payloadStart = numbersBytes + integers * 4;
  return {
    count,
    byteLength: buffer.byteLength - payloadStart,
    numbers: new Float64Array(buffer, 0, count * NUMBERS_PER_MESSAGE),
    fields: new Int32Array(buffer, numbersBytes, integers),
    runsStart,
    runs,
    buffer,
    payloadStart,
  };
}

/**
 * The class that Node.js makes Buffers with. Called directly it takes half the time of buffer.subarray() and Buffer.from(),
 * and a slice for each message is most of what a message costs.
 */
const FastBuffer = (Buffer as unknown as { [Symbol.species]: SliceClass })[Symbol.species];
type SliceClass = new (buffer: ArrayBuffer, byteOffset: number, length: number) => Buffer;

/** Bytes of a batch, which share its memory. */
export const slice: (buffer: ArrayBuffer, start: number, length: number) => Buffer = isSliceClass(FastBuffer)
  ? (buffer, start, length) => new FastBuffer(buffer, start, length)
  : (buffer, start, length) => Buffer.from(buffer, start, length);

function isSliceClass(candidate: SliceClass | undefined): boolean {
  return typeof candidate === 'function' && Buffer.isBuffer(new candidate(new ArrayBuffer(0), 0, 0));
}

/** The headers that lie at [start, start + length) of a batch. */
export function readHeaders(
  buffer: ArrayBuffer,
  start: number,
  length: number,
): [name: string, value: Buffer | null][] {
  const bytes = slice(buffer, start, length);
  const headers: [string, Buffer | null][] = [];
  for (let at = 0; at < length;) {
    const nameLength = bytes.readInt32LE(at);
    const name = bytes.toString('utf8', at + 4, at + 4 + nameLength);
    at += 4 + nameLength;
    const valueLength = bytes.readInt32LE(at);
    at += 4;
    headers.push([name, valueLength < 0 ? null : bytes.subarray(at, at + valueLength)]);
    if (valueLength > 0) at += valueLength;
  }
  return headers;
}
