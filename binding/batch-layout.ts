// The other half of src-native/batch.h: how a batch of messages lies in its ArrayBuffer.

import type { BatchRecord } from './native.js';

export const NUMBERS_PER_MESSAGE = 2;
export const FIELDS_PER_MESSAGE = 6;
const INTS_PER_RUN = 3;

export const enum Field {
  partitionId = 0,
  start = 1,
  headersLengthAndTimestampType = 2,
  keyLength = 3,
  valueLength = 4,
  leaderEpoch = 5,
}

/** Views over one batch. Everything sliced from `payload` keeps the whole batch in memory. */
export interface BatchViews {
  count: number;
  byteLength: number;
  /** offset, timestamp */
  numbers: Float64Array;
  fields: Int32Array;
  /** [partition id, first message, end] for each run of messages of one partition */
  runs: Int32Array;
  /** The whole memory; `payloadStart` is where messages begin. */
  bytes: Buffer;
  payloadStart: number;
}

export function viewBatch({ buffer, count, runs }: BatchRecord): BatchViews {
  const numbersBytes = count * NUMBERS_PER_MESSAGE * 8;
  const fieldsBytes = count * FIELDS_PER_MESSAGE * 4;
  const runsStart = numbersBytes + fieldsBytes;
  const payloadStart = runsStart + runs * INTS_PER_RUN * 4;
  return {
    count,
    byteLength: buffer.byteLength - payloadStart,
    numbers: new Float64Array(buffer, 0, count * NUMBERS_PER_MESSAGE),
    fields: new Int32Array(buffer, numbersBytes, count * FIELDS_PER_MESSAGE),
    runs: new Int32Array(buffer, runsStart, runs * INTS_PER_RUN),
    bytes: Buffer.from(buffer),
    payloadStart,
  };
}

/** The headers that lie in bytes[start, start + length). */
export function readHeaders(bytes: Buffer, start: number, length: number): [name: string, value: Buffer | null][] {
  const headers: [string, Buffer | null][] = [];
  const end = start + length;
  for (let at = start; at < end;) {
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
